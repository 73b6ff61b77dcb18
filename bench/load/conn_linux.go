// A connection of the generator: what was sent of its requests, and what has come of their responses.

package load

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/cases"
)

// connection has at most one turn under way: a request, or as many as are pipelined, and the responses to it.
//
//	awaited > 0 || len(out) > 0 // a turn is under way
//	left > 0                    // a response's content is being received
type connection struct {
	sock    socket
	index   int32
	out     []byte // of the turn's requests, still to be sent
	awaited int    // responses that are still to come in whole
	left    int    // bytes of the content being received
	partial []byte // the beginning of a head
	since   int64  // when the turn was due
	closing bool   // the response announces that the connection ends
	watched uint32 // what epoll watches for
}

// A WrongError tells that the server did something that it must not do.
type WrongError struct{ What string }

func (e *WrongError) Error() string { return "load: wrong: " + e.What }

func wrong(format string, args ...any) error { return &WrongError{fmt.Sprintf(format, args...)} }

// writePiece is how much is written at once, so that every connection gets its share of the generator.
const writePiece = 256 << 10

// send begins a turn that was due at the given time.
func (g *Generator) send(c *connection, due int64) error {
	if g.vary != nil {
		g.number++
		cases.PutNumber(g.wire, g.vary, g.number)
	}
	c.since, c.out, c.awaited = due, g.wire, g.c.Pipeline
	return g.flush(c)
}

// flush sends what it can of the turn's requests.
func (g *Generator) flush(c *connection) error {
	n, err := c.sock.write(c.out[:min(len(c.out), writePiece)])
	if err != nil && err != errAgain {
		return wrong("%v while a request was sent", plain(err))
	}
	c.out = c.out[n:]
	want := uint32(unix.EPOLLIN)
	if len(c.out) > 0 {
		want |= unix.EPOLLOUT
		if g.vary != nil {
			c.out = append([]byte(nil), c.out...) // the next request will be written over it
		}
	}
	if want == c.watched {
		return nil
	}
	c.watched = want
	return unix.EpollCtl(g.epoll, unix.EPOLL_CTL_MOD, c.sock.fd, &unix.EpollEvent{Events: want, Fd: c.index})
}

// receive reads once, or for TLS until there is no more, and ends the turn if that was the rest of it.
func (g *Generator) receive(c *connection) error {
	for {
		if err := g.receiveOnce(c); err != nil {
			if err == errAgain {
				return nil
			}
			return err
		}
		if c.awaited == 0 && (len(c.out) == 0 || c.closing) {
			if err := g.endTurn(c); err != nil {
				return err
			}
		}
		if c.sock.tls == nil {
			return nil
		}
	}
}

// receiveOnce reads once. It copies everything, as a client does, though the system could throw content away.
func (g *Generator) receiveOnce(c *connection) error {
	kept := copy(g.buf, c.partial)
	c.partial = c.partial[:0]
	n, err := c.sock.read(g.buf[kept:])
	if err != nil {
		c.partial = append(c.partial, g.buf[:kept]...)
		return g.ended(c, err)
	}
	return g.consume(c, g.buf[:kept+n])
}

// ended makes something of a read's error.
func (g *Generator) ended(c *connection, err error) error {
	switch {
	case err == errAgain:
		return err
	case err == io.EOF && c.left == untilEnd:
		c.left, c.closing = 0, true
		return g.answered(c)
	case err != io.EOF:
		return wrong("%v while %s", plain(err), c.doing())
	}
	return wrong("connection closed while %s", c.doing())
}

func (c *connection) doing() string {
	switch {
	case c.left > 0:
		return "a response was received"
	case c.awaited > 0:
		return "a response was due"
	}
	return "it was kept, without having announced it"
}

// consume takes what was received.
func (g *Generator) consume(c *connection, p []byte) error {
	for len(p) > 0 {
		if c.left > 0 {
			n := min(len(p), c.left)
			p = p[n:]
			if c.left == untilEnd {
				return nil
			}
			if c.left -= n; c.left > 0 {
				return nil
			}
			if err := g.answered(c); err != nil {
				return err
			}
			continue
		}
		if c.awaited == 0 {
			return wrong("bytes behind the response: %.60q", p)
		}
		said, err := g.heads.read(p)
		if err == errShort {
			c.partial = append(c.partial, p...)
			return nil
		}
		if err != nil {
			return wrong("%v", err)
		}
		if err := g.check(said, p); err != nil {
			return err
		}
		p = p[said.bytes:]
		c.closing = said.closes
		if c.left = said.length; c.left == 0 {
			if err := g.answered(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// check compares a head with the response that is due.
func (g *Generator) check(said head, p []byte) error {
	if said.status != g.status {
		return wrong("status %d where %d was due: %.60q", said.status, g.status, p)
	}
	if g.length >= 0 && said.length != g.length {
		return wrong("content of %d bytes where %d were due", said.length, g.length)
	}
	return nil
}

// answered counts a response that has come in whole.
func (g *Generator) answered(c *connection) error {
	c.awaited--
	g.total++
	if c.awaited > 0 && c.closing {
		return wrong("connection announced to close with %d more responses due", c.awaited)
	}
	if g.recording && g.c.Pipeline > 1 {
		g.latency.Record(g.now() - c.since)
	}
	if g.c.Ahead && !g.stopping && !c.closing && len(c.out) == 0 && c.awaited == g.c.Pipeline/2 {
		return g.sendAhead(c)
	}
	return nil
}

// sendAhead makes the turn longer by half of its requests.
func (g *Generator) sendAhead(c *connection) error {
	half := g.c.Pipeline / 2
	c.out = g.wire[:len(g.wire)/g.c.Pipeline*half]
	c.awaited += half
	return g.flush(c)
}

// endTurn ends a turn: its responses are here, and its requests sent unless the connection is to close.
func (g *Generator) endTurn(c *connection) error {
	now := g.now()
	if g.recording && g.c.Pipeline == 1 {
		g.latency.Record(now - c.since)
	}
	if c.closing {
		g.reconnects++
		c.sock.close()
		if err := g.connect(c); err != nil {
			return err
		}
	}
	return g.turnEnded(c, now)
}

// plain names the errors of a socket in words.
func plain(err error) error {
	switch {
	case errors.Is(err, unix.ECONNRESET):
		return errors.New("connection reset")
	case errors.Is(err, unix.EPIPE):
		return errors.New("connection broken")
	}
	return err
}
