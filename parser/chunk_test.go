// Chunked content with its trailers, whole, byte by byte, and broken in every place.

package parser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A decoder reads chunked content with its trailer section from a growing window, as package body does.
type decoder struct {
	chunks   Chunks
	left     int64 // of the chunk's content
	content  []byte
	at       int // window[:at] is decoded
	last     bool
	trailers Section
}

func (d *decoder) decode(window []byte, lim *Limits) (n int, err error) {
	for !d.last {
		take := int(min(d.left, int64(len(window)-d.at)))
		d.content = append(d.content, window[d.at:d.at+take]...)
		d.at, d.left = d.at+take, d.left-int64(take)
		if d.left > 0 || d.at == len(window) {
			return 0, nil
		}
		n, done, err := d.chunks.Next(window[d.at:], lim)
		if err != nil {
			return 0, err
		}
		d.at += n
		if !done {
			if d.at != len(window) {
				return 0, fmt.Errorf("the header is not complete, and %d bytes are left", len(window)-d.at)
			}
			return 0, nil
		}
		d.left, d.last = d.chunks.Size, d.chunks.Size == 0
	}
	n, err = d.trailers.ParseTrailers(window[d.at:], lim)
	if n == 0 {
		return 0, err
	}
	return d.at + n, nil
}

// bodies begins machines that decode chunked content.
func bodies(t testing.TB, lim Limits) func() machine {
	return func() machine {
		d := new(decoder)
		return func(window []byte) reading {
			n, err := d.decode(window, &lim)
			r := reading{Done: n > 0 || err != nil, N: n, Err: refused(t, err)}
			if err == nil {
				r.Saw = fmt.Sprintf("%q %q", d.content, lines(&d.trailers))
			}
			return r
		}
	}
}

func TestChunks(t *testing.T) {
	for _, row := range []struct{ what, wire, want string }{
		{"no content", "0\r\n\r\n", `"" []`},
		{"one chunk", "5\r\nhello\r\n0\r\n\r\n", `"hello" []`},
		{"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", `"hello world" []`},
		{"content of CR and LF", "4\r\n\r\n\r\n\r\n0\r\n\r\n", `"\r\n\r\n" []`},
		{"content that spells a chunk", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", `"0\r\n\r\n" []`},
		{"hex in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", `"01234567890123456789" []`},
		{"leading zeros", "0000000000000005\r\nhello\r\n0000\r\n\r\n", `"hello" []`},
		{"a trailer field", "0\r\nA: 1\r\n\r\n", `"" ["A: 1"]`},
		{"trailer fields", "1\r\nx\r\n0\r\nA:1\r\nb:  2 \r\na: 3\r\n\r\n", `"x" ["A: 1" "b: 2" "a: 3"]`},
		{"all but the end", "1\r\nx\r\n0\r\nA: 1\r\n", `"x" []`},

		{"an extension", "1;a\r\nx\r\n0;b\r\n\r\n", `"x" []`},
		{"an extension with a value", "1;a=b\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"an extension with a quoted value", "1;a=\"b c\t\"\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"an empty quoted value", "1;a=\"\"\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"quoted pairs", `1;a="\"\\\;\ "` + "\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"semicolons and equals signs in quotes", "1;a=\";b=c\"\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"bytes from 0x80 up in quotes", "1;a=\"\x80\\\xff\"\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"several extensions", "1;a;b=c;d=\"e\";f\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"white space before the semicolon", "1 ;a\r\nx\r\n0\t \t;a\r\n\r\n", `"x" []`},
		{"white space behind the semicolon", "1; \ta\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"white space around the equals sign", "1;a \t=\t b\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"white space between extensions", "1;a ; b = \"c\" ; d = e ;f\r\nx\r\n0\r\n\r\n", `"x" []`},
		{"every kind of tchar", "1;!#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ\r\nx\r\n0\r\n\r\n", `"x" []`},
	} {
		t.Run(row.what, func(t *testing.T) {
			r := everyWay(t, bodies(t, DefaultLimits()), row.wire)
			if r.Err != "" || r.Saw != row.want || r.Done != strings.HasSuffix(row.wire, "\r\n\r\n") || r.Done && r.N != len(row.wire) {
				t.Errorf("%+v, want %s", r, row.want)
			}
		})
	}
}

func TestChunksRefused(t *testing.T) {
	for _, row := range []struct{ what, wire, want string }{
		{"no size", "\r\n", `400 "\r" is not a chunk size (RFC 9112 §7.1)`},
		{"no size, LF", "\n", `400 "\n" is not a chunk size (RFC 9112 §7.1)`},
		{"an extension without a size", ";a\r\n", `400 ";" is not a chunk size (RFC 9112 §7.1)`},
		{"a plus sign", "+1\r\n", `400 "+" is not a chunk size (RFC 9112 §7.1)`},
		{"a minus sign", "-1\r\n", `400 "-" is not a chunk size (RFC 9112 §7.1)`},
		{"a space before the size", " 1\r\n", `400 " " is not a chunk size (RFC 9112 §7.1)`},
		{"0x", "0x1\r\n", `400 "x" in or behind a chunk size (RFC 9112 §7.1.1)`},
		{"an underscore", "1_0\r\n", `400 "_" in or behind a chunk size (RFC 9112 §7.1.1)`},
		{"a letter behind F", "1g\r\n", `400 "g" in or behind a chunk size (RFC 9112 §7.1.1)`},
		{"a fraction", "1.0\r\n", `400 "." in or behind a chunk size (RFC 9112 §7.1.1)`},
		{"NUL", "1\x00\r\n", `400 "\x00" in or behind a chunk size (RFC 9112 §7.1.1)`},
		{"a digit outside ASCII", "\xb1\r\n", `400 "\xb1" is not a chunk size (RFC 9112 §7.1)`},
		{"a comma", "1,2\r\n", `400 "," in or behind a chunk size (RFC 9112 §7.1.1)`},
		{"a digit behind a space", "1 2\r\n", `400 "2" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"2^63", "8000000000000000\r\n", "400 chunk size out of range (RFC 9112 §7.1)"},
		{"2^64 - 1", "ffffffffffffffff\r\n", "400 chunk size out of range (RFC 9112 §7.1)"},
		{"2^64 + 1", "10000000000000001\r\n", "400 chunk size out of range (RFC 9112 §7.1)"},
		{"seventeen digits", "00000000000000001\r\n", "400 chunk size out of range (RFC 9112 §7.1)"},

		{"bare LF behind a size", "1\nx", "400 bare LF in a chunk size (RFC 9112 §2.2)"},
		{"bare CR behind a size", "1\rx", "400 bare CR in a chunk header (RFC 9112 §2.2)"},
		{"bare CR behind an extension", "1;a\r;b\r\n", "400 bare CR in a chunk header (RFC 9112 §2.2)"},
		{"two CRs", "1\r\r\n", "400 bare CR in a chunk header (RFC 9112 §2.2)"},
		{"bare LF behind content", "1\r\nx\n0\r\n\r\n", `400 "\n" where a chunk's content ends (RFC 9112 §7.1)`},
		{"bare CR behind content", "1\r\nx\r0\r\n\r\n", "400 bare CR in the end of a chunk's content (RFC 9112 §2.2)"},
		{"nothing behind content", "1\r\nx0\r\n\r\n", `400 "0" where a chunk's content ends (RFC 9112 §7.1)`},
		{"more content than its size", "1\r\nxy\r\n0\r\n\r\n", `400 "y" where a chunk's content ends (RFC 9112 §7.1)`},
		{"less content than its size", "3\r\nx\r\n0\r\n\r\n", `400 "0" where a chunk's content ends (RFC 9112 §7.1)`},
		{"an empty line behind content", "1\r\nx\r\n\r\n0\r\n\r\n", `400 "\r" is not a chunk size (RFC 9112 §7.1)`},

		{"white space and no extension", "1 \r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a tab and no extension", "1\t\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a semicolon alone", "1;\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a semicolon and white space", "1; \r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"two semicolons", "1;;a\r\n", `400 ";" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a semicolon at the end", "1;a;\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"white space at the end", "1;a \r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"white space behind a value", "1;a=b \r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"white space behind a quoted value", "1;a=\"b\"\t\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a name in quotes", "1;\"a\"\r\n", `400 "\"" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a name that is no token", "1;a@b\r\n", `400 "@" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"two names", "1;a b\r\n", `400 "b" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"no name before an equals sign", "1;=b\r\n", `400 "=" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"no value behind an equals sign", "1;a=\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"no value before a semicolon", "1;a=;b\r\n", `400 ";" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"two equals signs", "1;a==b\r\n", `400 "=" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a second value", "1;a=b=c\r\n", `400 "=" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"two values", "1;a=b c\r\n", `400 "c" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a quote inside a value", "1;a=b\"c\"\r\n", `400 "\"" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a word behind a quoted value", "1;a=\"b\"c\r\n", `400 "c" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a value outside ASCII", "1;a=\xff\r\n", `400 "\xff" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a control in a name", "1;a\x00\r\n", `400 "\x00" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"a quoted value without its end", "1;a=\"b\r\nx\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"CR in a quoted pair", "1;a=\"\\\r\n\"\r\n", `400 "\r" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"DEL in quotes", "1;a=\"\x7f\"\r\n", `400 "\x7f" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"NUL in a quoted pair", "1;a=\"\\\x00\"\r\n", `400 "\x00" in or behind a chunk extension (RFC 9112 §7.1.1)`},
		{"LF in a name", "1;a\n", "400 bare LF in a chunk extension (RFC 9112 §2.2)"},
		{"LF in quotes", "1;a=\"\n", "400 bare LF in a chunk extension (RFC 9112 §2.2)"},
		{"LF behind a quoted value", "1;a=\"\"\n", "400 bare LF in a chunk extension (RFC 9112 §2.2)"},
	} {
		t.Run(row.what, func(t *testing.T) {
			checkRefusal(t, everyWay(t, bodies(t, DefaultLimits()), row.wire).Err, row.want)
		})
	}
}

// The largest size that an int64 holds is one that Next returns, though nobody can send so much.
// Behind a chunk's content stands CRLF and nothing else, whatever the byte.
func TestOnlyCRLFEndsChunks(t *testing.T) {
	lim := DefaultLimits()
	for b := range 256 {
		for _, wire := range []string{"1\r\na" + string([]byte{byte(b)}) + "\n0\r\n\r\n", "1\r\na\r" + string([]byte{byte(b)}) + "0\r\n\r\n"} {
			if _, err := new(decoder).decode([]byte(wire), &lim); (err == nil) != (wire == "1\r\na\r\n0\r\n\r\n") {
				t.Errorf("%q: %v", wire, err)
			}
		}
	}
}

func TestLargestChunk(t *testing.T) {
	lim := DefaultLimits()
	for _, size := range []string{"7fffffffffffffff", "7FFFFFFFFFFFFFFF"} {
		var c Chunks
		if n, done, err := c.Next([]byte(size+"\r\nx"), &lim); n != 18 || !done || err != nil || c.Size != 1<<63-1 {
			t.Errorf("%s: size %d, %d, %v, %v", size, c.Size, n, done, err)
		}
	}
}

func TestTrailersRefused(t *testing.T) {
	for _, row := range []struct{ what, trailers, want string }{
		{"bare LF in place of the empty line", "\n", "400 bare LF in a field line (RFC 9112 §2.2)"},
		{"bare CR in place of the empty line", "\rx", "400 bare CR in a field line (RFC 9112 §2.2)"},
		{"bare LF", "A: 1\n\r\n", `400 bare LF in the field "A" (RFC 9112 §2.2)`},
		{"obs-fold", "A: 1\r\n 2\r\n\r\n", "400 a field line begins with white space (obs-fold) (RFC 9112 §5.2)"},
		{"white space before the colon", "A : 1\r\n\r\n", `400 white space between the field name "A" and its colon (RFC 9112 §5.1)`},
		{"an empty name", ": 1\r\n\r\n", "400 a field line without a name (RFC 9110 §5.1)"},
		{"a request", "GET / HTTP/1.1\r\n\r\n", `400 white space between the field name "GET" and its colon (RFC 9112 §5.1)`},
		{"NUL", "A: \x00\r\n\r\n", `400 control "\x00" in the field "A" (RFC 9110 §5.5)`},
		{"a fault in a field that is dropped", "Host: a\rb\r\n\r\n", `400 bare CR in the field "Host" (RFC 9112 §2.2)`},
	} {
		t.Run(row.what, func(t *testing.T) {
			checkRefusal(t, everyWay(t, bodies(t, DefaultLimits()), "0\r\n"+row.trailers).Err, row.want)
		})
	}
}

func TestForbiddenTrailersAreDropped(t *testing.T) {
	forbidden := strings.Fields("Transfer-Encoding Content-Length Host Connection Upgrade Keep-Alive Proxy-Connection Trailer TE " + // framing, routing
		"Authorization Proxy-Authorization Proxy-Authenticate WWW-Authenticate Cookie Set-Cookie " + // authentication
		"Cache-Control Expect Max-Forwards Pragma Range If-Match If-None-Match If-Modified-Since If-Unmodified-Since If-Range " + // modifiers
		"Age Date Expires Location Retry-After Vary Warning " + // response controls
		"Content-Encoding Content-Type Content-Range") // content format
	allowed := strings.Fields("Digest ETag Server-Timing X-Checksum Content-Lengt Contentlength Iffy I If Authentication-Info " +
		"Proxy-Authentication-Info A-name-longer-than-all-that-are-forbidden Hosts")
	wire, want := "0\r\n", []string{}
	for i := range max(len(forbidden), len(allowed)) {
		if i < len(forbidden) {
			wire += forbidden[i] + ": 1\r\n" + strings.ToLower(forbidden[i]) + ":\r\n" + strings.ToUpper(forbidden[i]) + ": 2\r\n"
		}
		if i < len(allowed) {
			wire += allowed[i] + ": 3\r\n"
			want = append(want, allowed[i]+": 3")
		}
	}
	d, lim := new(decoder), DefaultLimits()
	n, err := d.decode([]byte(wire+"\r\n"), &lim)
	if diff := cmp.Diff(want, lines(&d.trailers)); err != nil || n != len(wire)+2 || diff != "" {
		t.Errorf("%d of %d bytes, %v\n%s", n, len(wire)+2, err, diff)
	}
	if d.trailers.Get("Host") != "" || d.trailers.Get("DIGEST") != "3" || d.trailers.Len() != len(want) {
		t.Errorf("Host %q, Digest %q, %d", d.trailers.Get("Host"), d.trailers.Get("DIGEST"), d.trailers.Len())
	}
}
