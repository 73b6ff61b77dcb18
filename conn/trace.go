// Events tell a connection's story to whoever asks for it.

package conn

import (
	"fmt"
	"net"

	"github.com/spillway-go/spillway/body"
)

// EventKind is what happened to a connection.
type EventKind uint8

// The kinds of events, in the order in which they come; the middle three come once in an exchange.
const (
	EventAccepted EventKind = iota
	EventHeadParsed
	EventResponded // the response is complete, or given up, and about to be sent
	EventSettled
	EventClosed
)

// Event is one step in a connection's life. It is valid during the call only.
type Event struct {
	Kind     EventKind
	Conn     int64         // the connection's number
	Exchange int           // the exchange's number on the connection, from 1; 0 before the first
	Remote   net.Addr      // the client's address
	Request  *Request      // HeadParsed
	Status   int           // Responded: the status code
	Bytes    int64         // Responded: content bytes sent; Settled: wire bytes thrown away
	Leftover body.Leftover // Settled
	Verdict  Verdict       // Settled, Closed
	Reason   Reason        // Settled, Closed
}

// String returns the event as a line for a log.
func (e Event) String() string {
	s := fmt.Sprintf("conn %d", e.Conn)
	if e.Exchange > 0 {
		s += fmt.Sprintf(" exchange %d", e.Exchange)
	}
	switch e.Kind {
	case EventAccepted:
		return fmt.Sprintf("%s: accepted from %v", s, e.Remote)
	case EventHeadParsed:
		return fmt.Sprintf("%s: head: %s %q, content %d", s, e.Request.Method, e.Request.Target, e.Request.ContentLength)
	case EventResponded:
		return fmt.Sprintf("%s: response: %d, %d bytes", s, e.Status, e.Bytes)
	case EventSettled:
		s = fmt.Sprintf("%s: leftover: %v, %d bytes; verdict: %v", s, e.Leftover, e.Bytes, e.Verdict)
	case EventClosed:
		s = fmt.Sprintf("%s: closed: %v", s, e.Verdict)
	}
	if e.Reason != ReasonNone {
		s += fmt.Sprintf(" (%v)", e.Reason)
	}
	return s
}

// traced reports whether anybody listens. It is asked before an event is made where there is one in every exchange.
func (c *Conn) traced() bool { return c.cfg.config.Trace != nil }

// trace tells an event, if anybody listens.
func (c *Conn) trace(e Event) {
	if !c.traced() {
		return
	}
	e.Conn, e.Exchange, e.Remote = c.id, int(c.served.Load()), c.nc.RemoteAddr()
	c.cfg.config.Trace(e)
}

// tell tells a state, if anybody listens.
func (c *Conn) tell(s State) {
	if c.cfg.config.State != nil {
		c.cfg.config.State(c, s)
	}
}
