// What a leftover may cost, in bytes and in time.

package body_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// The budget is exact to the byte of the wire, whatever of the content has been read and however the rest comes.
func TestBudgetInBytes(t *testing.T) {
	for _, m := range messages {
		for had, left := range m.left {
			for _, budget := range []int64{0, left - 1, left, left + 1, 1 << 40} {
				if budget < 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s, %d read, %d of %d", m.name, had, budget, left), func(t *testing.T) {
					for pieces := range waysToSend(m.wire + next) {
						settleExactly(t, m, pieces, had, budget)
					}
				})
			}
		}
	}
}

func settleExactly(t *testing.T, m message, pieces []string, had int, budget int64) {
	left := m.left[had]
	want := body.LeftoverDrained
	switch {
	case left == 0:
		want = body.LeftoverNothing
	case left > budget:
		want = body.LeftoverTooLong
	}
	s := sends(t, pieces...)
	r := reader(s, m.framing)
	read(t, r, had)
	foreseen := r.Foresee(in5s(budget))
	got, thrown := r.Settle(in5s(budget))
	if got != want {
		t.Fatalf("%q: settled to %v, %d bytes; want %v", pieces, got, thrown, want)
	}
	if want == body.LeftoverDrained && thrown != left || want == body.LeftoverNothing && thrown != 0 || want == body.LeftoverTooLong && thrown > left {
		t.Fatalf("%q: %v, %d bytes thrown away", pieces, got, thrown)
	}
	if foreseen != got && (m.framing > 0 || foreseen != body.LeftoverDrained) {
		t.Fatalf("%q: foreseen %v, settled to %v", pieces, foreseen, got)
	}
	if rest := s.rest(); want != body.LeftoverTooLong && rest != next || !strings.HasSuffix(rest, next) {
		t.Fatalf("%q: %v, and %q is next", pieces, got, rest)
	}
	if m.framing > 0 && want == body.LeftoverTooLong && thrown != 0 {
		t.Fatalf("%q: %d bytes thrown away in vain", pieces, thrown)
	}
}

// A million one-byte chunks cost their six million bytes of the budget, and none of the budget's bytes twice.
func TestAMillionChunks(t *testing.T) {
	const million = 1_000_000
	const wire = 6*million + 5
	lim := limits
	lim.ChunkOverheadBytes = 1 << 40
	chunks := []byte(strings.Repeat("1\r\nx\r\n", million) + "0\r\n\r\n" + next)
	for _, row := range []struct {
		what   string
		lim    parser.Limits
		budget int64
		want   body.Leftover
		thrown int64
	}{
		{"the budget's bytes less one", lim, wire - 1, body.LeftoverTooLong, wire},
		{"the budget's bytes", lim, wire, body.LeftoverDrained, wire},
		{"a budget of 256 KiB", lim, 256 << 10, body.LeftoverTooLong, 256<<10 + 5}, // up to the next chunk's content
		{"1 MiB of overhead, at four bytes a chunk", limits, wire, body.LeftoverGarbled, 262_145*6 - 3},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := &window{all: chunks}
			r := body.NewReader(w, parser.Chunked, false, &row.lim)
			l, thrown := r.Settle(in5s(row.budget))
			if l != row.want || thrown != row.thrown {
				t.Errorf("%v, %d bytes; want %v, %d", l, thrown, row.want, row.thrown)
			}
			if rest := string(w.Window()); l == body.LeftoverDrained && rest != next {
				t.Errorf("%q is next", rest)
			}
		})
	}
}

// Everything on the wire counts against the budget: extensions, leading zeros, white space, trailers.
func TestBudgetCountsFraming(t *testing.T) {
	for _, row := range []struct{ what, wire string }{
		{"a long extension", "1;a=" + text(10_000) + "\r\nx\r\n0\r\n\r\n"},
		{"a long quoted extension", "1;a=\"" + text(10_000) + "\"\r\nx\r\n0\r\n\r\n"},
		{"an extension of the last chunk", "1\r\nx\r\n0;a=" + text(10_000) + "\r\n\r\n"},
		{"white space", "1" + strings.Repeat(" \t", 5000) + ";a\r\nx\r\n0\r\n\r\n"},
		{"leading zeros", "0000000000000001\r\nx\r\n0000000000000000\r\n\r\n"},
		{"a long trailer", "1\r\nx\r\n0\r\nA: " + text(10_000) + "\r\n\r\n"},
		{"trailers that are dropped", "1\r\nx\r\n0\r\nHost: " + text(10_000) + "\r\n\r\n"},
		{"many trailers", "1\r\nx\r\n0\r\n" + strings.Repeat("A: b\r\n", 200) + "\r\n"},
	} {
		t.Run(row.what, func(t *testing.T) {
			size := int64(len(row.wire))
			for _, budget := range []int64{size - 1, size, size + 1} {
				for _, pieces := range [][]string{{row.wire + next}, {row.wire[:size/2], row.wire[size/2:], next}} {
					s := sends(t, pieces...)
					l, n := reader(s, parser.Chunked).Settle(in5s(budget))
					if want := map[bool]body.Leftover{true: body.LeftoverDrained, false: body.LeftoverTooLong}[budget >= size]; l != want {
						t.Errorf("%d of %d bytes: %v, %d thrown away", budget, size, l, n)
					}
					if l == body.LeftoverDrained && (n != size || s.rest() != next) {
						t.Errorf("%d of %d bytes thrown away, and %q is next", n, size, s.rest())
					}
				}
			}
		})
	}
}

// The time counts from the call of Settle, and what has come by then is taken.
func TestBudgetInTime(t *testing.T) {
	for _, row := range []struct {
		what   string
		after  time.Duration // when the second half comes
		within time.Duration
		want   body.Leftover
		took   time.Duration
	}{
		{"in time", 4999 * time.Millisecond, 5 * time.Second, body.LeftoverDrained, 4999 * time.Millisecond},
		{"too late", 5001 * time.Millisecond, 5 * time.Second, body.LeftoverTooSlow, 5 * time.Second},
		{"never", time.Hour, 5 * time.Second, body.LeftoverTooSlow, 5 * time.Second},
		{"there already", 0, 5 * time.Second, body.LeftoverDrained, 0},
		{"there already, no time", 0, 0, body.LeftoverDrained, 0},
		{"a moment late, no time", 1, 0, body.LeftoverTooSlow, 0},
		{"no limit", time.Hour, 1<<63 - 1, body.LeftoverDrained, time.Hour},
	} {
		for _, m := range messages {
			synctest.Test(t, func(t *testing.T) {
				first, second := m.wire[:6], m.wire[6:]+next
				s := sends(t, first)
				if row.after == 0 {
					s = sends(t, first+second).received(1)
				}
				r := reader(s, m.framing)
				time.Sleep(time.Minute) // a slow handler takes nothing from the client's time
				if row.after > 0 {
					time.AfterFunc(row.after, func() { s.send(second) })
				}
				began := time.Now()
				foreseen := r.Foresee(body.Budget{Bytes: 1000, Time: row.within})
				l, _ := r.Settle(body.Budget{Bytes: 1000, Time: row.within})
				if l != row.want || foreseen != body.LeftoverDrained || time.Since(began) != row.took {
					t.Errorf("%s, %s: foreseen %v, settled to %v in %v", row.what, m.name, foreseen, l, time.Since(began))
				}
				if l == body.LeftoverDrained && s.rest() != next {
					t.Errorf("%s, %s: %q is next", row.what, m.name, s.rest())
				}
			})
		}
	}
}
