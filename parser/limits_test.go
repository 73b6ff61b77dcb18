// Each limit one below, at and one above.

package parser

import (
	"strings"
	"testing"
)

// Each limit at one less than what the message needs, at just that, and at one more.
func TestLimits(t *testing.T) {
	const chunked = "1;a=b\r\nx\r\n2 ; c=\"d\"\r\nyz\r\n0;e\r\nA: 1\r\nB: 2\r\n\r\n"
	for _, row := range []struct {
		what  string
		begin func(testing.TB, Limits) func() machine
		wire  string
		need  int
		set   func(lim *Limits, n int)
		want  string
	}{
		{"head bytes", heads, get("A: 1\r\n"), 38, func(lim *Limits, n int) { lim.HeadBytes = n },
			"431 head of more than 37 bytes (RFC 6585 §5)"},
		{"head bytes without fields", heads, "GET / HTTP/1.0\r\n\r\n", 18, func(lim *Limits, n int) { lim.HeadBytes = n },
			"431 head of more than 17 bytes (RFC 6585 §5)"},
		{"head bytes with an empty line before", heads, "\r\n" + get(), 34, func(lim *Limits, n int) { lim.HeadBytes = n },
			"431 head of more than 33 bytes (RFC 6585 §5)"},
		{"target bytes", heads, "GET /23456789 HTTP/1.0\r\n\r\n", 9, func(lim *Limits, n int) { lim.TargetBytes = n },
			"414 request-target of more than 8 bytes (RFC 9110 §15.5.15)"},
		{"target bytes of a URI", heads, "GET http://a/?89 HTTP/1.0\r\n\r\n", 12, func(lim *Limits, n int) { lim.TargetBytes = n },
			"414 request-target of more than 11 bytes (RFC 9110 §15.5.15)"},
		{"field lines", heads, get("A: 1\r\n", "A: 1\r\n"), 3, func(lim *Limits, n int) { lim.Fields = n },
			"431 more than 2 field lines (RFC 6585 §5)"},
		{"field lines of a trailer section", bodies, chunked, 2, func(lim *Limits, n int) { lim.Fields = n },
			"431 more than 1 field lines (RFC 6585 §5)"},
		{"trailer bytes", bodies, chunked, 14, func(lim *Limits, n int) { lim.TrailerBytes = n },
			"431 trailer section of more than 13 bytes (RFC 6585 §5)"},
		{"trailer bytes of an empty section", bodies, "0\r\n\r\n", 2, func(lim *Limits, n int) { lim.TrailerBytes = n },
			"431 trailer section of more than 1 bytes (RFC 6585 §5)"},
		{"chunk extension bytes", bodies, chunked, len(";a=b") + len(` ; c="d"`) + len(";e"), func(lim *Limits, n int) { lim.ChunkExtBytes = n },
			"413 chunk extensions of more than 13 bytes (RFC 9112 §7.1.1)"},
		{"no chunk extensions", bodies, "0\r\n\r\n", 0, func(lim *Limits, n int) { lim.ChunkExtBytes = n }, ""},
		{"chunk overhead", bodies, chunked, len("1;a=b\r\n\r\n") - 1 + len("2 ; c=\"d\"\r\n\r\n") - 2 + len("0;e\r\n"),
			func(lim *Limits, n int) { lim.ChunkOverheadBytes = int64(n) },
			"413 chunk framing exceeds the content by more than 23 bytes (RFC 9112 §7.1.1)"},
		{"chunk overhead of the last chunk", bodies, "0\r\n\r\n", 3, func(lim *Limits, n int) { lim.ChunkOverheadBytes = int64(n) },
			"413 chunk framing exceeds the content by more than 2 bytes (RFC 9112 §7.1.1)"},
		{"chunk overhead at its worst", bodies, strings.Repeat("1\r\nx\r\n", 20) + "0\r\n\r\n", 20*4 + 3,
			func(lim *Limits, n int) { lim.ChunkOverheadBytes = int64(n) },
			"413 chunk framing exceeds the content by more than 82 bytes (RFC 9112 §7.1.1)"},
		{"content pays for its framing", bodies, "14\r\n01234567890123456789\r\n0\r\n\r\n", 0,
			func(lim *Limits, n int) { lim.ChunkOverheadBytes = int64(n) }, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			for _, n := range []int{row.need - 1, row.need, row.need + 1} {
				lim, want := DefaultLimits(), ""
				if n < row.need {
					if want = row.want; n < 0 {
						continue // there is no smaller limit
					}
				}
				row.set(&lim, n)
				r := everyWay(t, row.begin(t, lim), row.wire)
				if checkRefusal(t, r.Err, want); !r.Done || want == "" && r.N != len(row.wire) {
					t.Errorf("limit %d: %+v", n, r)
				}
			}
		})
	}
}

// A limit is enforced as soon as it is passed: nobody has to wait for the end of what is too long.
func TestLimitsDoNotWait(t *testing.T) {
	tight := Limits{HeadBytes: 40, TargetBytes: 10, Fields: 2, TrailerBytes: 10, ChunkExtBytes: 10, ChunkOverheadBytes: 10}
	wide := tight
	wide.TargetBytes = 1000
	for _, row := range []struct {
		what  string
		begin func() machine
		wire  string
		n     int // bytes that are enough to refuse it
		want  string
	}{
		{"a target without end", heads(t, tight), "GET /" + strings.Repeat("a", 50), 15, "414 request-target of more than 10 bytes (RFC 9110 §15.5.15)"},
		{"a head that is all target", heads(t, wide), "GET /" + strings.Repeat("a", 50), 40, "414 request line of more than 40 bytes (RFC 9110 §15.5.15)"},
		{"a head that is all request line", heads(t, wide), "GET /" + strings.Repeat("a", 30) + " HTTP/1.0\r\n\r\n", 40, "414 request line of more than 40 bytes (RFC 9110 §15.5.15)"},
		{"a head that ends with the request line", heads(t, wide), "GET /" + strings.Repeat("a", 24) + " HTTP/1.0\r\nA: 1\r\n\r\n", 40, "431 head of more than 40 bytes (RFC 6585 §5)"},
		{"a method without end", heads(t, DefaultLimits()), strings.Repeat("M", 80), 65, "501"},
		{"a field name without end", heads(t, tight), "GET / HTTP/1.0\r\n" + strings.Repeat("n", 50), 40, "431 head of more than 40 bytes (RFC 6585 §5)"},
		{"a value without end", heads(t, tight), "GET / HTTP/1.0\r\nn:" + strings.Repeat("v", 50), 40, "431 head of more than 40 bytes (RFC 6585 §5)"},
		{"a fault behind the limit", heads(t, tight), "GET / HTTP/1.0\r\nn:" + strings.Repeat("v", 22) + "\n", 40, "431 head of more than 40 bytes (RFC 6585 §5)"},
		{"a fault before the limit", heads(t, tight), "GET / HTTP/1.0\r\nn:" + strings.Repeat("v", 21) + "\n" + strings.Repeat("x", 50), 40, `400 bare LF in the field "n" (RFC 9112 §2.2)`},
		{"field lines without end", heads(t, tight), "GET / HTTP/1.0\r\n" + strings.Repeat("n:\r\n", 10), 28, "431 more than 2 field lines (RFC 6585 §5)"},
		{"trailers without end", bodies(t, tight), "0\r\nn:" + strings.Repeat("v", 50), 13, "431 trailer section of more than 10 bytes (RFC 6585 §5)"},
		{"an extension without end", bodies(t, tight), "1;" + strings.Repeat("e", 50), 12, "413 chunk extensions of more than 10 bytes (RFC 9112 §7.1.1)"},
		{"white space without end", bodies(t, tight), "1" + strings.Repeat(" ", 50), 12, "413 chunk extensions of more than 10 bytes (RFC 9112 §7.1.1)"},
		{"chunks without end", bodies(t, tight), strings.Repeat("1\r\nx\r\n", 10), 21, "413 chunk framing exceeds the content by more than 10 bytes (RFC 9112 §7.1.1)"},
	} {
		t.Run(row.what, func(t *testing.T) {
			checkRefusal(t, everyWay(t, row.begin, row.wire).Err, row.want)
			if r := row.begin()([]byte(row.wire[:row.n])); r.Err == "" {
				t.Errorf("%q is not refused", row.wire[:row.n])
			}
			if r := row.begin()([]byte(row.wire[:row.n-1])); r.Err != "" {
				t.Errorf("%q is refused with %q", row.wire[:row.n-1], r.Err)
			}
		})
	}
}

func TestNoLimitsAllowNothing(t *testing.T) {
	if got := heads(t, Limits{})()([]byte(get())); got.Err != "414 request line of more than 0 bytes (RFC 9110 §15.5.15)" {
		t.Errorf("%+v", got)
	}
	if got := bodies(t, Limits{})()([]byte("1\r\nx\r\n0\r\n\r\n")); !strings.HasPrefix(got.Err, "413 ") {
		t.Errorf("%+v", got)
	}
}
