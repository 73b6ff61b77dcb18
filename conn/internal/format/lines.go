// Package format writes the parts of a response's head: the status line, the date, field lines.
package format

import (
	"slices"

	"github.com/spillway-go/spillway/parser"
)

// Lines are field lines, encoded as they are set: "Name: value\r\n". Whether they may be sent is not asked here.
type Lines struct {
	buf   []byte
	lines []line
	gaps  bool // not all of buf belongs to a line

	//	buf[:cap(buf)] // behind len(buf), what there was before Reset
	//	lines[:before] // likewise: behind len(lines), the lines from before Reset, where nothing was written over them
	before int
}

// line is the place of a line in the buffer.
type line struct{ begin, nameEnd, end int }

// Reset empties the list.
func (f *Lines) Reset() {
	f.buf, f.lines, f.gaps, f.before = f.buf[:0], f.lines[:0], false, len(f.lines)
}

// Add adds a line.
func (f *Lines) Add(name, value string) {
	begin := len(f.buf)
	f.buf = append(f.buf, name...)
	nameEnd := len(f.buf)
	f.buf = append(f.buf, ": "...)
	f.buf = append(f.buf, value...)
	f.buf = append(f.buf, "\r\n"...)
	f.lines = append(f.lines, line{begin, nameEnd, len(f.buf)})
}

// Again adds a line if there was the same one at this place before Reset, as most responses have most lines in common with the last
// one. What was found out about that line then is true of this one.
func (f *Lines) Again(name, value string) bool {
	n := len(f.lines)
	if n >= f.before {
		return false
	}
	was, begin := f.lines[:n+1][n], len(f.buf)
	nameEnd := begin + len(name)
	if was != (line{begin, nameEnd, nameEnd + len(": ") + len(value) + len("\r\n")}) {
		return false
	}
	b := f.buf[:was.end]
	if string(b[begin:nameEnd]) != name || string(b[nameEnd+len(": "):was.end-len("\r\n")]) != value {
		return false
	}
	f.buf, f.lines = b, f.lines[:n+1]
	return true
}

func (f *Lines) find(name string, from int) int {
	for i := from; i < len(f.lines); i++ {
		if l := f.lines[i]; l.nameEnd-l.begin == len(name) && parser.EqualFold(string(f.buf[l.begin:l.nameEnd]), name) {
			return i
		}
	}
	return -1
}

// Del removes the lines with this name.
func (f *Lines) Del(name string) {
	for i := f.find(name, 0); i >= 0; i = f.find(name, i) {
		f.lines = append(f.lines[:i], f.lines[i+1:]...)
		f.gaps = true
	}
}

// Keep removes the lines whose name it is not true for.
func (f *Lines) Keep(of func(name string) bool) {
	f.gaps = true
	f.lines = slices.DeleteFunc(f.lines, func(l line) bool { return !of(string(f.buf[l.begin:l.nameEnd])) })
}

// Get returns the value of the first line with this name, or "".
func (f *Lines) Get(name string) string {
	i := f.find(name, 0)
	if i < 0 {
		return ""
	}
	l := f.lines[i]
	return string(f.buf[l.nameEnd+2 : l.end-2])
}

// AppendTo appends the lines to b.
func (f *Lines) AppendTo(b []byte) []byte {
	if !f.gaps {
		return append(b, f.buf...)
	}
	for _, l := range f.lines {
		b = append(b, f.buf[l.begin:l.end]...)
	}
	return b
}

// Has reports whether there is a line with this name.
func (f *Lines) Has(name string) bool { return f.find(name, 0) >= 0 }

// Bytes returns about how many bytes AppendTo appends, and no fewer.
func (f *Lines) Bytes() int { return len(f.buf) }
