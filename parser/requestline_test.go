// Request lines, accepted and refused.

package parser

import (
	"strings"
	"testing"
)

func TestRequestLine(t *testing.T) {
	for _, row := range []struct {
		what, line     string
		method, target string
		minor          int
	}{
		{"a request", "GET / HTTP/1.1", "GET", "/", 1},
		{"a higher minor version is served as 1.1", "GET / HTTP/1.2", "GET", "/", 1},
		{"the highest one too", "GET / HTTP/1.9", "GET", "/", 1},
		{"an HTTP/1.0 request", "GET / HTTP/1.0", "GET", "/", 0},
		{"methods are case-sensitive", "get / HTTP/1.1", "get", "/", 1},
		{"a method of every kind of tchar", "!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ", "/", 1},
		{"the longest method", strings.Repeat("M", 64) + " / HTTP/1.1", strings.Repeat("M", 64), "/", 1},
		{"what a URI may not hold is the handler's", `GET /<>"\^{|}%zz[]?<"?? HTTP/1.1`, "GET", `/<>"\^{|}%zz[]?<"??`, 1},
		{"bytes from 0x80 up pass", "GET /\x80\xc3\xa9\xff HTTP/1.1", "GET", "/\x80\xc3\xa9\xff", 1},
	} {
		t.Run(row.what, func(t *testing.T) {
			h := accept(t, row.line+"\r\nHost: a.test\r\n\r\n")
			if h.Method != row.method || h.Target != row.target || h.Minor != row.minor {
				t.Errorf("%q %q HTTP/1.%d", h.Method, h.Target, h.Minor)
			}
		})
	}
}

func TestRequestLineRefused(t *testing.T) {
	for _, row := range []struct{ what, line, want string }{
		{"a space before the method", " GET / HTTP/1.1\r\n", `400 " " in or before the method (RFC 9112 §3.1)`},
		{"no method", "/ HTTP/1.1\r\n", `400 "/" in or before the method (RFC 9112 §3.1)`},
		{"a method that is no token", "G(T / HTTP/1.1\r\n", `400 "(" in or before the method (RFC 9112 §3.1)`},
		{"a method outside ASCII", "G\xc3\x89T / HTTP/1.1\r\n", `400 "\xc3" in or before the method (RFC 9112 §3.1)`},
		{"NUL", "\x00GET / HTTP/1.1\r\n", `400 "\x00" in or before the method (RFC 9112 §3.1)`},
		{"a TLS hello", "\x16\x03\x01\x02\x00\x01", `400 "\x16" in or before the method (RFC 9112 §3.1)`},
		{"a method alone", "GET\r\n", "400 bare CR in the request line (RFC 9112 §2.2)"},
		{"a method alone, LF", "GET\n", "400 bare LF in the request line (RFC 9112 §2.2)"},
		{"a tab behind the method", "GET\t/ HTTP/1.1\r\n", `400 "\t" in or before the method (RFC 9112 §3.1)`},
		{"a method longer than any", strings.Repeat("M", 65) + " / HTTP/1.1\r\n",
			`501 method "` + strings.Repeat("M", 40) + `"… of more than 64 bytes (RFC 9112 §3)`},

		{"two spaces behind the method", "GET  / HTTP/1.1\r\n", `400 no request-target behind the method "GET" (RFC 9112 §3)`},
		{"no target", "GET HTTP/1.1\r\n", "400 no HTTP version behind the request-target (RFC 9112 §3)"},
		{"a tab in the target", "GET /a\tb HTTP/1.1\r\n", `400 control "\t" in the request-target (RFC 9112 §3.2)`},
		{"NUL in the target", "GET /a\x00b HTTP/1.1\r\n", `400 control "\x00" in the request-target (RFC 9112 §3.2)`},
		{"DEL in the target", "GET /a\x7fb HTTP/1.1\r\n", `400 control "\x7f" in the request-target (RFC 9112 §3.2)`},
		{"the last control in the target", "GET /12345678\x1f HTTP/1.1\r\n", `400 control "\x1f" in the request-target (RFC 9112 §3.2)`},
		{"a space in the target", "GET /a b HTTP/1.1\r\n", `400 "b" is not an HTTP version and CRLF (RFC 9112 §2.3)`},

		{"HTTP/0.9", "GET /\r\n", "400 no HTTP version behind the request-target (RFC 9112 §3)"},
		{"HTTP/0.9, LF", "GET /\n", "400 no HTTP version behind the request-target (RFC 9112 §3)"},
		{"a space and no version", "GET / \r\n", `400 "\r" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"two spaces before the version", "GET /  HTTP/1.1\r\n", `400 " " is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"a space behind the version", "GET / HTTP/1.1 \r\n", `400 "HTTP/1.1 " is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"a version in lower case", "GET / http/1.1\r\n", `400 "h" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"the version's placeholder", "GET / HTTP/d.d\r\n", `400 "HTTP/d" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"no minor version", "GET / HTTP/1\r\n", `400 "HTTP/1\r" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"a minor version of two digits", "GET / HTTP/1.10\r\n", `400 "HTTP/1.10" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"a major version of two digits", "GET / HTTP/11.1\r\n", `400 "HTTP/11" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"a sign in the version", "GET / HTTP/+1.1\r\n", `400 "HTTP/+" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"a byte above ASCII in the version", "GET / HTTP/1.\xb1\r\n", `400 "HTTP/1.\xb1" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"another protocol", "GET / ICE/1.0\r\n", `400 "I" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400 bare LF in the request line (RFC 9112 §2.2)"},
		{"bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", `400 "HTTP/1.1\rH" is not an HTTP version and CRLF (RFC 9112 §2.3)`},
		{"two CRs", "GET / HTTP/1.1\r\r\n", `400 "HTTP/1.1\r\r" is not an HTTP version and CRLF (RFC 9112 §2.3)`},

		{"HTTP/0.9 by its number", "GET / HTTP/0.9\r\n", "505 HTTP major version 0 (RFC 9110 §15.6.6)"},
		{"HTTP/2.0", "GET / HTTP/2.0\r\n", "505 HTTP major version 2 (RFC 9110 §15.6.6)"},
		{"HTTP/9.1", "GET / HTTP/9.1\r\n", "505 HTTP major version 9 (RFC 9110 §15.6.6)"},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP major version 2 (RFC 9110 §15.6.6)"},
	} {
		t.Run(row.what, func(t *testing.T) { checkRefusal(t, refusal(t, row.line), row.want) })
	}
}

// Some old clients send a CRLF behind the content of a POST, which then stands before the next request line.
func TestEmptyLineBeforeTheRequestLine(t *testing.T) {
	h := accept(t, "\r\n"+get())
	if h.Text() != get() {
		t.Errorf("the head begins with the empty line: %q", h.Text())
	}
	for _, row := range []struct{ what, head, want string }{
		{"two of them", "\r\n\r\n" + get(), "400 bare CR in the request line (RFC 9112 §2.2)"},
		{"LF", "\n" + get(), "400 bare LF in the request line (RFC 9112 §2.2)"},
		{"CR", "\r" + get(), "400 bare CR in the request line (RFC 9112 §2.2)"},
		{"CRLF and LF", "\r\n\n" + get(), "400 bare LF in the request line (RFC 9112 §2.2)"},
		{"a space in it", " \r\n" + get(), `400 " " in or before the method (RFC 9112 §3.1)`},
	} {
		t.Run(row.what, func(t *testing.T) { checkRefusal(t, refusal(t, row.head), row.want) })
	}
}

func TestIncompleteHead(t *testing.T) {
	whole := "POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
	lim := DefaultLimits()
	for i := range whole {
		h := new(Head)
		if n, err := h.Parse([]byte(whole[:i]), &lim); n != 0 || err != nil {
			t.Fatalf("%q: %d, %v", whole[:i], n, err)
		}
		if _, ok := h.Lookup("host"); ok || h.Len() > 0 || len(lines(&h.Section)) > 0 || h.Get("Host") != "" || h.Text() != "" {
			t.Errorf("%q shows fields", whole[:i])
		}
		if expects, err := h.ExpectsContinue(); expects || err != nil || h.ConnectionHas("close") {
			t.Errorf("%q is understood", whole[:i])
		}
		if h.Repeats([]byte(whole)) || h.Repeats(nil) {
			t.Errorf("%q repeats", whole[:i])
		}
	}
}
