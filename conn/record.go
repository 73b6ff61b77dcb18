// What is known of the exchange under way, for those who listen. Where nobody does, nothing is noted.

package conn

import (
	"strings"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// record is what events tell of the exchange under way.
type record struct {
	Event
	open   bool  // a byte of the request has come, and the exchange has not been settled
	failed error // what has ended the TLS handshake, or was wrong with the PROXY header
}

// trace tells an event, with what the connection is.
func (c *Conn) trace(kind EventKind, e Event) {
	e.Kind, e.Time = kind, time.Now()
	e.Conn, e.TLS = c.id, c.version
	if c.record.Remote == nil {
		c.record.Remote, c.record.Local = c.RemoteAddr(), c.LocalAddr()
	}
	e.Remote, e.Local = c.record.Remote, c.record.Local
	c.cfg.config.Trace(e)
}

func (c *Conn) tellAccepted() {
	if c.record != nil {
		c.trace(EventAccepted, Event{})
	}
}

func (c *Conn) tellClosed(end ending) {
	if c.record != nil {
		c.trace(EventClosed, Event{Verdict: end.verdict, Reason: end.reason, Err: c.record.failed})
	}
}

// noteBegin notes that a request's first byte has come.
func (c *Conn) noteBegin() {
	c.listen()
	if r := c.record; r != nil {
		r.Event = Event{Remote: r.Remote, Local: r.Local, Exchange: int(c.served.Load()) + 1, Times: Times{FirstByte: time.Now()}}
		r.open = true
	}
}

// tellHead tells that the request's head is complete and its handler runs next.
func (c *Conn) tellHead() {
	r := c.record
	if r == nil {
		return
	}
	c.noteHead()
	c.trace(EventHeadParsed, r.Event)
	r.Times.HandlerBegun = time.Now()
}

func (c *Conn) noteHead() {
	r, h := c.record, &c.head
	r.Times.Head = time.Now()
	r.Method, r.Target, r.Host, r.Proto, r.Fields = h.Method, h.Target, h.Host, h.Proto(), h.Fields().Clone()
	r.ContentLength = c.req.ContentLength
}

// noteHandled notes what the handler has read and returned.
func (c *Conn) noteHandled(err error) {
	if r := c.record; r != nil {
		r.Times.HandlerEnded, r.Err, r.ContentReceived = time.Now(), err, c.req.Body.Received()
	}
}

// noteSent notes that the response has been handed to the system.
func (c *Conn) noteSent() {
	if r := c.record; r != nil {
		r.Times.Sent = time.Now()
	}
}

// noteRefusal notes the rule that the request broke.
func (c *Conn) noteRefusal(rule *parser.Error) {
	r := c.record
	if r == nil {
		return
	}
	if !r.open {
		c.noteBegin() // nothing but empty lines has come
	}
	r.Refusal = rule
	if r.Method == "" {
		r.RequestLine = firstLine(c.refusedHead())
	}
}

// refusedHead returns the beginning of a head that no handler sees, as far as it was read.
func (c *Conn) refusedHead() (text string) {
	if c.state.Load() == serving {
		c.noteHead()
		return c.head.Text()
	}
	c.in.take(func(window []byte) (int, error) {
		text = string(window[:min(len(window), mostLine)])
		return 0, nil
	})
	return text
}

// mostLine is how much of a request line an event tells.
const mostLine = 256

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	line = strings.TrimSuffix(line, "\r")
	return line[:min(len(line), mostLine)]
}

// tellResponded tells that the response is complete, or given up.
func (c *Conn) tellResponded() {
	if r := c.record; r != nil {
		c.noteResponse()
		c.trace(EventResponded, r.Event)
	}
}

// noteResponse notes how far the response has come.
func (c *Conn) noteResponse() {
	r := c.record
	r.Status, r.ContentSent = 0, c.res.contentSent()
	if c.res.coding != undecided {
		r.Status = c.res.status
	}
}

func (c *Conn) noteLeftover(l body.Leftover, thrown int64) {
	if c.record != nil {
		c.record.Leftover, c.record.Thrown = l, thrown
	}
}

// account counts the exchange, and tells that it is over, however it ended. What is said again changes nothing.
func (c *Conn) account(end ending) {
	received, sent := c.countBytes()
	r := c.record
	if r == nil || !r.open {
		return
	}
	r.open = false
	c.noteResponse()
	r.Received, r.Sent = received, sent
	r.Verdict, r.Reason, r.Times.Settled = end.verdict, end.reason, time.Now()
	c.trace(EventSettled, r.Event)
}
