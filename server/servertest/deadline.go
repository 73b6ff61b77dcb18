// Law of this file: a deadline has passed when the clock says so; its timer only wakes those who wait to look.

package servertest

import (
	"sync"
	"time"
)

// deadline is the time after which one end's Reads, or its Writes, fail. wire.mu guards it.
type deadline struct {
	set   bool
	at    time.Duration // since wire.epoch
	timer *time.Timer   // made by the first deadline in the future
}

// passed reports whether operations must fail now. Without a deadline it does not look at the clock.
func (d *deadline) passed(w *wire) bool { return d.set && d.at <= w.now() }

// move sets the deadline to t, or clears it if t is zero, and wakes those who wait on c if that may concern them.
func (d *deadline) move(w *wire, t time.Time, c *sync.Cond) {
	d.stop()
	if t.IsZero() {
		return
	}
	// The distance is kept, not t itself: t may lack a monotonic reading, and then could differ from the timer.
	now := w.now()
	left := time.Until(t)
	if left > noAlarm-now {
		return // in 292 years
	}
	d.set, d.at = true, now+left
	switch {
	case left <= 0:
		c.Broadcast()
	case d.timer == nil:
		d.timer = time.AfterFunc(left, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			c.Broadcast()
		})
	default:
		d.timer.Reset(left)
	}
}

// stop clears the deadline.
func (d *deadline) stop() {
	d.set = false
	if d.timer != nil {
		d.timer.Stop()
	}
}
