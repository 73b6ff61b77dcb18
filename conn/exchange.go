// One exchange: a head, a handler, a response, a settled leftover, a verdict.

package conn

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// exchange serves one request.
func (c *Conn) exchange() ending {
	end := c.readHead()
	if end.verdict == Reuse || len(c.in.Window()) > 0 {
		c.tell(StateActive)
	}
	if end.verdict != Reuse {
		return end
	}
	c.state.Store(serving)
	c.served.Add(1)
	if err := c.req.begin(); err != nil {
		return c.reject(err)
	}
	c.res.begin()
	c.lend()
	c.trace(Event{Kind: HeadParsed, Request: &c.req})
	err := c.req.overLimit()
	if err == nil {
		err = c.call()
	}
	c.req.end()
	if c.res.hijacked {
		return c.judge(body.Nothing)
	}
	c.res.end(err)
	c.trace(Event{Kind: Responded, Status: c.res.status, Bytes: c.res.written})
	return c.settle()
}

// settle finds out whether another exchange can follow. The response waits for nothing here: it is sent before anybody
// waits for the client, and while it is sent, what the client still sends is read.
func (c *Conn) settle() ending {
	budget := c.req.drain
	if c.res.announced != None || c.res.truncated {
		budget = body.Budget{} // the connection ends anyway, and lingering reads on
	}
	if c.req.Body.Foresee(budget) != body.Nothing {
		if c.out.Flush() != nil {
			budget = body.Budget{} // there is no next request to keep the connection for
		}
	}
	c.in.stopAhead()
	leftover, thrown := c.req.Body.Settle(budget)
	c.countSettled(leftover, thrown)
	if c.cfg.config.State != nil {
		c.out.Flush()
	}
	end := c.judge(leftover)
	c.trace(Event{Kind: Settled, Leftover: leftover, Bytes: thrown, Verdict: end.verdict, Reason: end.reason})
	if end.verdict == Reuse {
		c.tell(StateIdle)
	}
	return end
}

// readHead waits for a request and parses its head. Any verdict but Reuse ends the connection.
func (c *Conn) readHead() ending {
	c.began = time.Time{}
	if len(c.in.Window()) > 0 {
		c.state.Store(busy)
	} else if end := c.awaitRequest(); end.verdict != Reuse {
		return end
	}
	if c.head.Repeats(c.in.Window()) {
		c.in.Consume(len(c.head.Text()))
		return ending{}
	}
	c.head.Reset()
	for {
		n, err := c.head.Parse(c.in.Window(), &c.cfg.parse)
		if err != nil {
			return c.reject(err)
		}
		if n > 0 {
			c.in.Consume(n)
			return ending{}
		}
		if c.began.IsZero() {
			c.began = time.Now()
		}
		c.sock.reads.by(c.headDeadline())
		if err := c.in.Fill(); err != nil {
			return c.headFailed(err)
		}
	}
}

// headDeadline returns by when the head must have ended.
func (c *Conn) headDeadline() time.Time {
	t := c.cfg.ReadHeaderTimeout
	if c.stopping.Load() && (t <= 0 || t > stopHead) {
		t = stopHead
	}
	return after(c.began, t)
}

// awaitRequest waits for a request's first byte.
func (c *Conn) awaitRequest() ending {
	until := c.idleDeadline(time.Now())
	c.sock.reads.by(until)
	stopped := !c.beIdle()
	err := os.ErrDeadlineExceeded
	if !stopped {
		err = c.in.await()
		stopped = c.beBusy()
	}
	if stopped && isTimeout(err) {
		err = c.awaitLast()
	}
	switch {
	case err == nil:
		c.rare = c.parked && time.Since(c.cfg.began)-c.idleSince > c.cfg.ParkAfter
		c.parked = false
		return ending{}
	case c.out.err() != nil:
		return ending{verdict: Close, reason: WriteFailed}
	case isTimeout(err) && stopped:
		return ending{verdict: Linger, reason: Shutdown, idle: true}
	case isTimeout(err) && until.Before(c.idleUntil()):
		return ending{verdict: Park}
	case isTimeout(err):
		return ending{verdict: Linger, reason: IdleTimeout, idle: true}
	case err == io.EOF:
		return ending{verdict: Close, reason: ClientClosed}
	}
	return ending{verdict: Close, reason: ClientGone}
}

// awaitLast waits for a request on a connection that is to stop. It ends with another look, since the program may have been
// too busy to see what came in time.
func (c *Conn) awaitLast() error {
	end := time.Now().Add(c.cfg.ShutdownGrace)
	c.sock.reads.by(end.Add(-time.Millisecond))
	err := c.in.await()
	if !isTimeout(err) {
		return err
	}
	if least := time.Now().Add(time.Millisecond); end.Before(least) {
		end = least
	}
	c.sock.reads.by(end)
	return c.in.await()
}

// idleDeadline returns until when to wait for a request before the connection is parked or ends.
func (c *Conn) idleDeadline(now time.Time) time.Time {
	if !c.parked {
		c.idleSince = now.Sub(c.cfg.began)
	}
	end := c.idleUntil()
	if soon := now.Add(c.patience()); c.parks() && soon.Before(end) {
		return soon
	}
	if least := now.Add(time.Millisecond); end.Before(least) {
		return least // what has come by now is served
	}
	return end
}

// idleUntil returns when the connection has been idle for too long.
func (c *Conn) idleUntil() time.Time {
	if c.cfg.IdleTimeout <= 0 {
		return never
	}
	return c.cfg.began.Add(c.idleSince + c.cfg.IdleTimeout)
}

// patience returns how long the connection is idle before it is parked. One that has not shown yet that its requests
// follow each other gives its goroutine to the next one soon.
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
		return ending{verdict: Close, reason: WriteFailed}
	case isTimeout(err):
		return c.reject(errSlowHead)
	case err == io.EOF:
		return c.reject(errCutHead)
	}
	return ending{verdict: Close, reason: ClientGone}
}

// lend gives the connection to the exchange, with the deadlines and rates that count from the head on.
func (c *Conn) lend() {
	lim := &c.cfg.Limits
	if lim.ReadTimeout > 0 && c.began.IsZero() {
		c.began = time.Now()
	}
	c.in.lend(after(c.began, lim.ReadTimeout), lim.MinReadRate, lim.RateGrace)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.sock.writeBy = time.Time{}
	if lim.WriteTimeout > 0 {
		c.sock.writeBy = time.Now().Add(lim.WriteTimeout)
	}
	c.sock.writeRate.start(lim.MinWriteRate, lim.RateGrace)
	c.out.flushSoon()
}

// after returns the time that lies d behind t, or the zero time if d is no limit.
func after(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return t.Add(d)
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

var (
	errSlowHead = &parser.Error{Status: 408, Reason: "the request's head did not end in time", Section: "RFC 9110 §15.5.9"}
	errCutHead  = &parser.Error{Status: 400, Reason: "the connection ended inside a request's head", Section: "RFC 9112 §8"}
)
