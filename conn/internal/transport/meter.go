// How fast a client must move, and how long it may be slower.

package transport

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrMinRate is wrapped by the errors of reads and writes in which the client was slower than the minimum rate for longer
// than the grace.
var ErrMinRate = errors.New("conn: client below the minimum rate")

// meter follows one direction of an exchange. Waiting for the client adds to its lag, every byte takes 1/rate seconds
// from it; a lag of more than the grace is too much. So a client may pause for as long as the grace, whatever it has
// done before, and may be slow for longer the nearer it comes to the rate.
type meter struct {
	rate  int64 // bytes per second; 0: not measured
	grace time.Duration
	lag   time.Duration // 0 ≤ lag
}

// limit returns the earlier of the time until and the time at which a wait that has lasted since begun is too long.
func (m *meter) limit(begun, until time.Time) time.Time {
	if m.rate <= 0 {
		return until
	}
	t := begun.Add(m.grace - m.lag)
	if !until.IsZero() && until.Before(t) {
		return until
	}
	return t
}

// count adds a wait, and the bytes that it brought.
func (m *meter) count(waited time.Duration, n int64) {
	if m.rate <= 0 || waited == 0 && m.lag == 0 {
		return
	}
	m.lag += waited
	if worth := float64(n) / float64(m.rate); worth < m.lag.Seconds() {
		m.lag -= time.Duration(worth * float64(time.Second))
	} else {
		m.lag = 0
	}
}

// count adds the wait that is over, if there was one, to the meter. d.mu is held.
func (d *Direction) count(n int64) {
	waited := time.Duration(0)
	if !d.begun.IsZero() {
		waited = time.Since(d.begun)
	}
	d.meter.count(waited, n)
}

// exceeded reports whether the client has been too slow.
func (m *meter) exceeded() bool { return m.rate > 0 && m.lag >= m.grace }

// err tells so. It is a timeout too.
func (m *meter) err() error {
	return fmt.Errorf("%w of %d bytes/s for %v: %w", ErrMinRate, m.rate, m.grace, os.ErrDeadlineExceeded)
}
