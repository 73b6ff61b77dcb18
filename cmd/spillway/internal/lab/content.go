// What the routes send: letters, and JSON.

package lab

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"strings"
)

// inspection is what the parser made of a request. Its JSON is part of the contract.
type inspection struct {
	Method        string      `json:"method"`
	Target        string      `json:"target"`
	Path          string      `json:"path"`
	Query         string      `json:"query"`
	Proto         string      `json:"proto"`
	Host          string      `json:"host"`
	Headers       [][2]string `json:"headers"`
	ContentLength int64       `json:"content_length"` // -1 where it is not declared
	BodyBytes     int64       `json:"body_bytes"`
	BodySHA256    string      `json:"body_sha256"`
	Trailers      [][2]string `json:"trailers"`
}

// fieldList returns field lines as JSON has them, in their order.
func fieldList(fields iter.Seq2[string, string]) [][2]string {
	list := [][2]string{} // not nil, which JSON would call null
	for name, value := range fields {
		list = append(list, [2]string{name, value})
	}
	return list
}

// toJSON returns v as one line. Bytes that are not UTF-8 become U+FFFD: JSON has no others.
func toJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return b.Bytes(), err
}

// manyX is written as often as it takes.
var manyX = []byte(strings.Repeat("x", 64<<10))

// writeX writes n times the letter x.
func writeX(w io.Writer, n int64) error {
	for n > 0 {
		written, err := w.Write(manyX[:min(n, int64(len(manyX)))])
		if err != nil {
			return err
		}
		n -= int64(written)
	}
	return nil
}
