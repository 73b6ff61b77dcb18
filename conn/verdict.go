// Every decision to keep or to end a connection is made in this file, and so is the reason given for it.

package conn

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/spillway-go/spillway/body"
)

// Verdict is what a connection does after an exchange.
type Verdict uint8

// The verdicts.
const (
	Reuse   Verdict = iota // serve another request
	Close                  // the client is gone: close at once
	Linger                 // end in the way that cannot destroy the response
	HandOff                // a handler has taken the connection over
	Park                   // wait for a request without a goroutine
)

var verdictNames = [...]string{"reuse", "close", "linger", "hand off", "park"}

// String returns the verdict in lower-case words, or as a number if it is none.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", v)
}

// Reason is why a connection ended.
type Reason uint8

// The reasons. Those from LeftoverTooLong on say what became of a leftover.
const (
	None            Reason = iota // it has not ended
	ClientClosed                  // the client closed between requests
	ClientGone                    // the client closed or reset inside a request or a response
	IdleTimeout                   // no request came in time
	HeaderTimeout                 // a request's head did not end in time
	Refused                       // the head broke the grammar, or a limit
	ClientAsked                   // the client's request allowed no other behind it
	HandlerAsked                  // the handler set Connection: close
	Truncated                     // the response was not completed
	Unframed                      // only the end of the connection ends the response (HTTP/1.0)
	WriteFailed                   // the response could not be sent
	Shutdown                      // the server is shutting down
	Aborted                       // the server closed the connection
	HandedOver                    // a handler has taken the connection over
	LeftoverTooLong               // more was left of the content than the budget has bytes
	LeftoverTooSlow               // the rest of the content did not come in the budget's time
	LeftoverUnasked               // the client was never asked for its content
	LeftoverCut                   // the client closed inside the content
	LeftoverGarbled               // the content broke its own framing
)

// Reasons is the number of reasons, for tables of them.
const Reasons = int(LeftoverGarbled) + 1

var reasonNames = [Reasons]string{
	"none", "client closed", "client gone", "idle timeout", "header timeout", "refused", "client asked",
	"handler asked", "truncated", "unframed", "write failed", "shutdown", "aborted", "hijacked",
	"leftover too long", "leftover too slow", "leftover unasked", "leftover cut", "leftover garbled",
}

// String returns the reason in lower-case words, or as a number if it is none.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", r)
}

// leftoverReason is the reason for which a leftover without a boundary ends the connection.
func leftoverReason(l body.Leftover) Reason { return LeftoverTooLong + Reason(l-body.TooLong) }

// ending is a verdict with its reason.
type ending struct {
	verdict Verdict
	reason  Reason
	idle    bool // no request was under way
}

// persistence is what is known, when the response's head is sent, of whether the connection can go on behind it.
// It returns None, or the reason why it cannot; the head says Connection: close then, and the connection keeps that word.
func (c *Conn) persistence() Reason {
	switch {
	case !c.req.Persists():
		return ClientAsked
	case c.res.closing || c.res.status == 101:
		return HandlerAsked
	case c.res.coding == delimited:
		return Unframed
	case c.req.Method == "CONNECT":
		return ClientAsked // what follows the head was meant for the tunnel (RFC 9110 §9.3.6)
	case c.res.truncated:
		return Truncated // the handler meant more than it declared
	case c.stopping.Load() && !c.servesOn():
		return Shutdown
	}
	budget := c.req.drain
	if !c.res.final && (c.req.Body.Begun() || c.in.duplex.Load()) {
		budget.Bytes = forever // the handler may read on
	}
	l := c.req.Body.Foresee(budget)
	if l == body.Drained && !c.res.final && budget.Bytes != forever && !c.req.Body.InSight(budget.Bytes) {
		l = body.TooLong // as far as anybody knows yet; of what the handler has left, Skim knows
	}
	if !l.Boundary() {
		return leftoverReason(l)
	}
	return None
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
		return ClientGone
	}
	return WriteFailed
}

// judge decides what follows a settled exchange.
func (c *Conn) judge(l body.Leftover) ending {
	switch {
	case c.handedOver:
		return ending{verdict: HandOff, reason: HandedOver}
	case c.res.phase == phaseHijacked: // and nobody got it
		return ending{verdict: Close, reason: WriteFailed}
	case l == body.Cut && c.in.ended:
		return ending{verdict: Close, reason: LeftoverCut} // also where that made the response fail
	case c.out.err() != nil:
		return ending{verdict: Close, reason: writeReason(c.out.err())}
	case c.res.truncated:
		return ending{verdict: Linger, reason: Truncated}
	case c.res.announced != None:
		return ending{verdict: Linger, reason: c.res.announced}
	case !l.Boundary():
		return ending{verdict: Linger, reason: leftoverReason(l)}
	}
	return ending{}
}

// failed decides what becomes of a connection in whose service something has not returned: a function of the program's has
// panicked, or has ended the goroutine. What was accepted before is still sent.
func (c *Conn) failed() ending {
	if c.res.phase == phaseHijacked {
		return ending{verdict: Close, reason: Truncated}
	}
	return ending{verdict: Linger, reason: Truncated}
}
