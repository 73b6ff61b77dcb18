// A deadline that is moved to a later time costs nothing: the system's own is left where it was, and set anew when it
// strikes too early. So a kept connection sets its idle deadline once in a timeout, not once in a request.

package conn

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// deadline is the time by which one direction of a socket must have moved.
type deadline struct {
	set func(time.Time) error

	//	armed.IsZero() || wanted.IsZero() || !armed.After(wanted)   before every wait
	wanted time.Time // zero: none
	armed  time.Time // what the system was told last; zero: nothing

	interrupted atomic.Bool
	exact       bool // a wait that has met its deadline cannot go on
	released    bool // the deadlines are somebody else's business
}

// by says that the deadline is t from now on; the zero time means that there is none.
func (d *deadline) by(t time.Time) { d.wanted = t }

// arm is called before each wait.
func (d *deadline) arm() {
	if d.exact && !d.wanted.Equal(d.armed) || !d.wanted.IsZero() && (d.armed.IsZero() || d.wanted.Before(d.armed)) {
		d.tell(d.wanted)
	}
}

// early reports whether err is only the system's deadline striking before the wanted one, which is then set.
func (d *deadline) early(err error) bool {
	if d.released || d.exact || !errors.Is(err, os.ErrDeadlineExceeded) || d.interrupted.Load() {
		return false
	}
	if !d.wanted.IsZero() && !time.Now().Before(d.wanted) {
		return false
	}
	d.tell(d.wanted)
	return !d.interrupted.Load()
}

// tell tells the system. An interrupt that has come meanwhile is not overruled by it.
func (d *deadline) tell(t time.Time) {
	d.armed = t
	d.set(t)
	if d.interrupted.Load() {
		d.set(longAgo)
	}
}

// interrupt makes a wait that is under way fail at once, and all later ones. Any goroutine may call it.
func (d *deadline) interrupt() {
	d.interrupted.Store(true)
	d.set(longAgo)
}

// release leaves the deadlines to those who set them on the connection itself. Nobody waits.
func (d *deadline) release() {
	d.by(time.Time{})
	d.tell(time.Time{})
	d.released, d.exact = true, false
}

// resume ends the interruption. The goroutine that waits must be the one that calls it.
func (d *deadline) resume() {
	d.interrupted.Store(false)
	d.tell(d.wanted)
}

var longAgo = time.Unix(1, 0)

// ErrMinRate is wrapped by the errors of a handler's reads and writes when the client was slower than the minimum rate
// for longer than the grace.
var ErrMinRate = errors.New("conn: client below the minimum rate")

// meter follows one direction of an exchange. Waiting for the client adds to its lag, every byte takes 1/rate seconds
// from it; a lag of more than the grace is too much. So a client may pause for as long as the grace, whatever it has
// done before, and may be slow for longer the nearer it comes to the rate.
type meter struct {
	rate  int64 // bytes per second; 0: not measured
	grace time.Duration
	lag   time.Duration // 0 ≤ lag
}

func (m *meter) start(rate int64, grace time.Duration) { *m = meter{rate: rate, grace: grace} }

// limit returns the earlier of the time until and the time at which a wait that begins now is too long.
func (m *meter) limit(now, until time.Time) time.Time {
	if m.rate <= 0 {
		return until
	}
	t := now.Add(m.grace - m.lag)
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

// exceeded reports whether the client has been too slow.
func (m *meter) exceeded() bool { return m.rate > 0 && m.lag >= m.grace }

// err tells so. It is a timeout too.
func (m *meter) err() error {
	return fmt.Errorf("%w of %d bytes/s for %v: %w", ErrMinRate, m.rate, m.grace, os.ErrDeadlineExceeded)
}
