// What another handler API needs that is built on this one. None of it costs anything while it is not used.

package conn

import (
	"context"
	"net"

	"github.com/spillway-go/spillway/body"
)

// State is a step in a connection's life of which Config.State is told.
type State uint8

// The states. A connection that is hijacked is not told to have ended.
const (
	StateActive State = iota // bytes of a request have come; with a whole head, its handler runs next
	StateIdle                // the response has been sent, and another request may come
	StateEnded               // the connection has been closed
)

// tell tells a state, if anybody listens.
func (c *Conn) tell(s State) {
	if c.cfg.config.State != nil {
		c.cfg.config.State(c, s)
	}
}

// own is what Keep keeps.
type own struct {
	context context.Context
	value   any
}

// Keep gives the connection a context, in place of the server's, as the parent of its requests' contexts, and a value.
func (c *Conn) Keep(ctx context.Context, value any) { c.own.Store(&own{ctx, value}) }

// Context returns the parent of the requests' contexts.
func (c *Conn) Context() context.Context {
	if own := c.own.Load(); own != nil {
		return own.context
	}
	return c.cfg.config.Context
}

// Value returns the value that is kept with the connection, or nil.
func (c *Conn) Value() any {
	if own := c.own.Load(); own != nil {
		return own.value
	}
	return nil
}

// Log returns the log that the connection writes to.
func (c *Conn) Log() Logger { return c.cfg.config.Log }

// StartTLS lets the connection begin with a TLS handshake, where t makes one. It is called before Serve, on a connection
// whose Config has a TLS too.
func (c *Conn) StartTLS(t TLS) {
	secure := t.Server(&c.sock)
	if secure == nil {
		return
	}
	c.tls, c.stream = secure, secure
	c.sock.StandBelow()
}

// NetConn returns the connection as it was accepted, or the TLS connection on top of it. Whoever closes it must know that a
// parked connection does not notice.
func (c *Conn) NetConn() net.Conn {
	if c.tls != nil {
		return c.tls
	}
	return c.nc
}

// Adapter does what a handler API that is built on this one may do with an exchange, and a handler may not.
type Adapter struct {
	w *Response
	r *Request
}

// Adapt returns the Adapter of an exchange. It is good for as long as they are.
func Adapt(w *Response, r *Request) Adapter { return Adapter{w, r} }

// Conn returns the connection that the request came on.
func (a Adapter) Conn() *Conn { return a.r.turn.c }

// Content returns the reader of the request's content.
func (a Adapter) Content() *body.Reader { return a.r.turn.req.Body }

// Field returns the name and the value of field line i of the request, 0 ≤ i < Fields.Len.
func (a Adapter) Field(i int) (name, value string) { return a.r.turn.head.At(i) }

// Persists reports whether the request lets another follow it on its connection (RFC 9112 §9.3).
func (a Adapter) Persists() bool { return a.r.turn.req.Persists() }

// WhenGone calls gone, in a goroutine of its own, when the client has closed or reset the connection while the handler
// runs. A second call replaces the first. It is what cancels the Context, and may not be used beside that.
func (a Adapter) WhenGone(gone func()) { a.r.turn.during(func() { a.r.turn.in.watch(gone) }) }

// Buffered returns the content that was written and is still held back. It is valid until the next call of any method.
func (a Adapter) Buffered() (content []byte) {
	a.w.mark(func(res *response) { content = res.content })
	return content
}

// Send decides the framing and sends the head and the content so far, like Flush, but leaves it to the connection when
// they go out.
func (a Adapter) Send() error {
	res, err := a.w.lock()
	if err != nil {
		return err
	}
	defer a.w.out.mu.Unlock()
	return res.push(nil, false)
}

// OmitDate leaves the Date field out.
func (a Adapter) OmitDate() { a.w.mark(func(res *response) { res.undated = true }) }

// AllowSwitch lets a 101 be sent without a Hijack: the connection ends behind it.
func (a Adapter) AllowSwitch() { a.w.mark(func(res *response) { res.switches = true }) }

// UntilClose lets the end of the connection be the end of the content, whatever the HTTP version, unless a Content-Length
// is set.
func (a Adapter) UntilClose() { a.w.mark(func(res *response) { res.untilClose = true }) }

// SetCoding is the Response's setCoding.
func (a Adapter) SetCoding(codings string) error { return a.w.setCoding(codings) }

// Hijack is the Response's Hijack without a condition: it may also come after the head, with any status. What was written
// and not yet sent is sent first.
func (a Adapter) Hijack() (*Hijacked, error) { return a.w.hijack() }

func (w *Response) mark(how func(*response)) {
	if res, err := w.lock(); err == nil {
		defer w.out.mu.Unlock()
		how(res)
	}
}
