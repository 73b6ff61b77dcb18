// Field lines: a head's and a trailer section's are parsed by the same function, under the same rules.

package parser

import (
	"iter"
	"slices"
	"strings"
)

// Section is a field section (RFC 9110 §6.3, §6.5): a list of field lines in the order and spelling received. Names and
// values are substrings of one immutable string, so they may be kept for ever; each keeps the whole string in memory. A
// Section itself is used again for the next message when its owner says so.
type Section struct {
	text  string
	lines []line

	//	Between calls of parse, while the section is incomplete:
	//	window[:at]        // whole lines, parsed
	//	window[at:scanned] // the beginning of a line, without a fault; its colon is at colon, or not found if that is 0
	at, colon, scanned int

	// The section before it, which this one is likely to have most lines in common with. It is forgotten when this one is whole.
	lastText  string
	lastLines []line
}

// line is one field line by its offsets in the text.
type line struct{ name, nameEnd, value, valueEnd uint32 }

// whole returns the field lines of a complete section; while it is incomplete, there are none to be seen.
func (f *Section) whole() []line {
	if f.text == "" {
		return nil
	}
	return f.lines
}

// Len returns the number of field lines.
func (f *Section) Len() int { return len(f.whole()) }

// At returns the name and the value of field line i, 0 ≤ i < Len, as received, without the white space around the value.
func (f *Section) At(i int) (name, value string) {
	l := &f.lines[i]
	return f.text[l.name:l.nameEnd], f.text[l.value:l.valueEnd]
}

// All returns the field lines in the order received.
func (f *Section) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range f.whole() {
			if !yield(f.At(i)) {
				return
			}
		}
	}
}

// Lookup returns the value of the first field line with this name, whatever its case, and whether there is one.
func (f *Section) Lookup(name string) (string, bool) {
	for v := range f.Values(name) {
		return v, true
	}
	return "", false
}

// Get is Lookup for those who do not care whether an empty value or no field line is there.
func (f *Section) Get(name string) string {
	value, _ := f.Lookup(name)
	return value
}

// Values returns the values of all field lines with this name, whatever its case, in the order received.
func (f *Section) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n, v := range f.All() {
			if EqualFold(n, name) && !yield(v) {
				return
			}
		}
	}
}

// Fields returns the field lines for those who only read them.
func (f *Section) Fields() Fields { return Fields{f} }

// Reset empties the list and forgets a section that was begun.
func (f *Section) Reset() {
	if f.text != "" {
		f.lastText, f.lastLines, f.lines = f.text, f.lines, f.lastLines
	}
	*f = Section{lines: f.lines[:0], lastText: f.lastText, lastLines: f.lastLines}
}

// end makes the section whole.
func (f *Section) end(text string) { f.text, f.lastText = text, "" }

// ParseTrailers takes in a trailer section (RFC 9112 §7.1.2) from the beginning of the window, and returns how many
// bytes it had with its closing empty line, or 0 while the window does not hold that line yet; call it again then with
// the same window grown. Fields that may not stand there (RFC 9110 §6.5.1) are parsed and dropped. Errors are *Error.
func (f *Section) ParseTrailers(window []byte, lim *Limits) (int, error) {
	window = window[:min(len(window), lim.TrailerBytes)]
	n, err := f.parse(window, lim.Fields)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, checkRoom(window, lim.TrailerBytes, "trailer section")
	}
	if len(f.lines) > 0 {
		f.text = string(window[:n])
		f.lines = slices.DeleteFunc(f.lines, func(l line) bool { return ForbiddenInTrailers(f.text[l.name:l.nameEnd]) })
	}
	return n, nil
}

// checkRoom refuses a section that has not ended in all the bytes that it may have.
func checkRoom(window []byte, limit int, what string) error {
	if len(window) < limit {
		return nil
	}
	return refuse(431, "RFC 6585 §5", "%s of more than %d bytes", what, limit)
}

// parse takes in field lines from f.at on, up to and including the empty line, and returns the offset behind that, or 0
// while the window does not hold it yet. A byte is scanned once, however slowly it drips, and a fault is found at once.
func (f *Section) parse(window []byte, most int) (int, error) {
	for {
		at := f.at
		if at+1 < len(window) && window[at] == '\r' && window[at+1] == '\n' {
			return at + 2, nil
		}
		if f.parseRepeated(window) {
			continue
		}
		if whole, err := f.parseLine(window); !whole || err != nil {
			return 0, err
		}
		if len(f.lines) > most {
			return 0, refuse(431, "RFC 6585 §5", "more than %d field lines", most)
		}
	}
}

// parseRepeated takes in the field line that begins at f.at if the section before had the same one at its place: what was found out
// about those bytes is true of these.
func (f *Section) parseRepeated(b []byte) bool {
	i := len(f.lines)
	if f.lastText == "" || i >= len(f.lastLines) || f.scanned > f.at {
		return false
	}
	l, end := f.lastLines[i], uint32(len(f.lastText)-len("\r\n"))
	if i+1 < len(f.lastLines) {
		end = f.lastLines[i+1].name
	}
	n := int(end - l.name)
	if len(b)-f.at < n || string(b[f.at:f.at+n]) != f.lastText[l.name:end] {
		return false
	}
	by := uint32(f.at) - l.name // which may be less than 0: then it wraps, there and back
	f.lines = append(f.lines, line{l.name + by, l.nameEnd + by, l.value + by, l.valueEnd + by})
	f.at += n
	return true
}

// parseLine takes in the field line that begins at f.at, and reports whether the window holds all of it: if it does not,
// f remembers how far it came. RFC 9112 §5.
func (f *Section) parseLine(b []byte) (bool, error) {
	begin, colon := f.at, f.colon
	if colon == 0 {
		colon = tokenEnd(b, max(begin, f.scanned))
		if colon == len(b) || colon == begin && b[colon] == '\r' && colon+1 == len(b) {
			f.scanned = colon
			return false, nil
		}
		if b[colon] != ':' || colon == begin {
			return false, badName(b, begin, colon)
		}
	}
	end := valueEnd(b, max(colon+1, f.scanned))
	if end == len(b) || b[end] == '\r' && end+1 == len(b) {
		f.colon, f.scanned = colon, end
		return false, nil
	}
	if b[end] != '\r' || b[end+1] != '\n' {
		return false, badLineEnd(b[end], "the field "+quote(b[begin:colon]))
	}
	value, behind := trimOWS(b, colon+1, end)
	f.lines = append(f.lines, line{uint32(begin), uint32(colon), uint32(value), uint32(behind)})
	f.at, f.colon = end+2, 0
	return true, nil
}

func badName(b []byte, i, end int) error {
	name, c := b[i:end], b[end]
	switch {
	case c == ' ' || c == '\t':
		if end == i {
			return refuse(400, "RFC 9112 §5.2", "a field line begins with white space (obs-fold)")
		}
		return refuse(400, "RFC 9112 §5.1", "white space between the field name %s and its colon", quote(name))
	case c == ':':
		return refuse(400, "RFC 9110 §5.1", "a field line without a name")
	case c == '\r' || c == '\n':
		if end == i {
			return badLineEnd(c, "a field line")
		}
		return refuse(400, "RFC 9112 §5", "the field line %s has no colon", quote(name))
	}
	return refuse(400, "RFC 9110 §5.1", "%s in a field name", quote(b[end:end+1]))
}

// badLineEnd names the byte that stands where a line goes on or ends in CRLF.
func badLineEnd(c byte, where string) error {
	switch c {
	case '\n':
		return refuse(400, "RFC 9112 §2.2", "bare LF in %s", where)
	case '\r':
		return refuse(400, "RFC 9112 §2.2", "bare CR in %s", where)
	}
	return refuse(400, "RFC 9110 §5.5", "control %s in %s", quote([]byte{c}), where)
}

// ForbiddenInTrailers reports whether a field may not stand in a trailer section, because it is needed for framing,
// routing, authentication, request modification, response control or the reading of the content (RFC 9110 §6.5.1).
func ForbiddenInTrailers(name string) bool {
	name = strings.ToLower(name)
	return forbiddenInTrailers[name] || strings.HasPrefix(name, "if-")
}

var forbiddenInTrailers = map[string]bool{
	"age": true, "authorization": true, "cache-control": true, "connection": true, "content-encoding": true,
	"content-length": true, "content-range": true, "content-type": true, "cookie": true, "date": true, "expect": true,
	"expires": true, "host": true, "keep-alive": true, "location": true, "max-forwards": true, "pragma": true,
	"proxy-authenticate": true, "proxy-authorization": true, "proxy-connection": true, "range": true, "retry-after": true,
	"set-cookie": true, "te": true, "trailer": true, "transfer-encoding": true, "upgrade": true, "vary": true,
	"warning": true, "www-authenticate": true,
}
