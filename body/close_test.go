// Close ends the reading and nothing else.

package body_test

import (
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

func TestCloseBesideARead(t *testing.T) {
	for _, m := range messages {
		for _, size := range []int{1, 4096} {
			synctest.Test(t, func(t *testing.T) {
				s := sends(t)
				r := reader(s, m.framing)
				late := reading(r, size)
				r.Close()
				if got := <-late; got != `"", body: read after the exchange has ended` {
					t.Errorf("the read: %s", got)
				}
				r.Close()
				if n, err := r.Read(make([]byte, size)); n != 0 || err != body.ErrClosed {
					t.Errorf("a later read: %d bytes, %v", n, err)
				}
				s.send(m.wire + next)
				if l, _ := r.Settle(in5s(1000)); l != body.LeftoverDrained || s.rest() != next {
					t.Errorf("%q: %v, and %q is next", m.wire, l, s.rest())
				}
			})
		}
	}
}

// A Close from another goroutine never ends the draining.
func TestCloseBesideSettle(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			s := sends(t)
			r := reader(s, 11)
			late := reading(r, 100)
			var others sync.WaitGroup
			for range 3 {
				others.Go(r.Close)
			}
			others.Go(func() {
				if l, n := r.Settle(in5s(11)); l != body.LeftoverDrained || n != 11 {
					t.Errorf("%v, %d bytes", l, n)
				}
			})
			synctest.Wait()
			r.Close()
			s.send(content)
			others.Wait()
			<-late
		})
	}
}

// A goroutine that the handler has left reads nothing of what stands behind content that was skimmed to its end.
func TestReadBehindSkim(t *testing.T) {
	for _, m := range messages {
		if m.framing != parser.Chunked {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			s := sends(t)
			r := reader(s, m.framing)
			s.send(m.wire + next)
			r.Skim(in5s(1000))
			if n, err := r.Read(make([]byte, 100)); n != 0 || err != body.ErrClosed {
				t.Errorf("%d bytes, %v", n, err)
			}
			if l, n := r.Settle(in5s(1000)); l != body.LeftoverDrained || n != int64(len(m.wire)) || s.rest() != next {
				t.Errorf("%v, %d bytes, and %q is next", l, n, s.rest())
			}
		})
	}
}

// Nor does it where the skimming has met the end and found it too far away.
func TestReadBehindSkimBeyondItsBudget(t *testing.T) {
	for _, m := range messages {
		if m.framing != parser.Chunked {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			s := sends(t)
			r := reader(s, m.framing)
			s.send(m.wire + next)
			budget := int64(len(m.wire)) - 1
			r.Skim(in5s(budget))
			io.Copy(io.Discard, r)
			if l, _ := r.Settle(in5s(budget)); l != body.LeftoverTooLong || !strings.HasSuffix(s.rest(), next) {
				t.Errorf("%q: %v, and %q is next", m.wire, l, s.rest())
			}
		})
	}
}
