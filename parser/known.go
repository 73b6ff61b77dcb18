// The few fields that a server must understand itself are found once, while the head is parsed.

package parser

import (
	"iter"
	"strings"
)

const (
	unknownField = iota
	hostField
	contentLengthField
	transferEncodingField
	connectionField
	expectField
	knownNames
)

// known tells where a field first stands and in how many lines.
type known struct{ first, lines uint32 }

// nameOf lists the known names by their index, in the spelling that is the most frequent.
var nameOf = [knownNames]string{"", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect"}

// byLength finds a known name by its length: they differ, so that most names cost one look.
var byLength = [...]uint8{4: hostField, 6: expectField, 10: connectionField, 14: contentLengthField, 17: transferEncodingField}

// findKnown fills h.known.
func (h *Head) findKnown() {
	for i := range h.lines {
		l := &h.lines[i]
		n := l.nameEnd - l.name
		if n >= uint32(len(byLength)) || byLength[n] == unknownField {
			continue
		}
		k := byLength[n]
		if EqualFold(h.text[l.name:l.nameEnd], nameOf[k]) {
			if h.known[k].lines == 0 {
				h.known[k].first = uint32(i)
			}
			h.known[k].lines++
		}
	}
}

// has reports whether the known field is there at all.
func (h *Head) has(k int) bool { return h.known[k].lines > 0 }

// value returns the known field's first value.
func (h *Head) value(k int) string {
	_, v := h.At(int(h.known[k].first))
	return v
}

// list returns the known field's values as one list, joined as RFC 9110 §5.3 says.
func (h *Head) list(k int) string {
	if h.known[k].lines == 1 {
		return h.value(k)
	}
	var all []string
	for v := range h.Values(nameOf[k]) {
		all = append(all, v)
	}
	return strings.Join(all, ", ")
}

// elements yields the elements of the known field, a list, in the order received and without empty ones (RFC 9110 §5.6.1).
func (h *Head) elements(k int) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !h.has(k) {
			return
		}
		for v := range h.Values(nameOf[k]) {
			for e := range Elements(v) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Elements yields the elements of a field value that is a list, in their order and without empty ones (RFC 9110 §5.6.1).
func Elements(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for e := range strings.SplitSeq(list, ",") {
			if e = strings.Trim(e, " \t"); e != "" && !yield(e) {
				return
			}
		}
	}
}

// ListHas reports whether a field value that is a list has the element, in any case.
func ListHas(list, element string) bool {
	for more := true; more; {
		var e string
		if e, list, more = strings.Cut(list, ","); EqualFold(strings.Trim(e, " \t"), element) {
			return true
		}
	}
	return false
}

// ConnectionHas reports whether the Connection field lists the option, in any case (RFC 9110 §7.6.1).
func (h *Head) ConnectionHas(option string) bool {
	return h.has(connectionField) && ListHas(h.list(connectionField), option)
}

// Persists reports whether the client allows another request behind this one (RFC 9112 §9.3).
func (h *Head) Persists() bool {
	if h.ConnectionHas("close") {
		return false
	}
	return h.Minor > 0 || h.ConnectionHas("keep-alive")
}

// ExpectsContinue reports whether the client waits for 100 (Continue) before it sends the content. Any other expectation
// is an *Error with status 417. HTTP/1.0 clients have no expectations (RFC 9110 §10.1.1).
func (h *Head) ExpectsContinue() (expects bool, err error) {
	if h.Minor == 0 {
		return false, nil
	}
	for e := range h.elements(expectField) {
		if !EqualFold(e, "100-continue") {
			return false, refuse(417, "RFC 9110 §10.1.1", "expectation %s", quote(e))
		}
		expects = true
	}
	return expects, nil
}
