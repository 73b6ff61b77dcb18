// A Conn's life: Serve runs exchanges until a verdict ends it.

package conn

import (
	"runtime"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// Serve serves the connection until it ends, and returns why it did; unless that is ReasonHijacked, it is closed then. Where
// the configuration allows it, Serve also returns, ReasonNone, when the connection has been parked: it will be served again,
// in a goroutine of its own, when something comes.
func (c *Conn) Serve() Reason {
	return c.run((*Conn).begin)
}

// begin begins a connection that is new.
func (c *Conn) begin() ending {
	c.listen()
	c.tellAccepted()
	if c.barred.verdict != VerdictReuse {
		return c.barred
	}
	return c.handshake()
}

// Deny lets Serve, which is called next, end the connection at once, because its client has too many.
func (c *Conn) Deny() { c.barred = ReasonTooManyConns.ending() }

// run serves exchanges after first, until the connection ends or is parked. Whatever in it panics, or ends the goroutine,
// costs this connection and nothing else.
func (c *Conn) run(first func(*Conn) ending) (why Reason) {
	var end ending
	whole := false
	defer func() {
		if end.verdict != VerdictPark {
			why = c.end(end)
		}
	}()
	defer func() { // before that, and not in it: the log is the program's too
		if !whole {
			end = c.failed()
			c.logPanic("connection failed", recover())
		}
	}()
	end = first(c)
	for end.verdict == VerdictReuse {
		switch end = c.exchange(); {
		case end.verdict == VerdictReuse:
			c.makeWay()
		case end.verdict == VerdictPark && !c.park(): // a parked connection may be another goroutine's already
			end = ending{}
		}
	}
	whole = true
	return end.reason
}

// inARow is how many exchanges a connection serves before others have their turn, although more requests wait in its window:
// nothing else interrupts a goroutine that never waits.
const inARow = 128

// makeWay lets other connections have their turn.
func (c *Conn) makeWay() {
	if c.row++; c.row >= inARow {
		c.row = 0
		runtime.Gosched()
	}
}

// end ends the connection as the verdict says and gives everything back. Each step is taken, whatever becomes of those
// before it. It returns why the connection has ended, as everybody is told.
func (c *Conn) end(end ending) Reason {
	switch {
	case c.hijacked:
		end = ReasonHijacked.ending()
	case c.marks.has(aborted):
		end = ReasonAborted.ending()
	}
	defer c.guarding("connection state hook", func() {
		if end.verdict != VerdictHijack {
			c.tell(StateEnded)
		}
	})
	defer c.leave() // before anybody is told of the end, who may wait for all connections to end
	defer c.guarding("trace", func() { c.tellClosed(end) })
	defer c.countClosed(end.reason)
	if end.verdict != VerdictHijack {
		defer c.guarding("close", c.closeAll)
		defer c.guarding("end of the connection", func() { c.finish(end) })
	}
	c.guarding("trace", func() { c.account(end) }) // of an exchange that something has cut short
	c.told.addTo(c.tally)
	return end.reason
}

// finish ends the exchange that may be under way still, and lets the client have what it is to have.
func (c *Conn) finish(end ending) {
	c.endTurn()
	c.req.end()
	if c.in.used {
		c.awaitBeside(false)
		c.req.Body.Detach() // a goroutine may be reading that the handler has left, where nothing was settled
		c.in.stopAhead()
	}
	switch {
	case c.res.coding == delimited && (end.reason == ReasonTruncated || c.out.Flush() != nil):
		transport.ResetOnClose(c.bottom())
	case end.verdict == VerdictLinger && end.idle:
		c.linger(min(c.cfg.ShutdownGrace, c.cfg.LingerTimeout))
	case end.verdict == VerdictLinger:
		c.linger(c.cfg.LingerTimeout)
	}
	c.in.release()
	c.out.Release()
	c.returnLendings()
}

// closeAll closes the connection. Where nothing can be sent any more, TLS does not try to say so: it would wait for seconds.
func (c *Conn) closeAll() {
	if c.out.err() != nil {
		c.bottom().Close()
		if !c.tlsIsGiven() {
			return
		}
	}
	c.stream.Close() // also where the bottom is closed already: who wraps the connection counts on it
}
