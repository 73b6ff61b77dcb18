// A request's head: the request line, the field lines, and what both say together.

package parser

// Head is the parsed head of one request. Its strings are cut from one immutable copy of the bytes received.
type Head struct {
	Method string // as received; methods are case-sensitive (RFC 9110 §9.1)
	Target string // the request-target as received
	Path   string // the target's path, not decoded: "/" where an absolute-form has none, "*" or "" in the other forms
	Query  string // what stands behind the path's question mark, not decoded
	Host   string // the authority, not decoded: the absolute-form's or CONNECT's, else the Host field's (RFC 9112 §3.2)
	Minor  int    // the minor version: 0 for HTTP/1.0, 1 for HTTP/1.1 and any higher 1.x
	Form   Form

	begun                     bool
	method, target, targetEnd int // offsets: Method is text[:method], Target text[target:targetEnd]
	known                     [knownNames]known

	Section // last: behind its text lies what is not looked at for a head that repeats
}

// Reset makes the Head ready for another request's bytes. The strings given out before stay valid.
func (h *Head) Reset() {
	h.Section.Reset()
	*h = Head{Section: h.Section}
}

// Text returns the head as received, from the method to the empty line, or "" while it is not complete.
func (h *Head) Text() string { return h.text }

// Proto returns the HTTP version as received, for example "HTTP/1.1".
func (h *Head) Proto() string {
	at := h.targetEnd + len(" ")
	return h.text[at : at+len("HTTP/1.1")]
}

// Repeats reports whether the window begins with the same bytes as this complete head, which then describes that
// request too.
func (h *Head) Repeats(window []byte) bool {
	n := len(h.text)
	return n > 0 && len(window) >= n && string(window[:n]) == h.text
}

// Parse takes in a request's head from the beginning of the window, and returns how many bytes it had, or 0 while the
// window does not hold its end yet; call it again then with the same window grown, and call Reset before another head.
// It asks for no more than HeadBytes. Errors are *Error; nothing behind an error can be trusted to be a request.
func (h *Head) Parse(window []byte, lim *Limits) (int, error) {
	window = window[:min(len(window), lim.HeadBytes)]
	begin, end, err := h.parseLines(window, lim)
	if err != nil {
		return 0, err
	}
	switch {
	case end > 0:
	case !h.begun && len(window) == lim.HeadBytes:
		return 0, refuse(414, "RFC 9110 §15.5.15", "request line of more than %d bytes", lim.HeadBytes)
	default:
		return 0, checkRoom(window, lim.HeadBytes, "head")
	}
	h.cut(string(window[begin:end]))
	if err := h.resolve(); err != nil {
		return 0, err
	}
	return end, nil
}

// parseLines parses a head's lines and returns where it begins and ends, or 0 for the end while the window does not hold
// it. RFC 9112 §2.2: a server should ignore at least one empty line before the request line; one is what it gets.
func (h *Head) parseLines(window []byte, lim *Limits) (begin, end int, err error) {
	if len(window) > 0 && window[0] == '\r' {
		if len(window) == 1 {
			return 0, 0, nil
		}
		if window[1] != '\n' {
			return 0, 0, badLineEnd('\r', "the request line")
		}
		begin = 2
	}
	b := window[begin:]
	if !h.begun {
		next, err := h.parseRequestLine(b, lim)
		if err != nil || next == 0 {
			return 0, 0, err
		}
		h.begun, h.at = true, next
	}
	n, err := h.parse(b, lim.Fields)
	if err != nil || n == 0 {
		return 0, 0, err
	}
	return begin, begin + n, nil
}

// parseRequestLine parses method SP request-target SP HTTP-version CRLF (RFC 9112 §3) and returns the offset behind it,
// or 0 where the window ends before that: what is there then is checked all the same, so that nonsense is refused early.
func (h *Head) parseRequestLine(b []byte, lim *Limits) (int, error) {
	const mostMethod = 64
	m := tokenEnd(b, 0)
	if m > mostMethod {
		return 0, refuse(501, "RFC 9112 §3", "method %s of more than %d bytes", quote(b[:m]), mostMethod)
	}
	if m == len(b) {
		return 0, nil
	}
	if m == 0 || b[m] != ' ' {
		return 0, badMethod(b, m)
	}
	target := m + 1
	end := targetEnd(b, max(target, h.targetEnd))
	h.targetEnd = end // from where to go on, if the target goes on
	if end-target > lim.TargetBytes {
		return 0, refuse(414, "RFC 9110 §15.5.15", "request-target of more than %d bytes", lim.TargetBytes)
	}
	if end == len(b) {
		return 0, nil
	}
	if end == target {
		return 0, refuse(400, "RFC 9112 §3", "no request-target behind the method %s", quote(b[:m]))
	}
	if b[end] != ' ' {
		if b[end] == '\r' || b[end] == '\n' {
			return 0, refuse(400, "RFC 9112 §3", "no HTTP version behind the request-target")
		}
		return 0, refuse(400, "RFC 9112 §3.2", "control %s in the request-target", quote(b[end:end+1]))
	}
	h.method, h.target = m, target
	n, err := h.parseVersion(b[end+1:])
	if n == 0 {
		return 0, err
	}
	return end + 1 + n, nil
}

func badMethod(b []byte, m int) error {
	if b[m] == '\n' || b[m] == '\r' {
		return badLineEnd(b[m], "the request line")
	}
	return refuse(400, "RFC 9112 §3.1", "%s in or before the method", quote(b[m:m+1]))
}

// parseVersion parses HTTP-version CRLF (RFC 9112 §2.3) and returns its length, or 0 where b ends before that.
func (h *Head) parseVersion(b []byte) (int, error) {
	const form, usual = "HTTP/d.d\r\n", "HTTP/1.1\r\n"
	if len(b) >= len(usual) && string(b[:len(usual)]) == usual {
		h.Minor = 1
		return len(usual), nil
	}
	for i := range min(len(b), len(form)) {
		c := b[i]
		if form[i] == 'd' && '0' <= c && c <= '9' || c == form[i] && c != 'd' {
			continue
		}
		if c == '\n' {
			return 0, badLineEnd(c, "the request line")
		}
		return 0, refuse(400, "RFC 9112 §2.3", "%s is not an HTTP version and CRLF", quote(b[:i+1]))
	}
	if len(b) < len(form) {
		return 0, nil
	}
	if b[5] != '1' {
		return 0, refuse(505, "RFC 9110 §15.6.6", "HTTP major version %c", b[5])
	}
	h.Minor = min(int(b[7]-'0'), 1)
	return len(form), nil
}

// cut makes the strings of a complete head.
func (h *Head) cut(text string) {
	h.end(text)
	h.Method = text[:h.method]
	h.Target = text[h.target:h.targetEnd]
}
