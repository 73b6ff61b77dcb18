// Field lines as those see them who may only read them.

package parser

import (
	"iter"
	"slices"
)

// Fields are the field lines of a message, in the order and spelling received. Names are found whatever their case (RFC 9110
// §5.1). The zero Fields are none. They are good for as long as their message is; names and values may be kept for ever.
type Fields struct{ section *Section }

// Get returns the value of the first field line with this name, or "".
func (f Fields) Get(name string) string {
	value, _ := f.Lookup(name)
	return value
}

// Clone returns the same field lines, good for ever.
func (f Fields) Clone() Fields {
	if f.section == nil {
		return f
	}
	return Fields{&Section{text: f.section.text, lines: slices.Clone(f.section.lines)}}
}

// Lookup returns the value of the first field line with this name, and whether there is one.
func (f Fields) Lookup(name string) (string, bool) {
	if f.section == nil {
		return "", false
	}
	return f.section.Lookup(name)
}

// Values returns the values of all field lines with this name, in the order received.
func (f Fields) Values(name string) iter.Seq[string] {
	if f.section == nil {
		return func(func(string) bool) {}
	}
	return f.section.Values(name)
}

// All returns the field lines in the order received.
func (f Fields) All() iter.Seq2[string, string] {
	if f.section == nil {
		return func(func(string, string) bool) {}
	}
	return f.section.All()
}

// Len returns the number of field lines.
func (f Fields) Len() int {
	if f.section == nil {
		return 0
	}
	return f.section.Len()
}
