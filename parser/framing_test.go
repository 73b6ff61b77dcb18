// Where a request's content ends, and which heads leave that open.

package parser

import (
	"strings"
	"testing"
)

func TestFraming(t *testing.T) {
	for _, row := range []struct {
		what, fields string
		want         Framing
	}{
		{"neither field: no content", "", 0},
		{"a Content-Length", "Content-Length: 5\r\n", 5},
		{"its name in any case", "cONTENT-lENGTH: 5\r\n", 5},
		{"white space around it", "Content-Length: \t 5 \t\r\n", 5},
		{"no content, by its length", "Content-Length: 0\r\n", 0},
		{"leading zeros", "Content-Length: 00000000000000000000000000005\r\n", 5},
		{"the largest int64", "Content-Length: 9223372036854775807\r\n", 1<<63 - 1},
		{"chunked", "Transfer-Encoding: chunked\r\n", Chunked},
		{"its name and value in any case", "TRANSFER-encoding: cHuNkEd\r\n", Chunked},
		{"white space around chunked", "Transfer-Encoding:\t chunked \t\r\n", Chunked},
		{"fields of the same length", "Content-Lengt0: 7\r\nTransfer-Encodin0: chunked\r\n", 0},
		{"lookalike values in others", "X-Length: 5\r\nTE: chunked\r\n", 0},
	} {
		t.Run(row.what, func(t *testing.T) {
			for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS", "BREW"} {
				h := accept(t, method+" / HTTP/1.1\r\nHost: a.test\r\n"+row.fields+"\r\n")
				if got, err := FramingOf(h); got != row.want || err != nil {
					t.Errorf("%s: %d, %v; want %d", method, got, err, row.want)
				}
			}
		})
	}
}

func TestContentLengthRefused(t *testing.T) {
	for _, row := range []struct{ what, value, want string }{
		{"empty", "", "400 an empty Content-Length (RFC 9110 §8.6)"},
		{"a plus sign", "+5", `400 Content-Length "+5" is not a number (RFC 9110 §8.6)`},
		{"a minus sign", "-5", `400 Content-Length "-5" is not a number (RFC 9110 §8.6)`},
		{"minus zero", "-0", `400 Content-Length "-0" is not a number (RFC 9110 §8.6)`},
		{"hex", "0x5", `400 Content-Length "0x5" is not a number (RFC 9110 §8.6)`},
		{"a hex digit", "a", `400 Content-Length "a" is not a number (RFC 9110 §8.6)`},
		{"an underscore", "1_0", `400 Content-Length "1_0" is not a number (RFC 9110 §8.6)`},
		{"a fraction", "5.0", `400 Content-Length "5.0" is not a number (RFC 9110 §8.6)`},
		{"an exponent", "5e0", `400 Content-Length "5e0" is not a number (RFC 9110 §8.6)`},
		{"a space inside", "1 0", `400 Content-Length "1 0" is not a number (RFC 9110 §8.6)`},
		{"quoted", `"5"`, `400 Content-Length "\"5\"" is not a number (RFC 9110 §8.6)`},
		{"a list of equal values", "5, 5", `400 Content-Length "5, 5" is not a number (RFC 9110 §8.6)`},
		{"a list of different values", "5,6", `400 Content-Length "5,6" is not a number (RFC 9110 §8.6)`},
		{"a list with an empty element", "5,", `400 Content-Length "5," is not a number (RFC 9110 §8.6)`},
		{"a word", "chunked", `400 Content-Length "chunked" is not a number (RFC 9110 §8.6)`},
		{"digits outside ASCII", "\xd9\xa5", `400 Content-Length "\u0665" is not a number (RFC 9110 §8.6)`},
		{"one more than int64 holds", "9223372036854775808", `400 Content-Length "9223372036854775808" is out of range (RFC 9110 §8.6)`},
		{"2^64 + 5", "18446744073709551621", `400 Content-Length "18446744073709551621" is out of range (RFC 9110 §8.6)`},
		{"a number cut in its error", strings.Repeat("9", 50), `400 Content-Length "` + strings.Repeat("9", 40) + `"… is out of range (RFC 9110 §8.6)`},
	} {
		t.Run(row.what, func(t *testing.T) {
			checkRefusal(t, framingRefusal(t, get("Content-Length: "+row.value+"\r\n")), row.want)
			checkRefusal(t, framingRefusal(t, "GET / HTTP/1.0\r\nContent-Length: "+row.value+"\r\n\r\n"), row.want)
		})
	}
}

func TestTransferEncodingRefused(t *testing.T) {
	const misplaced = ": chunked must come once, last and bare (RFC 9112 §6.1)"
	for _, row := range []struct{ what, value, want string }{
		{"another coding", "gzip", `501 transfer coding "gzip" (RFC 9112 §6.1)`},
		{"another coding before chunked", "gzip, chunked", `501 transfer coding "gzip" (RFC 9112 §6.1)`},
		{"another coding with a parameter", "gzip;level=9, chunked", `501 transfer coding "gzip" (RFC 9112 §6.1)`},
		{"two others", "gzip,br", `501 transfer coding "br" (RFC 9112 §6.1)`},
		{"identity, which is none any more", "identity", `501 transfer coding "identity" (RFC 9112 §6.1)`},
		{"identity before chunked", "identity, chunked", `501 transfer coding "identity" (RFC 9112 §6.1)`},
		{"a lookalike", "xchunked", `501 transfer coding "xchunked" (RFC 9112 §6.1)`},
		{"the beginning of chunked", "chunke", `501 transfer coding "chunke" (RFC 9112 §6.1)`},

		{"chunked before another", "chunked, gzip", `400 Transfer-Encoding "chunked, gzip"` + misplaced},
		{"chunked twice", "chunked, chunked", `400 Transfer-Encoding "chunked, chunked"` + misplaced},
		{"chunked around another", "chunked, gzip, chunked", `400 Transfer-Encoding "chunked, gzip, chunked"` + misplaced},
		{"another before chunked twice", "gzip, chunked, chunked", `400 Transfer-Encoding "gzip, chunked, chunked"` + misplaced},
		{"an empty element behind chunked", "chunked,", `400 Transfer-Encoding "chunked,"` + misplaced},
		{"a parameter of chunked", "chunked;a=b", `400 Transfer-Encoding "chunked;a=b"` + misplaced},

		{"empty", "", `400 malformed Transfer-Encoding "" (RFC 9112 §7)`},
		{"an empty element", ", chunked", `400 malformed Transfer-Encoding ", chunked" (RFC 9112 §7)`},
		{"a semicolon behind chunked", "chunked;", `400 malformed Transfer-Encoding "chunked;" (RFC 9112 §7)`},
		{"a space in chunked", "chun ked", `400 malformed Transfer-Encoding "chun ked" (RFC 9112 §7)`},
		{"two words", "gzip chunked", `400 malformed Transfer-Encoding "gzip chunked" (RFC 9112 §7)`},
		{"quoted", `"chunked"`, `400 malformed Transfer-Encoding "\"chunked\"" (RFC 9112 §7)`},
		{"a colon before it", ": chunked", `400 malformed Transfer-Encoding ": chunked" (RFC 9112 §7)`},
		{"a byte outside ASCII", "chunked\xa0", `400 malformed Transfer-Encoding "chunked\xa0" (RFC 9112 §7)`},
		{"a Kelvin sign", "chun\u212aed", `400 malformed Transfer-Encoding "chun\u212aed" (RFC 9112 §7)`},
	} {
		t.Run(row.what, func(t *testing.T) {
			checkRefusal(t, framingRefusal(t, get("Transfer-Encoding: "+row.value+"\r\n")), row.want)
		})
	}
	for _, control := range []string{"\v", "\f", "\x00", "\x7f"} {
		checkRefusal(t, refusal(t, get("Transfer-Encoding: "+control+"chunked\r\n")), "400")
		checkRefusal(t, refusal(t, get("Transfer-Encoding: chunked"+control+"\r\n")), "400")
	}
}

func TestFramingRefused(t *testing.T) {
	const both = "400 Content-Length and Transfer-Encoding in one request (RFC 9112 §6.1)"
	for _, row := range []struct{ what, head, want string }{
		{"both fields", get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), both},
		{"both fields, the other way round", get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), both},
		{"both fields, both wrong", get("Transfer-Encoding: x\r\nContent-Length: x\r\n"), both},
		{"both fields, both empty", get("Transfer-Encoding:\r\nContent-Length:\r\n"), both},
		{"both fields in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", both},
		{"two equal Content-Lengths", get("Content-Length: 5\r\ncontent-length: 5\r\n"), "400 2 Content-Length fields (RFC 9112 §6.3)"},
		{"two different ones", get("Content-Length: 5\r\nA: 1\r\nContent-Length: 6\r\n"), "400 2 Content-Length fields (RFC 9112 §6.3)"},
		{"three, one of them empty", get("Content-Length: 5\r\nContent-Length:\r\nContent-Length: 5\r\n"), "400 3 Content-Length fields (RFC 9112 §6.3)"},
		{"two Transfer-Encodings", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
			`400 Transfer-Encoding "chunked, chunked": chunked must come once, last and bare (RFC 9112 §6.1)`},
		{"another coding in another line", get("Transfer-Encoding: gzip\r\nA: 1\r\nTransfer-Encoding: chunked\r\n"),
			`501 transfer coding "gzip" (RFC 9112 §6.1)`},
		{"chunked and an empty line", get("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n"),
			`400 Transfer-Encoding "chunked, ": chunked must come once, last and bare (RFC 9112 §6.1)`},
		{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Transfer-Encoding in an HTTP/1.0 request (RFC 9112 §6.1)"},
		{"another coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", "400 Transfer-Encoding in an HTTP/1.0 request (RFC 9112 §6.1)"},
		{"chunked in CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Transfer-Encoding in a CONNECT request (RFC 9110 §9.3.6)"},
		{"content in CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "400 content in a CONNECT request (RFC 9110 §9.3.6)"},
		{"no content in CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", ""},
		{"a Content-Length in HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", ""},
		{"chunked in HTTP/1.2", "POST / HTTP/1.2\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			if got := framingRefusal(t, row.head); got != row.want {
				t.Errorf("refused with %q\n          want %q", got, row.want)
			}
		})
	}
}

// framingRefusal returns how the framing of an accepted head is refused. Nothing may be believed of it then.
func framingRefusal(t *testing.T, head string) string {
	t.Helper()
	framing, err := FramingOf(accept(t, head))
	if err != nil && framing != 0 {
		t.Errorf("%q is refused, and framed as %d", head, framing)
	}
	return refused(t, err)
}
