// Events tell a connection's story to whoever asks for it.

package conn

import (
	"fmt"
	"net"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// EventKind is what happened to a connection.
type EventKind uint8

// The kinds of events, in the order in which they come. Of every request of which a byte has come, EventSettled is told, once;
// of those that were not refused, EventHeadParsed before it; and of those that got a response from here, EventResponded.
const (
	EventAccepted EventKind = iota
	EventHeadParsed
	EventResponded // the response is complete, or given up, and about to be sent
	EventSettled   // the exchange is over, however it ended
	EventClosed
)

// Event is one step in a connection's life, and what is known by then. It may be kept.
type Event struct {
	Kind   EventKind
	Time   time.Time
	Conn   int64    // the connection's number
	Remote net.Addr // the client's address
	Local  net.Addr // the server's
	TLS    TLSVersion

	// What follows is said of an exchange, in EventHeadParsed and later. In EventAccepted and EventClosed it is zero, but for
	// what says that it is not.

	Exchange      int           // the exchange's number on the connection, from 1
	Method        string        // as received
	Target        string        // the request-target as received
	Host          string        // the authority, as in Request
	Proto         string        // the version as received
	Fields        parser.Fields // the request's field lines
	ContentLength int64         // the content's declared length in bytes, -1 where it is chunked

	Status          int           // of the response; 0: none was sent
	ContentReceived int64         // bytes of the request's content that the handler has read
	ContentSent     int64         // bytes of the response's content
	Received        int64         // Settled: bytes of the request, its head and framing and leftover too
	Sent            int64         // Settled: bytes of the response likewise, also of informational ones
	Thrown          int64         // Settled: bytes of the leftover, with their framing, that were thrown away
	Times           Times         // when the exchange had come how far
	Leftover        body.Leftover // Settled
	Verdict         Verdict       // Settled, Closed
	Reason          Reason        // Settled, Closed: why the connection ends
	Err             error         // what the handler has returned; Closed: why the TLS handshake failed, or what was wrong with the PROXY header
	Refusal         *parser.Error // the rule that the request broke; nil: none
	RequestLine     string        // of a refused head: its first line as far as it was read, raw, at most 256 bytes
}

// Times are when an exchange had come how far. What has not happened is zero.
type Times struct {
	FirstByte    time.Time // of the request, as the server saw it
	Head         time.Time // the request's head was complete
	HandlerBegun time.Time
	HandlerEnded time.Time
	Sent         time.Time // the response was handed to the system; zero also for one that is sent together with those behind it
	Settled      time.Time
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
		return fmt.Sprintf("%s: head: %s %q, content %d", s, e.Method, e.Target, e.ContentLength)
	case EventResponded:
		s = fmt.Sprintf("%s: response: %d, %d bytes", s, e.Status, e.ContentSent)
		if e.Refusal != nil {
			s += fmt.Sprintf("; refused %q: %s (%s)", e.RequestLine, e.Refusal.Reason, e.Refusal.Section)
		}
		return s
	case EventSettled:
		if e.Times.HandlerBegun.IsZero() { // and nobody knows what is left
			s = fmt.Sprintf("%s: verdict: %v", s, e.Verdict)
			break
		}
		s = fmt.Sprintf("%s: leftover: %v, %d bytes; verdict: %v", s, e.Leftover, e.Thrown, e.Verdict)
	case EventClosed:
		s = fmt.Sprintf("%s: closed: %v", s, e.Verdict)
	}
	if e.Reason != ReasonNone {
		s += fmt.Sprintf(" (%v)", e.Reason)
	}
	if e.Kind == EventClosed && e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// traced reports whether anybody listens now.
func (c *Conn) traced() bool {
	cfg := &c.cfg.config
	return cfg.Trace != nil && (cfg.TraceIf == nil || cfg.TraceIf())
}

// listen finds out whether anybody listens from now on, in the connection's own goroutine: the program may be asked. What has
// begun without a record is not told of.
func (c *Conn) listen() {
	switch traced := c.traced(); {
	case !traced:
		c.record = nil
	case c.record == nil:
		c.record = new(record)
	}
}

// tell tells a state, if anybody listens.
func (c *Conn) tell(s State) {
	if c.cfg.config.State != nil {
		c.cfg.config.State(c, s)
	}
}
