// What a handler is told about the request.

package conn

import (
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// Request is one request. Its methods may not be used after the handler has returned; its strings may be kept. What a
// handler changes in it, it changes for itself: the connection does not look at it, and the next request is another one.
type Request struct {
	Method   string // as received; methods are case-sensitive (RFC 9110 §9.1)
	Target   string // the request-target as received
	RawPath  string // the target's path, not decoded: "/" where an absolute-form has none, "*" or "" in the other forms
	RawQuery string // what stands behind the path's question mark, not decoded
	Host     string // the authority: the absolute-form's or CONNECT's, else the Host field's (RFC 9112 §3.2)
	Proto    string // the version as received, for example "HTTP/1.1"

	Fields parser.Fields // the field lines, in the order and spelling received

	// ContentLength is the content's declared length in bytes: 0 where there is none, -1 where it is chunked.
	ContentLength int64

	// Body reads the content. It is never nil, and is settled when the handler has returned.
	Body *body.Content

	turn    turn
	context *exchangeContext // nil: nobody has asked for it
}

// request is the request under way as the connection sees it.
type request struct {
	*parser.Head
	ContentLength int64
	Body          *body.Reader
	drain         atomic.Pointer[body.Budget] // nil: the configuration's
	context       *exchangeContext
	over          bool // its context was cancelled before the handler returned
}

// begin makes the request from a new head. Errors are *parser.Error, and nothing behind them can be trusted.
func (r *request) begin(c *Conn) error {
	r.Head, r.Body, r.ContentLength = &c.head, body.Empty, 0
	framing, err := parser.FramingOf(r.Head)
	if err != nil {
		return err
	}
	expecting, err := r.ExpectsContinue()
	if err != nil {
		return err
	}
	if framing == 0 {
		return nil
	}
	r.ContentLength = int64(framing)
	r.drain.Store(nil)
	r.Body = body.NewReader(content{&c.in}, framing, expecting, &c.cfg.parse)
	r.Body.Limit(c.cfg.BodyBytes)
	return nil
}

// drain returns what may be spent on a leftover so that the connection can be kept.
func (c *Conn) drain() body.Budget {
	if b := c.req.drain.Load(); b != nil {
		return *b
	}
	return body.Budget{Bytes: c.cfg.DrainBytes, Time: c.cfg.DrainTimeout}
}

// budget returns what may be spent on throwing the leftover away. A head that has left the connection for another request
// is a promise: then only time ends the throwing away, and bytes only where LingerBytes bounds them.
func (c *Conn) budget(promised bool) body.Budget {
	if !promised {
		return body.Budget{} // the connection ends anyway, and lingering reads on
	}
	b := c.drain()
	b.Bytes = max(b.Bytes, c.cfg.LingerBytes)
	if b.Time <= 0 {
		b.Time = c.cfg.LingerTimeout
	}
	return b
}

// overLimit returns an error if more content is declared than the server takes.
func (r *request) overLimit(most int64) error {
	if r.ContentLength > most {
		return &body.TooLargeError{Limit: most}
	}
	return nil
}

// end ends the request's context. The handler has returned.
func (r *request) end() {
	if r.context != nil {
		r.over = r.context.cancelled()
		r.context.end()
		r.context = nil
	}
}

// fill makes what the handler is told of the connection's request.
func (r *Request) fill(t turn) {
	h := &t.head
	r.Method, r.Target, r.RawPath, r.RawQuery, r.Host, r.Proto = h.Method, h.Target, h.Path, h.Query, h.Host, h.Proto()
	r.Fields, r.ContentLength, r.Body = h.Fields(), t.req.ContentLength, t.req.Body.Content()
	r.turn = t
}

// Path returns the target's path, decoded (RFC 3986 §2.1), or an error where its encoding is broken.
func (r *Request) Path() (string, error) { return url.PathUnescape(r.RawPath) }

// Query returns the target's query as a form encodes it, or an error where its encoding is broken, with what could be
// decoded.
func (r *Request) Query() (url.Values, error) { return url.ParseQuery(r.RawQuery) }

// SetReadDeadline sets the time by which the content must have been read, in place of the server's ReadTimeout; the zero
// time means never. A read that fails for it, also one that waits already, returns a *body.SlowError. Any goroutine may
// call it.
func (r *Request) SetReadDeadline(t time.Time) error {
	return r.turn.setReadDeadline(t)
}

// SetMinReadRate sets the least bytes per second at which the client must send content for this exchange, where the
// server waits for it; 0 turns that off. Any goroutine may call it.
func (r *Request) SetMinReadRate(bytesPerSecond int64) error {
	return r.turn.content(func() { r.turn.sock.Reads.SetRate(max(bytesPerSecond, 0)) })
}

// content is during for what concerns the request's content: where there is none, what is read next is another request.
func (t turn) content(f func()) error {
	return t.during(func() {
		if t.req.ContentLength != 0 {
			f()
		}
	})
}

func (t turn) setReadDeadline(at time.Time) error {
	return t.content(func() { t.sock.Reads.Set(at) })
}

// SetDrain sets how much of this exchange's leftover content is read so that the connection can be kept, and how long
// that may take. With no bytes, a leftover ends the connection; the response's head says so if it has not been sent yet.
func (r *Request) SetDrain(bytes int64, within time.Duration) { r.turn.setDrain(bytes, within) }

func (t turn) setDrain(bytes int64, within time.Duration) {
	t.during(func() { t.req.drain.Store(&body.Budget{Bytes: max(bytes, 0), Time: max(within, 0)}) })
}

// ConnID returns the connection's number, counted from 1 in its server.
func (r *Request) ConnID() int64 { return r.turn.c.id }

// Number returns the request's number on its connection, counted from 1.
func (r *Request) Number() int { return int(r.turn.number) }

// RemoteAddr returns the client's address: the PROXY header's, where a balancer has sent one.
func (r *Request) RemoteAddr() net.Addr { return r.turn.c.RemoteAddr() }

// LocalAddr returns the address that the client has connected to: the PROXY header's, where a balancer has sent one.
func (r *Request) LocalAddr() net.Addr { return r.turn.c.LocalAddr() }

// ProxyHeader returns the PROXY header that the connection began with, or nil. It must not be changed, and may be kept.
func (r *Request) ProxyHeader() *parser.ProxyHeader { return r.turn.c.ProxyHeader() }
