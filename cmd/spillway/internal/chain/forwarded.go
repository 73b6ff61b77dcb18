// Whether what a proxy forwards is what it was sent.

package chain

import (
	"bytes"
	"slices"
)

// asItCame reports whether the framing of a request was passed on: all its field lines but Host, in any order and among
// others, and its content, or as much of the content as was passed on.
func asItCame(sent, forwarded []byte) bool {
	sentHead, sentContent := parts(sent)
	head, content := parts(forwarded)
	if len(sentHead) < 2 || len(head) < 2 {
		return false
	}
	for _, line := range sentHead[1:] {
		name, _, _ := bytes.Cut(line, []byte(":"))
		if hop := string(bytes.ToLower(name)); hop == "host" || hop == "connection" {
			continue
		}
		if !slices.ContainsFunc(head[1:], func(l []byte) bool { return sameLine(l, line) }) {
			return false
		}
	}
	return bytes.HasPrefix(sentContent, content) || bytes.HasPrefix(content, sentContent)
}

// parts splits a request behind its head, and the head in lines.
func parts(request []byte) (head [][]byte, content []byte) {
	text, content, _ := bytes.Cut(request, []byte("\r\n\r\n"))
	return bytes.Split(text, []byte("\r\n")), content
}

// sameLine reports whether two field lines differ in nothing but the case of the name and the blanks around the value.
func sameLine(a, b []byte) bool {
	nameA, valueA, okA := bytes.Cut(a, []byte(":"))
	nameB, valueB, okB := bytes.Cut(b, []byte(":"))
	return okA == okB && bytes.EqualFold(nameA, nameB) && bytes.Equal(bytes.Trim(valueA, " \t"), bytes.Trim(valueB, " \t"))
}
