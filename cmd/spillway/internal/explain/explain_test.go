// What is printed of requests that are read in one way, in several, and in none.

package explain

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const behind = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		name, input string
		want        []string
		never       string
	}{
		{"a GET", behind, []string{"the head of request 1 ends: GET /x", "Every reader that was tried reads the same."}, "differ"},
		{"content that spells a request", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\n" + behind, []string{
			"     48  content     GET /x HTTP/1.1", "The first byte where readers differ is byte 48",
			"A reader that forgets the content", "takes byte 48 for the beginning of a request: GET /x HTTP/1.1",
		}, "refused"},
		{"two framings", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + behind, []string{
			"refused, 400: Content-Length and Transfer-Encoding in one request (RFC 9112 §6.1)", "differ is byte 75",
			"goes by the Content-Length where there are chunks too", "takes byte 75 for content; spillway takes it for what is refused",
			"takes byte 80 for the beginning of a request: GET /x HTTP/1.1",
		}, "joins folded"},
		{"a bare LF in a chunk header", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nxx\r\n41\r\n" + strings.Repeat("x", 65) + "\r\n0\r\n\r\n" + behind, []string{
			"bare LF in a chunk extension", "     59  refused     \\nxx", "differ is byte 56",
			"A reader that ends lines at a bare LF\n  takes byte 59 for framing; spillway takes it for what is refused.\n  takes byte 140 for the beginning of a request: GET /x",
		}, ""},
		{"a length that is none", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3x\r\n\r\nabc" + behind, []string{
			"refused, 400: Content-Length", "takes the beginning of a Content-Length for one\n  takes byte 48 for content", "takes byte 51 for the beginning of a request: GET /x",
		}, ""},
		{"white space before a colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc" + behind, []string{
			"drops white space in front of a colon\n  takes byte 48 for content",
		}, ""},
		{"a GET with content", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\n" + behind, []string{"reads no content behind GET"}, ""},
		{"hostile bytes", "GET /\x1b[2J HTTP/1.1\r\n\r\n", []string{`\x1b[2J`, "refused, 400"}, "\x1b"},
		{"the middle of content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", []string{"the end, inside content: more must come"}, ""},
		{"much content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000), []string{"… 3912 bytes more"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Main(nil, strings.NewReader(test.input), &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
			if test.never != "" && strings.Contains(out.String(), test.never) {
				t.Errorf("%q in\n%s", test.never, &out)
			}
		})
	}
}

func TestNotation(t *testing.T) {
	name := filepath.Join(t.TempDir(), "dialogue")
	text := "# a remark\n   0.001 C: GET /x HTTP/1.1\n         C: Host: a\n         C:\n   0.002 S: HTTP/1.1 200 OK\nC: <FIN>\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Main([]string{"-notation", name}, nil, &out); err != nil || !strings.Contains(out.String(), "request 1 ends: GET /x") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestBadInput(t *testing.T) {
	for _, args := range [][]string{{}, {"/nowhere/at/all"}, {"-nonsense"}, {"a", "b"}, {"-notation"}} {
		var out bytes.Buffer
		err := Main(args, strings.NewReader(""), &out)
		if err == nil || strings.Contains(err.Error(), "\n") || out.Len() > 0 {
			t.Errorf("%q: %v, %q", args, err, &out)
		}
	}
}

// FuzzExplain explains any bytes: it comes to an end, and prints nothing that a terminal would obey.
func FuzzExplain(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + behind))
	f.Add([]byte("\r\rGET / HTTP/1.1\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		if err := Explain(&out, b); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r < ' ' && r != '\n' || r == 0x7f {
				t.Fatalf("%q prints %q", b, r)
			}
		}
	})
}
