// What an operation that has met its deadline returns.

package transport

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// setFunc is a function that sets deadlines.
type setFunc func(time.Time) error

func (f setFunc) set(t time.Time) error { return f(t) }

// A write that cannot go on behind its deadline, as one under TLS, fails for the minimum rate if that has set the deadline, also
// where it has moved some bytes; and goes on where it can.
func TestAFinalWriteFailsForTheRate(t *testing.T) {
	for _, final := range []bool{false, true} {
		for _, c := range []struct {
			moved int64
			by    time.Duration // another limit; 0: none
		}{{0, 0}, {500, 0}, {0, time.Second / 2}, {500, time.Second / 2}} {
			synctest.Test(t, func(t *testing.T) {
				var d Direction
				d.init(setFunc(func(time.Time) error { return nil }), nil, false, final)
				by := time.Time{}
				if c.by > 0 {
					by = time.Now().Add(c.by)
				}
				d.Start(by, 1000, time.Second)
				d.enter(0)
				time.Sleep(time.Second)
				again, err := d.leave(c.moved, os.ErrDeadlineExceeded)
				slow := errors.Is(err, ErrMinRate)
				wantSlow := c.moved == 0 || final && c.by == 0
				wantAgain := c.moved > 0 && c.by == 0 && !final
				if again != wantAgain || slow != wantSlow || !again && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("final %t, %+v: again %t, %v", final, c, again, err)
				}
			})
		}
	}
}

// An operation that begins after it was interrupted, on a connection whose deadlines do nothing, is ended by a close too.
func TestAnOperationBehindItsInterruptionIsEnded(t *testing.T) {
	for name, set := range map[string]func(time.Time) error{
		"deaf":    func(time.Time) error { return nil },
		"failing": func(time.Time) error { return errors.ErrUnsupported },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				closed := make(chan bool, 1)
				var d Direction
				d.init(setFunc(set), func() { closed <- true }, false, false)
				d.Interrupt()
				d.enter(0)
				began := time.Now()
				<-closed
				if took := time.Since(began); took > lateness {
					t.Errorf("it took %v", took)
				}
				if _, err := d.leave(0, os.ErrClosed); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
			})
		})
	}
}

// What is left of an operation whose rate was turned off while it waited, and a rate that is set between two operations, begin no
// wait of the next one's.
func TestAnOperationWaitsForItselfAlone(t *testing.T) {
	for name, before := range map[string]func(*Direction){
		"a rate set between": func(d *Direction) { d.SetRate(1000) },
		"a rate turned off": func(d *Direction) {
			d.begin()
			d.wait()
			d.Rate(0, 0)
			d.leave(0, os.ErrDeadlineExceeded)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d Direction
				d.init(setFunc(func(time.Time) error { return nil }), nil, true, false)
				d.Start(time.Time{}, 1000, time.Second)
				before(&d)
				time.Sleep(time.Hour) // the handler's
				d.Start(time.Time{}, 1000, time.Second)
				d.begin()
				d.wait()
				if got, want := d.limit(), time.Now().Add(time.Second); !got.Equal(want) {
					t.Errorf("it must have ended by %v, want %v", got, want)
				}
				if _, err := d.leave(1, nil); err != nil || d.meter.lag != 0 {
					t.Errorf("%v; the client lags by %v", err, d.meter.lag)
				}
			})
		})
	}
}

// The time of an operation that can tell when it waits counts from then, and its limit too.
func TestAnOperationThatTellsIsMeasuredWhileItWaits(t *testing.T) {
	for _, waits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var d Direction
			set := time.Time{}
			d.init(setFunc(func(t time.Time) error { set = t; return nil }), nil, true, false)
			d.Start(time.Time{}, 1000, time.Second)
			if !d.begin() {
				t.Fatal("nothing is measured")
			}
			time.Sleep(time.Second / 2)
			if !set.IsZero() {
				t.Errorf("before it waits it must have ended by %v", set)
			}
			want := time.Duration(0)
			if waits {
				d.wait()
				if wantSet := time.Now().Add(time.Second); !set.Equal(wantSet) {
					t.Errorf("it must have ended by %v, want %v", set, wantSet)
				}
				time.Sleep(time.Second / 2)
				d.wait() // the same wait
				want = time.Second/2 - 100*time.Millisecond
			}
			if again, err := d.leave(100, nil); again || err != nil {
				t.Errorf("again %t, %v", again, err)
			}
			if d.meter.lag != want {
				t.Errorf("the client lags by %v, want %v", d.meter.lag, want)
			}
			if d.Start(time.Time{}, 0, 0); d.begin() {
				t.Error("without a rate something is measured")
			}
		})
	}
}
