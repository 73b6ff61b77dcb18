// By when one direction of a connection must have moved.

package transport

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Direction is one direction of a [Socket]: by when it must have moved, and how fast. Its methods may be called from any
// goroutine, and wait for nothing.
//
// What each operation looks at stands first, see [Socket].
type Direction struct {
	clean atomic.Bool // nothing has changed since Start was last called
	mu    sync.Mutex  // guards what follows; it is held for no operation

	lazy        bool // nobody else sets the deadline, and a later one may be set late
	shared      bool // somebody else may set the deadline: it is set where what is wanted here has changed
	final       bool // an operation that has met its deadline cannot go on
	inside      bool // an operation is under way
	free        bool // it is bound by freeUntil alone
	interrupted bool // operations fail until Resume
	released    bool // the deadlines are somebody else's business
	refuses     bool // the setter has returned an error
	overdue     bool // an operation had not ended when it must have, and the connection was closed

	*watch           // nil: the deadlines are known to work
	until  time.Time // by when the operation must have ended; zero: no such time
	armed  time.Time // what the system was told last; zero: nothing
	begun  time.Time // since when the operation under way has waited; zero: nobody waits, or it is not measured
	meter  meter

	freeUntil time.Time // zero: never
	deadline  setter
	told      uint64 // how often it was told
}

// setter sets the deadline of one direction of a connection.
type setter interface{ set(time.Time) error }

// init says what sets the deadlines; if they may do nothing, close ends an operation that nothing else ends.
func (d *Direction) init(deadline setter, close func(), lazy, final bool) {
	d.deadline, d.lazy, d.final = deadline, lazy, final
	if close != nil {
		d.watch = &watch{close: close}
	}
}

// touch says that something has changed since Start was last called.
func (d *Direction) touch() {
	if d.clean.Load() { // which costs less than to store
		d.clean.Store(false)
	}
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// By sets the time by which operations must have ended, also the one under way; the zero time means never. It is for those
// who are about to wait themselves: a later time costs nothing.
func (d *Direction) By(t time.Time) {
	d.mu.Lock()
	d.until = t
	d.touch()
	d.mu.Unlock()
}

// Start is By and Rate in one, for the beginning of an exchange.
func (d *Direction) Start(by time.Time, bytesPerSecond int64, grace time.Duration) {
	if by.IsZero() && d.clean.Load() {
		return // nearly always
	}
	d.mu.Lock()
	d.until, d.meter = by, meter{rate: bytesPerSecond, grace: grace}
	d.clean.Store(by.IsZero())
	d.mu.Unlock()
}

// Set is By for an operation that may be under way in another goroutine.
func (d *Direction) Set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until = t
	d.touch()
	d.arm()
}

// Rate sets the least bytes per second that the client must move, where it is waited for, and for how long it may be
// slower; 0 turns that off. What it lagged behind is forgotten.
func (d *Direction) Rate(bytesPerSecond int64, grace time.Duration) {
	d.mu.Lock()
	d.meter = meter{rate: bytesPerSecond, grace: grace}
	d.touch()
	d.mu.Unlock()
}

// SetRate is Rate for an operation that may be under way in another goroutine; the grace and the lag stay.
func (d *Direction) SetRate(bytesPerSecond int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.rate = bytesPerSecond
	d.touch()
	if d.inside && d.begun.IsZero() {
		d.begun = time.Now() // what was waited before was not measured
	}
	d.arm()
}

// Free lets operations take until t, whatever else was set, until Bind; the zero time means for ever. What they wait is not
// the client's fault.
func (d *Direction) Free(t time.Time) {
	d.mu.Lock()
	d.free, d.freeUntil = true, t
	d.mu.Unlock()
}

// Bind ends Free.
func (d *Direction) Bind() {
	d.mu.Lock()
	d.free = false
	d.mu.Unlock()
}

// Limit returns until when an operation that begins now may take; the zero time means for ever.
func (d *Direction) Limit() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.meter.rate <= 0 {
		return d.until
	}
	return d.meter.limit(time.Now(), d.until)
}

// Forgive says that what the operation under way has waited so far was not the client's fault.
func (d *Direction) Forgive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.begun.IsZero() {
		d.begun = time.Now()
		d.arm()
	}
}

// Share says that somebody else has the connection too, and may set its deadlines.
func (d *Direction) Share() {
	d.mu.Lock()
	d.lazy, d.shared = false, true
	d.mu.Unlock()
}

// Passed reports whether the time is over by which operations must have ended.
func (d *Direction) Passed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.until.IsZero() && d.passed(time.Now())
}

// passed is Passed, for the operation under way. d.mu is held.
func (d *Direction) passed(now time.Time) bool {
	until := d.until
	if d.free {
		until = d.freeUntil
	}
	return !until.IsZero() && !now.Before(until)
}

// Interrupt makes an operation that is under way fail at once, and all later ones until Resume. One that cannot be
// interrupted loses its connection.
func (d *Direction) Interrupt() { d.interrupt(true) }

// Nudge is Interrupt for an operation that may go on if it cannot be interrupted.
func (d *Direction) Nudge() { d.interrupt(false) }

func (d *Direction) interrupt(firmly bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.interrupted = true
	d.tell(longAgo)
	switch {
	case firmly && d.refuses:
		d.expect(time.Now().Add(lateness)) // what is on its way may still come
	case firmly:
		d.expect(time.Now())
	}
}

// Resume ends the interruption.
func (d *Direction) Resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.interrupted = false
	if !d.released {
		d.tell(d.limit())
	}
}

// Works reports whether the connection has taken its deadlines so far.
func (d *Direction) Works() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.refuses
}

// Clear takes off what was set here.
func (d *Direction) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until, d.meter = time.Time{}, meter{}
	d.touch()
	if !d.armed.IsZero() {
		d.tell(time.Time{})
	}
}

// Release is Clear, and leaves the deadlines to others.
func (d *Direction) Release() {
	d.Clear()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.released, d.final = true, false
}

// begin begins an operation that does not wait before it has called wait. It reports whether it has to call that: a clock
// is looked at only where the wait is measured.
func (d *Direction) begin() (measured bool) {
	d.mu.Lock()
	defer d.mu.Unlock() // a setter may panic
	d.start()
	return d.measured()
}

// wait says that the operation under way waits from now on, if it has not done so before.
func (d *Direction) wait() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begun.IsZero() {
		d.measure(0)
		d.arm()
	}
}

// enter begins an operation that waits, and has moved so many bytes already without a wait.
func (d *Direction) enter(atOnce int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.measure(atOnce)
	d.start()
}

// measure begins to measure a wait, before which so many bytes have moved. d.mu is held.
func (d *Direction) measure(atOnce int64) {
	if d.measured() {
		d.meter.count(0, atOnce)
		d.begun = time.Now()
	}
}

// measured reports whether waits are measured. d.mu is held.
func (d *Direction) measured() bool { return d.meter.rate > 0 && !d.free }

// start lets the system know what the operation is bound by. d.mu is held.
func (d *Direction) start() {
	d.touch()
	d.inside = true
	d.arm()
	if d.interrupted && d.watch != nil {
		d.expect(d.by) // the interruption came before the operation, and may not end it
	}
}

// Pay counts bytes that moved beside the waits, where what the operations move is not what is to be counted.
func (d *Direction) Pay(n int64) {
	d.mu.Lock()
	if !d.free {
		d.meter.count(0, n)
	}
	d.mu.Unlock()
}

// leave ends an operation that has moved n bytes. It returns what the operation has to return for err, and whether it may
// go on instead.
func (d *Direction) leave(n int64, err error) (again bool, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside = false
	if d.measured() {
		d.count(n)
	}
	d.begun = time.Time{} // also where the rate was turned off meanwhile
	if err == nil {
		return false, nil
	}
	if d.overdue {
		return false, os.ErrDeadlineExceeded
	}
	return d.struck(err)
}

// struck says what follows from an error: nothing, if a deadline has struck that was set here and is not the one that
// counts. d.mu is held.
func (d *Direction) struck(err error) (again bool, _ error) {
	if d.interrupted || d.released || !IsTimeout(err) {
		return false, err
	}
	now := time.Now()
	switch {
	case !d.free && d.meter.exceeded():
		return false, d.meter.err()
	case d.passed(now):
		return false, err
	case d.final && d.measured() && !d.armed.IsZero() && !now.Before(d.armed):
		return false, d.meter.err() // what it has moved meanwhile pays for nothing: it cannot go on
	case d.final:
		return false, err
	case d.refuses: // it may have kept an earlier one, and take the right one now
		for try := 0; d.refuses && try < mostEarly; try++ {
			d.tell(d.limit())
		}
		if d.refuses {
			return false, err
		}
		return true, nil
	case d.armed.IsZero(), now.Before(d.armed): // it is somebody else's
		return false, err
	}
	d.tell(d.limit())
	return true, nil
}

// limit returns when the operation has taken too long. d.mu is held.
func (d *Direction) limit() time.Time {
	if d.free {
		return d.freeUntil
	}
	if d.meter.rate > 0 && d.begun.IsZero() {
		return d.until
	}
	return d.meter.limit(d.begun, d.until)
}

// arm tells the system what it has to know. d.mu is held.
func (d *Direction) arm() {
	if d.interrupted || d.released {
		return
	}
	t := d.limit()
	d.expect(t) // first: what was expected of the last operation does not count while the system is told
	if d.armed.IsZero() && t.IsZero() || d.lazy && !d.armed.IsZero() && (t.IsZero() || !t.Before(d.armed)) {
		return
	}
	if d.shared && !d.refuses && t.Equal(d.armed) {
		return // what is set by now is that, or what somebody else wants in its place
	}
	if d.tell(t); d.refuses {
		d.expect(t) // earlier
	}
}

// tell tells the system. d.mu is held before and after, but not meanwhile: a setter may be anybody's code. Of several that
// tell at once, whoever ends last tells what was said last.
func (d *Direction) tell(t time.Time) {
	d.armed = t
	d.told++
	for last := uint64(0); last != d.told; {
		last, t = d.told, d.armed
		d.refuses = d.setUnlocked(t) != nil
	}
}

func (d *Direction) setUnlocked(t time.Time) error {
	d.mu.Unlock()
	defer d.mu.Lock()
	return d.deadline.set(t)
}

// IsTimeout reports whether an error says that a deadline has struck. That a peer has not answered for so long that the
// system has given the connection up is another thing.
func IsTimeout(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var with interface{ Timeout() bool }
	return errors.As(err, &with) && with.Timeout() && !errors.Is(err, syscall.ETIMEDOUT)
}
