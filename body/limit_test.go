// How much content there may be, and how much there is to come.

package body_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

func TestRemaining(t *testing.T) {
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			r := reader(sends(t, m.wire+next), m.framing)
			for i := range int64(12) {
				want := 11 - i
				if m.framing == parser.Chunked {
					want = -1
				}
				if r.Remaining() != want || r.Received() != i || r.Ended() != (want == 0) {
					t.Errorf("after %d bytes %d remain, %d received, ended %v", i, r.Remaining(), r.Received(), r.Ended())
				}
				r.Read(make([]byte, 1))
			}
			if r.Remaining() != 0 || r.Received() != 11 || !r.Ended() {
				t.Errorf("at the end %d remain, %d received, ended %v", r.Remaining(), r.Received(), r.Ended())
			}
		})
	}
}

func TestLimit(t *testing.T) {
	for _, m := range messages {
		for limit := int64(9); limit <= 13; limit++ {
			for _, size := range []int{1, 4, 4096} {
				t.Run(fmt.Sprintf("%s, %d of 11, read by %d", m.name, limit, size), func(t *testing.T) {
					s := sends(t, m.wire+next)
					r := reader(s, m.framing)
					r.Limit(limit)
					got, err := readAll(t, r, size)
					if limit >= 11 {
						if got != content || err != nil || s.rest() != next {
							t.Errorf("%q, %v", got, err)
						}
						return
					}
					want := content[:limit]
					if m.framing > 0 {
						want = "" // it is known from the start
					}
					var large *body.TooLargeError
					if got != want || !errors.As(err, &large) || large.Limit != limit {
						t.Errorf("%q, %v", got, err)
					}
					if l, _ := r.Settle(in5s(1000)); l != body.LeftoverDrained || s.rest() != next {
						t.Errorf("leftover: %v, and %q is left", l, s.rest())
					}
				})
			}
		}
	}
}

// A limit may come, or change, when some of the content has been read.
func TestLimitInTheMiddle(t *testing.T) {
	for _, m := range messages {
		for _, limit := range []int64{-1, 0, 4, 5, 6, 10, 11, 1 << 62} {
			r := reader(sends(t, m.wire+next), m.framing)
			r.Limit(100)
			read(t, r, 5)
			r.Limit(limit)
			rest, err := copyAll(r)
			want := content[5:max(5, min(limit, 11))]
			if m.framing > 0 && limit < 11 {
				want = ""
			}
			var large *body.TooLargeError
			if rest != want || errors.As(err, &large) != (limit < 11) || (err == nil) != (limit >= 11) {
				t.Errorf("%s, %d: %q, %v", m.name, limit, rest, err)
			}
		}
	}
}
