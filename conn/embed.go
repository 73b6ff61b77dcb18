// What another handler API needs that is built on this one. None of it costs anything while it is not used.

package conn

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
)

// State is a step in a connection's life of which Config.State is told.
type State uint8

// The states. A connection that is handed over is not told to have ended.
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
func (c *Conn) Log() *slog.Logger { return c.cfg.config.Log }

// StartTLS lets the connection begin with a TLS handshake. It is called before Serve.
func (c *Conn) StartTLS(cfg *tls.Config) {
	c.tls = tls.Server(&c.sock, cfg)
	c.stream = c.tls
	c.sock.StandBelow()
}

// NetConn returns the connection as it was accepted, or the *tls.Conn on top of it. Whoever closes it must know that a
// parked connection does not notice.
func (c *Conn) NetConn() net.Conn {
	if c.tls != nil {
		return c.tls
	}
	return c.nc
}

// Conn returns the connection that the request came on.
func (r *Request) Conn() *Conn { return r.conn }

// WhenGone calls gone, in a goroutine of its own, when the client has closed or reset the connection while the handler
// runs. A second call replaces the first. It is what cancels the Context, and may not be used beside that.
func (r *Request) WhenGone(gone func()) { r.turn.during(func() { r.turn.in.watch(gone) }) }

// Buffered returns the content that was written and is still held back. It is valid until the next call of any method.
func (w *Response) Buffered() []byte {
	res, err := w.lock()
	if err != nil {
		return nil
	}
	defer w.out.mu.Unlock()
	return res.content
}

// Send decides the framing and sends the head and the content so far, like Flush, but leaves it to the connection when
// they go out.
func (w *Response) Send() error {
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	return res.push(nil, false)
}

// OmitDate leaves the Date field out.
func (w *Response) OmitDate() { w.mark(func(res *response) { res.undated = true }) }

// AllowSwitch lets a response with status 101 be sent as it was made, without a Hijack. The connection ends behind it.
func (w *Response) AllowSwitch() { w.mark(func(res *response) { res.switches = true }) }

// UntilClose lets the end of the connection be the end of the content, whatever the HTTP version, unless a Content-Length
// is set.
func (w *Response) UntilClose() { w.mark(func(res *response) { res.untilClose = true }) }

func (w *Response) mark(how func(*response)) {
	if res, err := w.lock(); err == nil {
		how(res)
		w.out.mu.Unlock()
	}
}
