// Every decision to keep or to end a connection is made in this file, and so is the reason given for it.

package conn

import (
	"errors"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/body"
)

// ending is a verdict with its reason.
type ending struct {
	verdict Verdict
	reason  Reason
	idle    bool // no request was under way
}

// ending returns how a connection ends for the reason.
func (r Reason) ending() ending { return ending{verdict: r.Verdict(), reason: r} }

// persistence is what is known, when the response's head is sent, of whether the connection can go on behind it.
// It returns ReasonNone, or the reason why it cannot; the head says Connection: close then, and the connection keeps that word.
func (c *Conn) persistence() Reason {
	switch {
	case !c.req.Persists():
		return ReasonClientAsked
	case c.res.closing || c.res.status == 101:
		return ReasonHandlerAsked
	case c.res.coding == delimited:
		return ReasonUnframed
	case c.req.Method == "CONNECT":
		return ReasonClientAsked // what follows the head was meant for the tunnel (RFC 9110 §9.3.6)
	case c.res.truncated:
		return ReasonTruncated // the handler meant more than it declared
	case c.marks.has(stopping) && !c.servesOn():
		return ReasonShutdown
	case c.spent() != ReasonNone:
		return c.spent()
	}
	budget := c.drain()
	if !c.res.final && (c.req.Body.Begun() || c.in.duplex.Load()) {
		budget.Bytes = forever // the handler may read on
	}
	l := c.req.Body.Foresee(budget)
	if l == body.LeftoverDrained && !c.res.final && budget.Bytes != forever && !c.req.Body.InSight(budget.Bytes) {
		l = body.LeftoverTooLong // as far as anybody knows yet; of what the handler has left, Skim knows
	}
	if !l.Boundary() {
		return leftoverReason(l)
	}
	return ReasonNone
}

// spent returns ReasonMaxRequests or ReasonMaxAge if the connection has served as many requests, or has been open for as long,
// as it may; otherwise ReasonNone.
func (c *Conn) spent() Reason {
	switch {
	case c.served.Load() >= int64(c.cfg.MaxRequests):
		return ReasonMaxRequests
	case c.cfg.MaxAge < forever && c.age() >= c.mostAge():
		return ReasonMaxAge
	}
	return ReasonNone
}

// CountRequest counts a request that came in another protocol, see Config.NextProto, and returns why it should be the
// connection's last: ReasonMaxRequests or ReasonMaxAge; or ReasonNone.
func (c *Conn) CountRequest() Reason {
	c.served.Add(1)
	return c.spent()
}

// age returns for how long the connection has been open.
func (c *Conn) age() time.Duration { return time.Since(c.cfg.began) - c.opened }

// mostAge is the MaxAge less up to a tenth, which depends on the connection's number alone.
func (c *Conn) mostAge() time.Duration {
	const parts = 1 << 10
	part := uint64(c.id) * 0x9e3779b97f4a7c15 >> 54 // spreads numbers that follow each other (Fibonacci hashing)
	return c.cfg.MaxAge - c.cfg.MaxAge/10/parts*time.Duration(part)
}

// servesOn reports whether a connection that is to stop has requests, or parts of them, that came before anybody told the
// client so: they are served. What comes later does not count, so that a client cannot go on for ever.
func (c *Conn) servesOn() bool {
	if !c.req.Body.Ended() {
		return false
	}
	consumed, received := c.in.waitsBehind()
	if c.lastByte == 0 {
		c.lastByte = received
	}
	return consumed < c.lastByte
}

// writeReason tells a client that has gone from one that does not take the response.
func writeReason(err error) Reason {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return ReasonClientGone
	}
	return ReasonWriteFailed
}

// judge decides what follows a settled exchange.
func (c *Conn) judge(l body.Leftover) ending {
	switch {
	case c.hijacked:
		return ReasonHijacked.ending()
	case c.res.phase == phaseHijacked: // and nobody got it
		return ReasonWriteFailed.ending()
	case l == body.LeftoverCut:
		return ReasonLeftoverCut.ending() // also where that made the response fail
	case c.out.err() != nil:
		return writeReason(c.out.err()).ending()
	case c.res.truncated:
		return ReasonTruncated.ending()
	case c.res.announced != ReasonNone:
		return c.res.announced.ending()
	case !l.Boundary():
		return leftoverReason(l).ending()
	}
	return ending{}
}

// failed decides what becomes of a connection in whose service something has not returned: a function of the program's has
// panicked, or has ended the goroutine. What was accepted before is still sent.
func (c *Conn) failed() ending {
	if c.res.phase == phaseHijacked {
		return ReasonWriteFailed.ending()
	}
	return ReasonTruncated.ending()
}
