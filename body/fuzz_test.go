// Content in pieces of any size, read and settled in any way.

package body_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// inPieces cuts wire into pieces of the given sizes and a rest.
func inPieces(wire string, sizes []byte) []string {
	pieces := []string{}
	for _, n := range sizes {
		n := min(int(n), len(wire))
		pieces, wire = append(pieces, wire[:n]), wire[n:]
	}
	return append(pieces, wire)
}

// tight are limits that bite within a fuzzer's reach.
var tight = parser.Limits{Fields: 2, TrailerBytes: 30, ChunkExtBytes: 12, ChunkOverheadBytes: 40}

// framingOf turns a fuzzer's number into a framing: chunked, or a length.
func framingOf(length int16) parser.Framing {
	if length <= 0 {
		return parser.Chunked
	}
	return parser.Framing(length)
}

// everything is what can be known of a Reader that was read to its end.
type everything struct {
	Content, Err string
	Remaining    int64
	Ended        bool
	Trailers     string
	Rest         string // behind a clean end
}

func readEverything(t testing.TB, s *source, framing parser.Framing, limit int64, lim *parser.Limits, sizes []byte) everything {
	r := body.NewReader(s, framing, false, lim)
	r.Limit(limit)
	var b bytes.Buffer
	var err error
	for i := 0; err == nil; i++ {
		p := make([]byte, 4096)
		if len(sizes) > 0 {
			p = p[:int(sizes[i%len(sizes)])*11+1] // on both sides of what is read directly
		}
		var n int
		n, err = r.Read(p)
		b.Write(p[:n])
	}
	e := everything{Content: b.String(), Err: fmt.Sprint(err), Remaining: r.Remaining(), Ended: r.Ended()}
	for name, value := range r.Trailers().All() {
		e.Trailers += name + ": " + value + "\n"
	}
	if err == io.EOF {
		e.Rest = s.rest()
	}
	if r.Received() != int64(len(e.Content)) {
		t.Errorf("%d bytes received of %d", r.Received(), len(e.Content))
	}
	return e
}

// FuzzRead reads the same bytes twice, the second time in pieces: what they say does not depend on how they come.
func FuzzRead(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte(m.wire+next), int16(m.framing), int16(100), []byte{1, 1, 1, 3, 1}, []byte{0, 1}, false)
	}
	f.Add([]byte("14\r\n01234567890123456789\r\n1 ; a = b\r\nx\r\n0;c\r\nA: 1\r\nB: 2\r\n\r\n"), int16(-1), int16(21), []byte{3, 1, 30, 4}, []byte{2}, true)
	f.Add([]byte("1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"), int16(-1), int16(3), []byte{2, 2, 2, 2}, []byte{0}, true)
	f.Add([]byte("hel"), int16(11), int16(100), []byte{2}, []byte{}, false)
	f.Fuzz(func(t *testing.T, wire []byte, length, limit int16, pieces, sizes []byte, narrow bool) {
		lim, framing := &limits, framingOf(length)
		if narrow {
			lim = &tight
		}
		whole := readEverything(t, sends(t, string(wire)).ends(io.EOF), framing, int64(limit), lim, nil)
		parts := readEverything(t, sends(t, inPieces(string(wire), pieces)...).ends(io.EOF), framing, int64(limit), lim, sizes)
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Errorf("%q in pieces %d, read by %d (-whole +so):\n%s", wire, pieces, sizes, diff)
		}
	})
}

// FuzzChunked compares with httputil, whose limits on lines of 4 KiB and on framing without content are not met.
func FuzzChunked(f *testing.F) {
	for _, m := range messages[1:] {
		f.Add([]byte(m.wire), []byte{1, 2, 3})
	}
	for _, wire := range []string{
		"a\r\n0123456789\r\nA\r\n", "7fffffffffffffff\r\nx", "00\r\n\r\n", "1 ;a = \"\t;\"\r\n\n\r\n0\r\n", "1\r\nx\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n",
		"5\r\nhello\r\n0\r\nA 1\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5;\r\nhello\r\n0\r\n\r\n", "\r\n0\r\n\r\n",
	} {
		f.Add([]byte(wire), []byte{})
	}
	lim := limits
	lim.ChunkExtBytes, lim.ChunkOverheadBytes = 1000, 10_000
	f.Fuzz(func(t *testing.T, wire, pieces []byte) {
		if len(wire) > 10_000 {
			return
		}
		if hugeChunk.Match(wire) {
			return
		}
		s := sends(t, inPieces(string(wire), pieces)...).ends(io.EOF)
		ours, err := copyAll(body.NewReader(s, parser.Chunked, false, &lim))
		b, failed := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(wire)))
		theirs := string(b)
		var cut *body.CutError
		switch {
		case err == nil && failed == nil || errors.As(err, &cut):
			if ours != theirs && !spaceBeforeExt.Match(wire) {
				t.Errorf("%q is %q, %v; httputil reads %q, %v", wire, ours, err, theirs, failed)
			}
		case err == nil:
			if !spaceBeforeExt.Match(wire) || !strings.HasPrefix(ours, theirs) {
				t.Errorf("%q is %q; httputil reads %q, %v", wire, ours, theirs, failed)
			}
		case !strings.HasPrefix(theirs, ours) && !spaceBeforeExt.Match(wire): // garbled; httputil may not mind
			t.Errorf("%q is %q, %v; httputil reads %q, %v", wire, ours, err, theirs, failed)
		}
	})
}

var (
	// httputil refuses the white space that RFC 9112 §7.1.1 has recipients accept.
	spaceBeforeExt = regexp.MustCompile(`[0-9A-Fa-f][ \t]+;`)
	// It counts framing against content in an int64 that twice a chunk's size overflows.
	hugeChunk = regexp.MustCompile(`[4-9A-Fa-f][0-9A-Fa-f]{15}`)
)

// encode frames content, and returns for each number of content bytes how far into the wire the last of them ends. The
// plan has a byte for each chunk: its size, and in the high bits whether it has an extension and leading zeros.
func encode(content string, framing parser.Framing, plan []byte, trailers int) (wire string, ends []int) {
	ends = []int{0}
	if framing != parser.Chunked {
		for i := range len(content) {
			ends = append(ends, i+1)
		}
		return content, ends
	}
	var b strings.Builder
	extensions := []string{"", ";a", " ; a = \"b;\\\"\""}
	for i := 0; len(content) > 0; i++ {
		size, kind := len(content), 0
		if i < len(plan) {
			size, kind = min(max(int(plan[i]&31), 1), len(content)), int(plan[i]>>5)
		}
		fmt.Fprintf(&b, "%0*x%s\r\n", 1+kind/3*5, size, extensions[kind%3])
		for range size {
			b.WriteByte(content[0])
			content = content[1:]
			ends = append(ends, b.Len())
		}
		b.WriteString("\r\n")
	}
	b.WriteString("0\r\n")
	for i := range trailers {
		fmt.Fprintf(&b, "Trailer-%d: value\r\n", i)
	}
	b.WriteString("\r\n")
	return b.String(), ends
}

// FuzzSettle settles messages whose every byte is known beforehand. Whatever was read, the budget is exact, the next
// request is untouched, and the connection stands exactly before it if that is what Settle says.
func FuzzSettle(f *testing.F) {
	f.Add("hello world", true, []byte{}, uint8(0), uint8(5), int16(0), []byte{1, 2, 3})
	f.Add("hello world", false, []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, uint8(0), uint8(5), int16(-1), []byte{20, 1, 1, 1, 1, 1})
	f.Add("hello world", false, []byte{3 | 1<<5, 1 | 2<<5, 2 | 4<<5}, uint8(2), uint8(11), int16(1), []byte{})
	f.Add(next+next+next, false, []byte{31, 31, 31}, uint8(1), uint8(20), int16(0), []byte{255})
	f.Add("", false, []byte{}, uint8(0), uint8(0), int16(0), []byte{1})
	f.Fuzz(func(t *testing.T, content string, fixed bool, plan []byte, trailers, had uint8, more int16, pieces []byte) {
		framing := parser.Chunked
		if fixed {
			framing = parser.Framing(len(content))
		}
		wire, ends := encode(content, framing, plan, int(trailers%8))
		k := min(int(had), len(content))
		left := int64(len(wire) - ends[k])
		budget := max(left+int64(more), 0) // around the number at which the outcome changes
		s := sends(t, inPieces(wire+next, pieces)...)
		r := body.NewReader(s, framing, false, &limits)
		if got := read(t, r, k); got != content[:k] {
			t.Fatalf("%q begins with %q", wire, got)
		}
		foreseen := r.Foresee(in5s(budget))
		l, thrown := r.Settle(in5s(budget))
		rest := s.rest()
		want := body.LeftoverDrained
		switch {
		case left == 0:
			want = body.LeftoverNothing
		case left > budget:
			want = body.LeftoverTooLong
		}
		if l != want || l == body.LeftoverDrained && thrown != left || foreseen != l && foreseen != body.LeftoverDrained {
			t.Errorf("%q, %d read, %d left, a budget of %d: foreseen %v, settled to %v, %d bytes", wire, k, left, budget, foreseen, l, thrown)
		}
		if !strings.HasSuffix(rest, next) || l.Boundary() && rest != next {
			t.Errorf("%q, %d read, a budget of %d: %v, and %q is next", wire, k, budget, l, rest)
		}
	})
}

// FuzzSettleAnything settles what may be no message at all. It is left as it would be found by reading it, and the
// connection stands where that would have ended, or nowhere.
func FuzzSettleAnything(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte(m.wire+next), int16(m.framing), uint8(3), int16(100), []byte{1, 5, 3}, false)
		f.Add([]byte(m.wire[:len(m.wire)-1]), int16(m.framing), uint8(3), int16(100), []byte{}, false)
	}
	f.Add([]byte("5\r\nhello world"), int16(-1), uint8(5), int16(20), []byte{4}, true)
	f.Add([]byte("5\r\nhello\r\n0\r\nA: 1\r\nB 2\r\n\r\n"), int16(-1), uint8(0), int16(100), []byte{4, 4}, true)
	f.Fuzz(func(t *testing.T, wire []byte, length int16, had uint8, budget int16, pieces []byte, narrow bool) {
		lim, framing := &limits, framingOf(length)
		if narrow {
			lim = &tight
		}
		whole := sends(t, string(wire)).ends(io.EOF)
		content, err := copyAll(body.NewReader(whole, framing, false, lim))
		s := sends(t, inPieces(string(wire), pieces)...).ends(io.EOF)
		r := body.NewReader(s, framing, false, lim)
		read(t, r, min(int(had), len(content)))
		l, thrown := r.Settle(in5s(int64(budget)))
		var cut *body.CutError
		var garbled *body.GarbledError
		var possible bool
		switch l {
		case body.LeftoverNothing, body.LeftoverDrained:
			possible = err == nil && s.rest() == whole.rest()
		case body.LeftoverTooLong:
			possible = true
		case body.LeftoverCut:
			possible = errors.As(err, &cut)
		case body.LeftoverGarbled:
			possible = errors.As(err, &garbled)
		}
		if !possible || l == body.LeftoverNothing && thrown != 0 || l == body.LeftoverDrained && thrown > max(int64(budget), 0) {
			t.Errorf("%q, %d read: %v, %d bytes, and %q is next; to be read: %v, and %q is next", wire, had, l, thrown, s.rest(), err, whole.rest())
		}
	})
}
