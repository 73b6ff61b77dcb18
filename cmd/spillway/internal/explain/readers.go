// Other readers: each reads as spillway does, but for one thing that some server or proxy takes more lightly.

package explain

import (
	"bytes"
	"strconv"
	"strings"
)

// span is where bytes of another kind begin.
type span struct {
	at      int
	kind    string // head, content, framing, refused
	message int
	request string // a head: its request line, once it is complete
}

// reader is a way to read requests.
type reader struct {
	name string // what it does that spillway does not

	forgets    bool // content that no handler reads is taken for what comes next
	lengthWins bool // where there are a length and chunks
	lastLength bool // of several
	firstOf    bool // several lengths: the first counts
	prefix     bool // the beginning of a length is one
	anyCoding  bool // a coding that has the word chunked in it is chunked
	noCoding   bool // a coding that is not exactly chunked is none
	chunkStart bool // the beginning of a chunk size is one
	bareLF     bool // ends a line
	bareCR     bool // ends a line
	looseColon bool // white space in front of a colon does not count
	folds      bool // a line that begins with white space goes on with the one before
	bodiless   bool // GET, HEAD and DELETE have no content
}

// readers begin with the one that the others are, but for one thing each.
var readers = []reader{
	{name: "does not refuse what spillway refuses here, and goes by the chunks where there are two framings"},
	{name: "forgets the content that its handler leaves", forgets: true, anyCoding: true, firstOf: true},
	{name: "goes by the Content-Length where there are chunks too", lengthWins: true},
	{name: "goes by the first of several lengths", firstOf: true, lengthWins: true},
	{name: "goes by the last of several lengths", lastLength: true, lengthWins: true},
	{name: "takes the beginning of a Content-Length for one", prefix: true, firstOf: true, lengthWins: true},
	{name: "takes every coding with the word chunked in it for chunked", anyCoding: true},
	{name: "ignores codings that it does not know", noCoding: true},
	{name: "takes the beginning of a chunk size for one", chunkStart: true},
	{name: "ends lines at a bare LF", bareLF: true},
	{name: "ends lines at a bare CR", bareCR: true},
	{name: "drops white space in front of a colon", looseColon: true},
	{name: "joins folded lines", folds: true},
	{name: "reads no content behind GET, HEAD and DELETE", bodiless: true},
}

// line returns the next line of b without its end, and where the one behind it begins; ok is false where there is no end.
func (r *reader) line(b []byte) (text string, next int, ok bool) {
	for i, c := range b {
		switch {
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n':
			return string(b[:i]), i + 2, true
		case c == '\n' && r.bareLF, c == '\r' && r.bareCR && i+1 < len(b):
			return string(b[:i]), i + 1, true
		}
	}
	return "", 0, false
}

// read reads all of b.
func (r *reader) read(b []byte) []span {
	p := &reading{reader: r, b: b}
	for p.at < len(b) && !p.over {
		p.message++
		p.request()
	}
	return p.spans
}

// reading is a reader under way.
type reading struct {
	*reader
	b       []byte
	at      int
	message int
	spans   []span
	over    bool
}

func (p *reading) begin(kind string) {
	p.spans = append(p.spans, span{at: p.at, kind: kind, message: p.message})
}

// refuse ends the reading here.
func (p *reading) refuse() {
	p.over = true
	p.begin("refused")
}

// framing is what a head says of its content.
type framing struct {
	lengths, codings []string
}

// request reads a request.
func (p *reading) request() {
	p.begin("head")
	head := len(p.spans) - 1
	first := ""
	for first == "" {
		text, next, ok := p.line(p.b[p.at:])
		if !ok {
			p.over = true
			return
		}
		first = text
		p.at += next
	}
	method, rest, _ := strings.Cut(first, " ")
	if _, version, _ := strings.Cut(rest, " "); !strings.HasPrefix(version, "HTTP/1.") || strings.ContainsAny(method, "\r\n") {
		p.refuse()
		return
	}
	f, ok := p.fields()
	if !ok {
		return
	}
	p.spans[head].request = first
	p.content(method, f)
}

// fields reads field lines, and reports false if they do not end.
func (p *reading) fields() (f framing, ok bool) {
	for last := (*string)(nil); ; {
		text, next, ended := p.line(p.b[p.at:])
		if !ended {
			p.over = true
			return f, false
		}
		p.at += next
		if text == "" {
			return f, true
		}
		if text[0] == ' ' || text[0] == '\t' {
			if last != nil && p.folds {
				*last += text
			}
			continue
		}
		name, value, _ := strings.Cut(text, ":")
		if p.looseColon {
			name = strings.TrimRight(name, " \t")
		}
		last = nil
		value = strings.Trim(value, " \t")
		switch {
		case strings.EqualFold(name, "Content-Length"):
			f.lengths = append(f.lengths, value)
			last = &f.lengths[len(f.lengths)-1]
		case strings.EqualFold(name, "Transfer-Encoding"):
			f.codings = append(f.codings, value)
			last = &f.codings[len(f.codings)-1]
		}
	}
}

// content reads what the head says, as this reader understands it.
func (p *reading) content(method string, f framing) {
	coding := strings.ToLower(strings.Trim(strings.Join(f.codings, ","), " \t"))
	chunked := coding == "chunked"
	switch {
	case p.bodiless && (method == "GET" || method == "HEAD" || method == "DELETE"), p.forgets:
		return
	case coding == "" || chunked || p.noCoding:
	case strings.Contains(coding, "chunked") && p.anyCoding:
		chunked = true
	default:
		p.refuse()
		return
	}
	if chunked && !(p.lengthWins && len(f.lengths) > 0) {
		p.chunks()
		return
	}
	n, ok := p.length(f.lengths)
	if !ok {
		p.refuse()
		return
	}
	p.skip("content", n)
}

// length returns the content's length.
func (p *reading) length(lengths []string) (int, bool) {
	if len(lengths) == 0 {
		return 0, true
	}
	text := lengths[0]
	switch {
	case p.lastLength:
		text = lengths[len(lengths)-1]
	case len(lengths) > 1 && !p.firstOf:
		return 0, false
	}
	if p.prefix {
		text = strings.TrimLeft(text, "+")
		text = text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	}
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}

// skip takes n bytes, or as many as there are.
func (p *reading) skip(kind string, n int) bool {
	if n == 0 {
		return true
	}
	p.begin(kind)
	if p.at+n > len(p.b) {
		p.at, p.over = len(p.b), true
		return false
	}
	p.at += n
	return true
}

// chunks reads content in chunks, and the trailer section.
func (p *reading) chunks() {
	for {
		p.begin("framing")
		text, next, ok := p.line(p.b[p.at:])
		if !ok {
			p.over = true
			return
		}
		size, _, _ := strings.Cut(text, ";")
		size = strings.TrimRight(size, " \t")
		if p.chunkStart {
			size = strings.TrimPrefix(strings.TrimLeft(size, " +"), "0x")
			size = size[:len(size)-len(strings.TrimLeft(size, "0123456789abcdefABCDEF"))]
		}
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil {
			p.refuse()
			return
		}
		p.at += next
		if n == 0 {
			break
		}
		if !p.skip("content", int(n)) {
			return
		}
		p.begin("framing")
		if !bytes.HasPrefix(p.b[p.at:], []byte("\r\n")) {
			p.refuse()
			return
		}
		p.at += 2
	}
	for {
		text, next, ok := p.line(p.b[p.at:])
		if !ok {
			p.over = true
			return
		}
		p.at += next
		if text == "" {
			return
		}
	}
}
