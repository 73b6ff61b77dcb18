// Between two exchanges: the connection waits for a request, and reads its head. Thousands wait at once, and what a goroutine comes back
// to has left the processor's caches by then: the wait is few calls deep.

package conn

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// readHead parses the head of a request that has begun. Any verdict but Reuse ends the connection.
func (c *Conn) readHead() ending {
	c.noteBegin()
	for parse := (*Conn).repeats; ; {
		n, err := c.in.take(func(window []byte) (int, error) { return parse(c, window) })
		switch {
		case err == errAnother:
			c.head.Reset()
			parse = (*Conn).parse
			continue
		case n > 0:
			return ending{}
		}
		c.state.Store(busy) // which it is not yet where the head's beginning came with the last request
		if err != nil {
			return c.reject(err)
		}
		if c.began.IsZero() {
			c.began = time.Now()
		}
		c.sock.Reads.By(c.headDeadline())
		if err := c.in.Fill(); err != nil {
			return c.headFailed(err)
		}
	}
}

// errAnother says that a head is not the same as the last.
var errAnother = errors.New("conn: another head")

// repeats returns the length of the last request's head if the next one is the same, 0 while it may be, and then errAnother.
func (c *Conn) repeats(window []byte) (int, error) {
	last := c.head.Text()
	switch n := min(len(last), len(window)); {
	case n == 0 || string(window[:n]) != last[:n]:
		return 0, errAnother
	case n < len(last):
		return 0, nil
	}
	return len(last), nil
}

func (c *Conn) parse(window []byte) (int, error) {
	if c.cfg.config.NextProto != nil {
		if n, is := c.head.ParsePreface(window); is {
			return n, nil
		}
	}
	return c.head.Parse(window, &c.cfg.parse)
}

// begins reports whether there is a part of a request in the window. Empty lines before it, which some clients send behind
// the content of another, are no part of it: they are thrown away (RFC 9112 §2.2).
func (in *input) begins() (yes bool) {
	in.take(func(window []byte) (n int, _ error) {
		for len(window)-n >= 2 && window[n] == '\r' && window[n+1] == '\n' {
			n += 2
		}
		in.empty += n
		rest := window[n:]
		yes = len(rest) > 1 || len(rest) == 1 && rest[0] != '\r'
		return n, nil
	})
	return yes
}

// headDeadline returns by when the head must have ended.
func (c *Conn) headDeadline() time.Time {
	t := c.cfg.ReadHeaderTimeout
	if c.marks.has(stopping) && (t <= 0 || t > stopHead) {
		t = stopHead
	}
	return after(c.began, t)
}

// awaitRequest waits for a request's first byte, unless one is in the window. Any verdict but Reuse ends the connection, or parks it.
func (c *Conn) awaitRequest() ending {
	c.began, c.in.empty = time.Time{}, 0
	if c.in.begins() { // it came with the last one, or has woken the connection
		if c.parked {
			return c.requestBegins()
		}
		c.rare = false
		return ending{}
	}
	c.row = 0
	if c.readyToPark() {
		return ending{verdict: VerdictPark}
	}
	for soon := c.sock.Plain(); ; { // elsewhere a deadline that is not needed may do harm
		now, yielded := c.cfg.now(), false
		if soon {
			now, yielded = c.yield(now)
		}
		until := c.idleDeadline(now, soon)
		c.sock.Reads.By(until)
		stopped, err := c.awaitUnlessStopped(soon)
		if yielded {
			c.yielding.learn(c.sock.Waits())
		}
		switch {
		case c.out.err() != nil:
			return writeReason(c.out.err()).ending()
		case c.in.empty > c.cfg.HeadBytes:
			return c.reject(errEmptyLines)
		case err == nil && c.in.begins():
			return c.requestBegins()
		case err == nil && time.Now().Before(c.idleUntil()): // only empty lines have come, and the idle time goes on
			c.parked = true
		case err == nil:
			return c.idleEnds(os.ErrDeadlineExceeded, stopped)
		case !transport.IsTimeout(err) || stopped || !until.Before(c.idleUntil()):
			return c.idleEnds(err, stopped)
		case c.parks() && c.in.waiting() == 0:
			return ending{verdict: VerdictPark}
		default:
			soon = false
			c.parked = true
		}
	}
}

// requestBegins ends the wait for a request, of which something is in the window.
func (c *Conn) requestBegins() ending {
	c.rare = c.parked && time.Since(c.cfg.began)-c.idleSince > c.cfg.ParkAfter
	c.parked = false
	if c.cfg.config.FirstFromStart && c.served.Load() == 0 {
		c.began = c.cfg.began.Add(c.idleSince)
	}
	return ending{}
}

// readyToPark reports whether the connection is to be parked without a wait, because its last requests came far apart. Then it is idle
// from now on, has sent what it had to send, and holds no buffer.
func (c *Conn) readyToPark() bool {
	if !c.rare || c.parked || c.in.stuck || !c.parks() || c.in.waiting() > 0 {
		return false
	}
	c.idleSince = time.Since(c.cfg.began)
	if _, err := c.in.beforeRead(); err != nil {
		return false
	}
	c.in.GiveBack()
	c.rare = false // if it cannot be parked it waits, and sees why
	return true
}

// awaitUnlessStopped waits for anything to come; when the connection is to stop, only for what is on its way.
func (c *Conn) awaitUnlessStopped(soon bool) (stopped bool, err error) {
	stopped, err = !c.beIdle(), os.ErrDeadlineExceeded
	if !stopped {
		err = c.awaitByte(soon)
		stopped = c.beBusy()
	}
	if stopped && transport.IsTimeout(err) {
		err = c.awaitLast()
	}
	return stopped, err
}

// awaitByte waits for anything to come.
func (c *Conn) awaitByte(soon bool) error {
	if c.in.waiting() > 0 {
		return c.in.Fill() // behind half of an empty line
	}
	return c.in.await(soon)
}

// idleEnds ends a connection to which no request has come.
func (c *Conn) idleEnds(err error, stopped bool) ending {
	switch {
	case transport.IsTimeout(err) && stopped:
		return ending{verdict: VerdictLinger, reason: ReasonShutdown, idle: true}
	case transport.IsTimeout(err):
		_, why := c.idleEnd()
		return ending{verdict: VerdictLinger, reason: why, idle: true}
	case err == io.EOF:
		return ReasonClientClosed.ending()
	}
	return ReasonClientGone.ending()
}

// awaitLast waits for a request on a connection that is to stop. It ends with another look, since the program may have been
// too busy to see what came in time.
func (c *Conn) awaitLast() error {
	end := time.Now().Add(c.cfg.ShutdownGrace)
	c.sock.Reads.By(end.Add(-time.Millisecond))
	err := c.awaitByte(true)
	if !transport.IsTimeout(err) {
		return err
	}
	if least := time.Now().Add(time.Millisecond); end.Before(least) {
		end = least
	}
	c.sock.Reads.By(end)
	return c.awaitByte(true)
}

// idleDeadline returns until when to wait for a request: soon is before the connection gives back what it holds.
func (c *Conn) idleDeadline(now time.Time, soon bool) time.Time {
	if !c.parked {
		c.idleSince = now.Sub(c.cfg.began)
	}
	end := c.idleUntil()
	if t := now.Add(c.patience()); soon && t.Before(end) {
		return t
	}
	if least := now.Add(time.Millisecond); end.Before(least) {
		return least // what has come by now is served
	}
	return end
}

// idleUntil returns when the connection has been idle for too long.
func (c *Conn) idleUntil() time.Time {
	until, _ := c.idleEnd()
	return until
}

// idleEnd returns when the connection has been idle for too long, and which limit that is. Where idle connections may stay, one
// that has not sent its first request yet has as long for its beginning as for its head. One that is too old has had a tenth
// of its age for another request, so that who sends the next one at once never meets a connection that ended without a word.
func (c *Conn) idleEnd() (until time.Time, why Reason) {
	until, why = never, ReasonIdleTimeout
	most := c.cfg.IdleTimeout
	if first := c.cfg.ReadHeaderTimeout; c.served.Load() == 0 && (most <= 0 || c.cfg.config.FirstFromStart && first > 0) {
		most = first
	}
	if most > 0 {
		until = c.cfg.began.Add(c.idleSince + most)
	}
	if c.cfg.MaxAge < forever {
		if old := c.cfg.began.Add(max(c.opened+c.mostAge(), c.idleSince+c.cfg.MaxAge/10)); old.Before(until) {
			until, why = old, ReasonMaxAge
		}
	}
	return until, why
}

// patience returns how long the connection is idle before it is parked, or gives back what it holds where it cannot be. One that has
// not shown yet that its requests follow each other does so soon.
func (c *Conn) patience() time.Duration {
	if c.rare || c.served.Load() <= 1 {
		return min(c.cfg.ParkAfter, max(c.cfg.ParkAfter/64, time.Millisecond))
	}
	return c.cfg.ParkAfter
}

// never is later than any deadline.
var never = time.Unix(1<<40, 0)

// headFailed ends a connection whose client did not finish a head.
func (c *Conn) headFailed(err error) ending {
	switch {
	case c.out.err() != nil:
		return writeReason(c.out.err()).ending()
	case transport.IsTimeout(err):
		return c.reject(errSlowHead)
	case err == io.EOF:
		return c.reject(errCutHead)
	}
	return ReasonClientGone.ending()
}
