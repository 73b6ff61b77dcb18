// Whatever the parser accepts, net/http accepts with the same meaning; the exceptions stand where they are made.

package parser

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzHead compares with http.ReadRequest: what is accepted means the same there, and what is refused has its reason here.
func FuzzHead(f *testing.F) {
	for _, in := range inputs {
		f.Add([]byte(in.head))
	}
	for _, head := range []string{
		get("A: 1\r\na:2\r\n"), "\r\n" + get(), get("Content-Length: 5\r\n") + "hello", get("Transfer-Encoding: chunked\r\n"),
		"GET http://b.test:80/a?b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]\r\n\r\n", "GET //a/%2f%zz?%zz HTTP/1.0\r\n\r\n", "GET / HTTP/1.2\r\nHost: [v1.a:b]\r\n\r\n",
		"POST /\x80\"<> HTTP/1.1\r\nHost: a%41\r\nTrailer: a\r\nTransfer-Encoding: chunked\r\n\r\n", get("Pragma: no-cache\r\n"),
		"GET http://%800 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a%c3%a4:443 HTTP/1.1\r\nHost: a%c3%a4:443\r\n\r\n",
		get("Connection: close, Upgrade\r\nUpgrade: x\r\n"), get("Transfer-Encoding: gzip, chunked\r\n"), get("Content-Length: 5, 5\r\n"),
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, window []byte) {
		h, lim := new(Head), DefaultLimits()
		n, err := h.Parse(window, &lim)
		if refused(t, err); n == 0 {
			return
		}
		framing, err := FramingOf(h)
		if err != nil {
			refused(t, err)
			return
		}
		compareHeads(t, h, framing)
	})
}

// compareHeads compares with what net/http makes of the same head. Not compared: the empty line before it, which
// net/http refuses; and a minor version above 1, which net/http keeps.
func compareHeads(t *testing.T, h *Head, framing Framing) {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(h.Text())))
	if err != nil {
		if !excused(h, err) {
			t.Fatalf("accepted: %s\nnet/http: %v", describe(h), err)
		}
		return
	}
	type meaning struct {
		Method, Target, Path, Query, Host string
		Minor                             int
		Length                            int64
		Chunked                           bool
		Fields                            http.Header
	}
	ours := meaning{h.Method, h.Target, h.Path, h.Query, h.Host, h.Minor, int64(framing), framing == Chunked, sameFields(h)}
	theirs := meaning{r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery, r.Host, min(r.ProtoMinor, 1), r.ContentLength,
		slices.Equal(r.TransferEncoding, []string{"chunked"}), r.Header}
	if h.Form == AbsoluteForm && r.URL.Path == "" {
		theirs.Path = h.Path // "/", or "*" for OPTIONS, which the handler of net/http is left to find out
	}
	if ours.Path, err = url.PathUnescape(h.Path); err != nil {
		t.Fatalf("net/http decodes the path %q", h.Path)
	}
	if h.Form == AbsoluteForm || h.Form == AuthorityForm { // as in the path, RFC 3986 §3.2.2 allows any octet to be encoded
		if ours.Host, err = url.PathUnescape(h.Host); err != nil {
			t.Fatalf("net/http decodes the host %q", h.Host)
		}
	}
	for _, name := range []string{"Cache-Control", "Trailer"} {
		delete(theirs.Fields, name) // net/http adds the first for Pragma, and moves the second
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Fatalf("%s (-net/http +ours):\n%s", describe(h), diff)
	}
}

// sameFields returns the fields that net/http leaves in its Header, under its spelling.
func sameFields(h *Head) http.Header {
	fields := http.Header{}
	for name, value := range h.All() {
		switch name = textproto.CanonicalMIMEHeaderKey(name); name {
		case "Host", "Transfer-Encoding", "Cache-Control", "Trailer":
		default:
			fields[name] = append(fields[name], value)
		}
	}
	return fields
}

// excused reports whether net/http refuses what RFC 9112 and RFC 3986 allow, or what is the handler's to judge.
func excused(h *Head, err error) bool {
	for _, of := range []struct {
		text  string
		given bool
	}{
		{"invalid URL escape", strings.Contains(h.Target, "%")}, // we decode neither path nor host, which may hold any octet
		{"bad trailer key", h.Get("Trailer") != ""},             // a forbidden name: the field itself is dropped when it comes
	} {
		if of.given && strings.Contains(err.Error(), of.text) {
			return true
		}
	}
	return false
}

// FuzzSplit has a head come in pieces, under limits that bite early.
func FuzzSplit(f *testing.F) {
	for _, in := range inputs[:2] {
		f.Add([]byte(in.head), []byte{1, 2, 3, 200, 1, 1, 1, 90}, false)
	}
	f.Add([]byte("\r\n"+get("A: 1\r\n")), []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, true)
	f.Add([]byte(get("A: 1\r2\r\n")), []byte{40, 1, 1}, false)
	f.Add([]byte(get("A: 1\r\n", "A: 1\r\n", "A: 1\r\n")), []byte{20, 20}, true)
	f.Add([]byte("GET /0123456789012345678901234567890123456789 HTTP/1.1\r\n"), []byte{10, 10}, true)
	f.Fuzz(func(t *testing.T, window, sizes []byte, tight bool) {
		lim := DefaultLimits()
		if tight {
			lim.HeadBytes, lim.TargetBytes, lim.Fields = 60, 30, 3
		}
		comparePieces(t, heads(t, lim), heads(t, lim), window, sizes)
	})
}

// FuzzSplitChunks has chunked content come in pieces, under limits that bite early.
func FuzzSplitChunks(f *testing.F) {
	f.Add([]byte("5;a=\"b\"\r\nhello\r\n0\r\nA: 1\r\n\r\n"), []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, false)
	f.Add([]byte("14\r\n01234567890123456789\r\n1 ; a = b\r\nx\r\n0;c\r\nA: 1\r\nB: 2\r\n\r\n"), []byte{3, 1, 30, 4, 4}, true)
	f.Add([]byte("1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"), []byte{2, 2, 2, 2}, true)
	f.Fuzz(func(t *testing.T, window, sizes []byte, tight bool) {
		lim := DefaultLimits()
		if tight {
			lim.Fields, lim.TrailerBytes, lim.ChunkExtBytes, lim.ChunkOverheadBytes = 1, 20, 12, 16
		}
		comparePieces(t, bodies(t, lim), bodies(t, lim), window, sizes)
	})
}

// comparePieces feeds pieces of the given sizes, then the rest, and compares each step with the same bytes fed at once.
func comparePieces(t *testing.T, alone, pieces func() machine, window, sizes []byte) {
	inPieces, end := pieces(), 0
	for i := 0; ; i++ {
		if i < len(sizes) {
			end = min(end+int(sizes[i]), len(window))
		} else {
			end = len(window)
		}
		got, want := inPieces(window[:end:end]), alone()(window[:end:end])
		if got != want {
			t.Fatalf("%q in pieces %d (-whole +so):\n%s", window[:end], sizes, cmp.Diff(want, got))
		}
		if got.Done || end == len(window) {
			return
		}
	}
}

// FuzzChunks compares with httputil. Its own limits, on lines of 4 KiB and on framing without content, are not met.
func FuzzChunks(f *testing.F) {
	for _, wire := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n6\r\n world\r\n0\r\nA: 1\r\n\r\n", "5;a=b;c=\"d\\\"\" ; e\r\nhello\r\n0;x\r\n\r\n", "a\r\n0123456789\r\nA\r\n",
		"7fffffffffffffff\r\nx", "7000000000000000\r\n0", "0000000000000001\r\nx\r\n00\r\n\r\n", "1 ;a = \"\t;\"\r\n\n\r\n0\r\n", "1\r\nx\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n",
	} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		d, lim := new(decoder), DefaultLimits()
		lim.ChunkExtBytes, lim.ChunkOverheadBytes = 1000, 10_000
		_, err := d.decode(wire, &lim)
		if refused(t, err); err != nil || len(wire) > 10_000 {
			return
		}
		theirs, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(wire)))
		switch {
		case err == nil || !bytes.HasPrefix(d.content, theirs):
		case spaceBeforeExt.Match(wire):
			return // httputil refuses the white space that RFC 9112 §7.1.1 has recipients accept
		case d.chunks.Size >= 1<<62 && strings.Contains(err.Error(), "too much non-data"):
			return // httputil doubles the size to weigh the framing against it, and overflows
		}
		if !bytes.Equal(theirs, d.content) {
			t.Fatalf("%q is decoded to %q, by httputil to %q", wire, d.content, theirs)
		}
		if d.last && err != nil || !d.last && err == nil {
			t.Fatalf("%q has an end: %v; httputil says %v", wire, d.last, err)
		}
	})
}

var spaceBeforeExt = regexp.MustCompile(`[0-9A-Fa-f][ \t]+;`)

// FuzzTrailers compares with net/textproto, which drops no field.
func FuzzTrailers(f *testing.F) {
	for _, section := range []string{"\r\n", "A: 1\r\n\r\n", "A:1\r\na:\t2 \r\nHost: x\r\nif-x: y\r\nB:\r\n\r\nGET", "A: 1\r\n 2\r\n\r\n", "A : 1\r\n\r\n", "A: 1\n\n"} {
		f.Add([]byte(section))
	}
	f.Fuzz(func(t *testing.T, window []byte) {
		ours, lim := new(Section), DefaultLimits()
		n, err := ours.ParseTrailers(window, &lim)
		if refused(t, err); n == 0 {
			return
		}
		want, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(window[:n]))).ReadMIMEHeader()
		if err != nil {
			t.Fatalf("%q accepted; net/textproto says %v", window[:n], err)
		}
		for name := range want {
			if ForbiddenInTrailers(name) {
				delete(want, name)
			}
		}
		got := textproto.MIMEHeader{}
		for name, value := range ours.All() {
			got.Add(name, value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-net/textproto +ours):\n%s", window[:n], diff)
		}
	})
}

// FuzzScanners compares what is done eight bytes at a time with the same done one byte at a time.
func FuzzScanners(f *testing.F) {
	f.Add([]byte("Content-Type: text/html"), 0)
	f.Add([]byte("/articles/2026?a=\x80\xff b"), 3)
	f.Add([]byte("0123456789012345678901234567890123456789\t0123456789\x7f"), 1)
	f.Add([]byte("\x00\x1f\x20\x21\x7e\x7f\x80\xff@[`{/:-,"), 7)
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		if i < 0 || i > len(b) {
			return
		}
		b = b[:len(b):len(b)]
		for _, scanner := range []struct {
			name string
			end  func([]byte, int) int
			stop func(c byte) bool
		}{
			{"tokenEnd", tokenEnd, func(c byte) bool { return class[c]&isToken == 0 }},
			{"targetEnd", targetEnd, func(c byte) bool { return c <= ' ' || c == 0x7f }},
			{"valueEnd", valueEnd, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }},
		} {
			want := i
			for want < len(b) && !scanner.stop(b[want]) {
				want++
			}
			if got := scanner.end(b, i); got != want {
				t.Errorf("%s(%q, %d) is %d, not %d", scanner.name, b, i, got, want)
			}
		}
	})
}

// Every byte at every place of a word of eight, among bytes that the scanner passes over.
func TestScannersAtEveryByte(t *testing.T) {
	for _, row := range []struct {
		name  string
		among byte
		end   func([]byte, int) int
		stop  func(c byte) bool
	}{
		{"tokenEnd", 'a', tokenEnd, func(c byte) bool { return class[c]&isToken == 0 }},
		{"targetEnd", '/', targetEnd, func(c byte) bool { return c <= ' ' || c == 0x7f }},
		{"valueEnd", 0xff, valueEnd, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }},
		{"valueEnd", '\t', valueEnd, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }},
	} {
		for c := range 256 {
			for at := range 45 {
				for behind := range 9 {
					b := bytes.Repeat([]byte{row.among}, at+1+behind)
					b[at] = byte(c)
					want := len(b)
					if row.stop(byte(c)) {
						want = at
					}
					if got := row.end(b, 0); got != want {
						t.Fatalf("%s(%q) is %d, not %d", row.name, b, got, want)
					}
				}
			}
		}
	}
}
