// What becomes of each leftover under each budget.

package body_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// Every way in which content can be left. What is left of the connection is part of the outcome only where a request
// begins there.
func TestSettle(t *testing.T) {
	reset := errors.New("connection reset by peer")
	const chunked = parser.Chunked
	for _, row := range []struct {
		what    string
		framing parser.Framing
		wire    string // the first half of it comes by itself
		then    error  // what follows; nil: next, and silence
		read    int    // bytes that the handler reads; -1: to the end, or to an error
		budget  int64
		want    body.Leftover
		thrown  int64
	}{
		{"read to the end", 11, "hello world", nil, -1, 0, body.LeftoverNothing, 0},
		{"read to the last byte", 11, "hello world", nil, 11, 0, body.LeftoverNothing, 0},
		{"chunks read to the end", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, -1, 0, body.LeftoverNothing, 0},
		{"chunks and trailers read to the end", chunked, "1\r\nh\r\n0\r\nA: 1\r\n\r\n", nil, -1, 0, body.LeftoverNothing, 0},

		{"not read", 11, "hello world", nil, 0, 100, body.LeftoverDrained, 11},
		{"read in part", 11, "hello world", nil, 4, 100, body.LeftoverDrained, 7},
		{"chunks not read", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, 0, 100, body.LeftoverDrained, 21},
		{"no chunks, not read", chunked, "0\r\n\r\n", nil, 0, 100, body.LeftoverDrained, 5},
		{"chunks read in part", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, 4, 100, body.LeftoverDrained, 14},
		{"all content read, but not the last chunk", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, 11, 100, body.LeftoverDrained, 7},
		{"trailers not read", chunked, "b\r\nhello world\r\n0\r\nA: 1\r\n\r\n", nil, 11, 100, body.LeftoverDrained, 13},

		{"more than the budget", 11, "hello world", nil, 0, 10, body.LeftoverTooLong, 0},
		{"more than the budget, read in part", 11, "hello world", nil, 4, 6, body.LeftoverTooLong, 0},
		{"no budget", 11, "hello world", nil, 10, 0, body.LeftoverTooLong, 0},
		{"chunks, no budget", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, 11, 0, body.LeftoverTooLong, 0},
		{"a chunk of more than the budget", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, 0, 13, body.LeftoverTooLong, 3},
		{"a chunk read in part, more than the budget", chunked, "b\r\nhello world\r\n0\r\n\r\n", nil, 4, 7, body.LeftoverTooLong, 0},
		{"chunks of more than the budget together", chunked, "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n0\r\n\r\n", nil, 0, 14, body.LeftoverTooLong, 15},
		{"a huge chunk", chunked, "7fffffffffffffff\r\nhello", nil, 0, 1 << 40, body.LeftoverTooLong, 18},
		{"a huge length", 1<<63 - 1, "hello", nil, 0, 1 << 40, body.LeftoverTooLong, 0},

		{"an end that does not come", 11, "hello", os.ErrDeadlineExceeded, 0, 100, body.LeftoverTooSlow, 5},
		{"a chunk's end that does not come", chunked, "b\r\nhello", os.ErrDeadlineExceeded, 0, 100, body.LeftoverTooSlow, 8},
		{"a last chunk that does not come", chunked, "5\r\nhello\r\n", os.ErrDeadlineExceeded, 5, 100, body.LeftoverTooSlow, 2},
		{"a timeout of the handler's", 11, "hello", os.ErrDeadlineExceeded, -1, 100, body.LeftoverTooSlow, 0},
		{"a timeout of the handler's, chunks", chunked, "5\r\nhello\r\n", os.ErrDeadlineExceeded, -1, 100, body.LeftoverTooSlow, 0},

		{"the client closes", 11, "hello", io.EOF, 0, 100, body.LeftoverCut, 5},
		{"the client resets", 11, "hello", reset, 0, 100, body.LeftoverCut, 5},
		{"the client closes under the handler", 11, "hello", io.EOF, -1, 100, body.LeftoverCut, 0},
		{"the client closes before anything", 11, "", io.EOF, 0, 100, body.LeftoverCut, 0},
		{"the client closes in a chunk's header", chunked, "b", io.EOF, 0, 100, body.LeftoverCut, 1},
		{"the client closes in a chunk", chunked, "b\r\nhello", io.EOF, 0, 100, body.LeftoverCut, 8},
		{"the client closes behind a chunk", chunked, "5\r\nhello\r\n", io.EOF, 5, 100, body.LeftoverCut, 2},
		{"the client closes before the empty line", chunked, "5\r\nhello\r\n0\r\n", io.EOF, 5, 100, body.LeftoverCut, 5},
		{"the client closes in the trailers", chunked, "0\r\nA: 1\r\n", io.EOF, 0, 100, body.LeftoverCut, 3},
		{"the client closes under the handler, chunks", chunked, "5\r\nhello\r\n", io.EOF, -1, 100, body.LeftoverCut, 0},

		{"no chunk", chunked, "hello world", nil, 0, 100, body.LeftoverGarbled, 1},
		{"no chunk, seen by the handler", chunked, "hello world", nil, -1, 100, body.LeftoverGarbled, 0},
		{"garbled behind the first chunk", chunked, "5\r\nhello world", nil, 0, 100, body.LeftoverGarbled, 9},
		{"garbled behind a read chunk", chunked, "5\r\nhello world", nil, 5, 100, body.LeftoverGarbled, 1},
		{"garbled trailers", chunked, "0\r\nA 1\r\n\r\n", nil, 0, 100, body.LeftoverGarbled, 3},
		{"garbled trailers, seen by the handler", chunked, "0\r\nA 1\r\n\r\n", nil, -1, 100, body.LeftoverGarbled, 0},
	} {
		t.Run(row.what, func(t *testing.T) {
			behind := next
			if row.then != nil {
				behind = ""
			}
			s := sends(t, row.wire[:len(row.wire)/2], row.wire[len(row.wire)/2:]+behind).ends(row.then)
			r := reader(s, row.framing)
			if row.read < 0 {
				readAll(t, r, 100)
			} else {
				read(t, r, row.read)
			}
			foreseen := r.Foresee(in5s(row.budget))
			got, thrown := r.Settle(in5s(row.budget))
			if got != row.want || thrown != row.thrown {
				t.Errorf("settled to %v, %d bytes; want %v, %d", got, thrown, row.want, row.thrown)
			}
			if foreseen != got && foreseen != body.LeftoverDrained {
				t.Errorf("foreseen %v, settled to %v", foreseen, got)
			}
			if got.Boundary() && s.rest() != next {
				t.Errorf("%v, but %q is next", got, s.rest())
			}
			s.revoke()
			if again, n := r.Settle(in5s(1000)); again != got || n != thrown {
				t.Errorf("settled again to %v, %d bytes; it was %v, %d", again, n, got, thrown)
			}
			if again := r.Foresee(body.Budget{}); again != got {
				t.Errorf("settled to %v, foreseen %v then", got, again)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != body.ErrClosed {
				t.Errorf("a read after that gives %d bytes and %v", n, err)
			}
		})
	}
}

// A client that waits to be asked is asked by nobody but the handler. If it sends without being asked, it is read.
func TestSettleUnasked(t *testing.T) {
	for _, m := range messages {
		for _, row := range []struct {
			what   string
			came   int // bytes received
			read   int
			budget int64
			want   body.Leftover
		}{
			{"nothing came", 0, 0, 1000, body.LeftoverUnasked},
			{"nothing came, no budget", 0, 0, 0, body.LeftoverUnasked},
			{"a byte came", 1, 0, 1000, body.LeftoverDrained},
			{"a byte came, no budget", 1, 0, 0, body.LeftoverTooLong},
			{"asked, nothing came", 0, 1, 1000, body.LeftoverDrained},
		} {
			t.Run(m.name+", "+row.what, func(t *testing.T) {
				s := sends(t, append(strings.Split(m.wire, ""), next)...).received(row.came)
				r := body.NewReader(s, m.framing, true, &limits)
				read(t, r, row.read)
				foreseen := r.Foresee(in5s(row.budget))
				l, n := r.Settle(in5s(row.budget))
				if l != row.want || foreseen != row.want || l == body.LeftoverUnasked && n != 0 || s.asked != row.read {
					t.Errorf("foreseen %v, settled to %v, %d bytes; asked %d times", foreseen, l, n, s.asked)
				}
				if l.Boundary() && s.rest() != next {
					t.Errorf("%v, but %q is next", l, s.rest())
				}
			})
		}
	}
}

// What Foresee knows without I/O decides whether the response can promise to keep the connection.
func TestForesee(t *testing.T) {
	const chunked = parser.Chunked
	for _, row := range []struct {
		what    string
		framing parser.Framing
		wire    string
		read    int
		budget  int64
		want    body.Leftover
	}{
		{"a length of the budget", 11, "", 0, 11, body.LeftoverDrained},
		{"a length over the budget", 11, "", 0, 10, body.LeftoverTooLong},
		{"the rest of a length is the budget", 11, "hello", 5, 6, body.LeftoverDrained},
		{"the rest of a length is over the budget", 11, "hello", 5, 5, body.LeftoverTooLong},
		{"a length, all read", 5, "hello", 5, 0, body.LeftoverNothing},
		{"unknown chunks", chunked, "", 0, 1, body.LeftoverDrained},
		{"unknown chunks, no budget", chunked, "", 0, 0, body.LeftoverTooLong},
		{"unknown chunks that are in the window", chunked, "b\r\nhello world\r\n0\r\n\r\n", 0, 1, body.LeftoverDrained},
		{"the rest of a chunk fits the budget", chunked, "b\r\nhello", 5, 7, body.LeftoverDrained},
		{"the rest of a chunk is the budget, and there is framing behind it", chunked, "b\r\nhello", 5, 6, body.LeftoverTooLong},
		{"behind a chunk", chunked, "5\r\nhello", 5, 1, body.LeftoverDrained},
		{"behind a chunk, no budget", chunked, "5\r\nhello", 5, 0, body.LeftoverTooLong},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := sends(t, row.wire)
			r := reader(s, row.framing)
			read(t, r, row.read)
			s.notes = true
			if got := r.Foresee(in5s(row.budget)); got != row.want || s.calls != nil {
				t.Errorf("foreseen %v, want %v; calls %q", got, row.want, s.calls)
			}
		})
	}
}

// A leftover is thrown away past the window where it is content, and never asked for beyond its end.
func TestDiscard(t *testing.T) {
	for _, row := range []struct {
		what    string
		framing parser.Framing
		pieces  []string
		want    string
	}{
		{"a fixed length", 9000, []string{text(4000), text(5000) + next}, "SetDrainDeadline, Discard 9000, Discard 5000"},
		{
			"a chunk", parser.Chunked, []string{"1388\r\nab", text(4998) + "\r\n0\r\n\r\n" + next},
			"SetDrainDeadline, Fill, Discard 4998, Fill",
		},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := sends(t, row.pieces...)
			s.notes = true
			l, _ := reader(s, row.framing).Settle(in5s(10_000))
			if calls := strings.Join(s.calls, ", "); l != body.LeftoverDrained || calls != row.want || s.rest() != next {
				t.Errorf("%v; calls %s, and %q is next", l, calls, s.rest())
			}
		})
	}
}

// Content that was given up is of no more use, even if its end comes into reach.
func TestAbandon(t *testing.T) {
	for _, m := range messages {
		for _, had := range []int{0, 5, 10} {
			s := sends(t, m.wire+next)
			r := reader(s, m.framing)
			read(t, r, had)
			r.Abandon()
			s.notes = true
			if n, err := r.Read(make([]byte, 100)); n != 0 || err != body.ErrAbandoned {
				t.Errorf("%s: a read gives %d bytes and %v", m.name, n, err)
			}
			if l := r.Foresee(in5s(1000)); l != body.LeftoverTooLong {
				t.Errorf("%s: foreseen %v", m.name, l)
			}
			if l, n := r.Settle(in5s(1000)); l != body.LeftoverTooLong || n != 0 || s.calls != nil {
				t.Errorf("%s: settled to %v, %d bytes, calls %q", m.name, l, n, s.calls)
			}
		}
	}
}

// Whoever gives the content up throws bytes away that he takes for content. If a read has come to its end meanwhile, they
// were not: then nobody knows what the connection's next byte is.
func TestAbandonAtTheEnd(t *testing.T) {
	for _, m := range messages {
		r := reader(sends(t, m.wire+next), m.framing)
		readAll(t, r, 100)
		r.Abandon()
		if l, _ := r.Settle(in5s(1000)); l.Boundary() {
			t.Errorf("%s: settled to %v", m.name, l)
		}
	}
}

func TestLeftover(t *testing.T) {
	for l, row := range []struct {
		name     string
		boundary bool
	}{
		{"nothing", true}, {"drained", true}, {"too long", false}, {"too slow", false}, {"unasked", false}, {"cut", false},
		{"garbled", false},
	} {
		if l := body.Leftover(l); l.String() != row.name || l.Boundary() != row.boundary {
			t.Errorf("leftover %d is %q, boundary %v", l, l, l.Boundary())
		}
	}
	if body.Leftovers != 7 {
		t.Errorf("%d leftovers", body.Leftovers)
	}
}
