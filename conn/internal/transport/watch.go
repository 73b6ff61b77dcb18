// What ends an operation that its deadline does not end.

package transport

import "time"

// lateness is how much longer than its deadline an operation may take before the deadline is taken for one that does
// nothing. The system, or a busy program, may be late too.
const lateness = time.Second

// watch is the part of a Direction that is used where deadlines may do nothing. The Direction's mu guards it.
type watch struct {
	close func()
	by    time.Time // when the operation under way must have ended; zero: no such time
	alarm *time.Timer
	rings time.Time // when the alarm rings; zero: it does not
}

// expect says by when the operation that is under way, or comes, must have ended; the zero time means never. d.mu is held.
func (d *Direction) expect(by time.Time) {
	if d.watch == nil {
		return
	}
	d.by = by
	if d.inside && !by.IsZero() {
		d.setAlarm()
	}
}

// due returns when an operation has taken too long. d.mu is held.
func (d *Direction) due() time.Time {
	if d.refuses {
		return d.by
	}
	return d.by.Add(lateness)
}

// setAlarm lets the alarm ring when the operation under way must have ended, or before. d.mu is held.
func (d *Direction) setAlarm() {
	due := d.due()
	if !d.rings.IsZero() && !due.Before(d.rings) {
		return
	}
	d.rings = due
	if d.alarm == nil {
		d.alarm = time.AfterFunc(time.Until(due), d.ring)
	} else {
		d.alarm.Reset(time.Until(due))
	}
}

// ring closes the connection if the operation under way has taken too long.
func (d *Direction) ring() {
	d.mu.Lock()
	d.rings = time.Time{}
	waits := d.inside && !d.by.IsZero()
	if waits && time.Now().Before(d.due()) {
		d.setAlarm()
		waits = false
	}
	d.overdue = d.overdue || waits
	d.mu.Unlock()
	if waits {
		d.close()
	}
}
