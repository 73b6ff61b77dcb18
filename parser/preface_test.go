// An HTTP/2 client's preface is told from requests, byte by byte.

package parser

import "testing"

func TestParsePreface(t *testing.T) {
	for i := 1; i < len(preface); i++ {
		var h Head
		if n, is := h.ParsePreface([]byte(preface[:i])); n != 0 || !is || h.IsPreface() {
			t.Errorf("%q: %d, %t", preface[:i], n, is)
		}
	}
	for _, other := range []string{"", "GET / HTTP/1.1\r\n", "PRI * HTTP/1.1\r\n", "PRI / HTTP/2.0\r\n\r\n", "PUT / HTTP/1.1\r\n"} {
		var h Head
		if n, is := h.ParsePreface([]byte(other)); n != 0 || is {
			t.Errorf("%q: %d, %t", other, n, is)
		}
	}
	var h Head
	n, is := h.ParsePreface([]byte(preface + "SM\r\n\r\n"))
	if n != len(preface) || !is || !h.IsPreface() {
		t.Fatalf("%d, %t", n, is)
	}
	if h.Method != "PRI" || h.Target != "*" || h.Proto() != "HTTP/2.0" || h.Path != "*" || h.Form != AsteriskForm || h.Len() != 0 || h.Persists() {
		t.Errorf("%+v", h)
	}
	if framing, err := FramingOf(&h); framing != 0 || err != nil {
		t.Errorf("%v, %v", framing, err)
	}
	if expects, err := h.ExpectsContinue(); expects || err != nil {
		t.Errorf("%t, %v", expects, err)
	}
}
