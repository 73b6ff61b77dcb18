// What a handler is told about the request.

package conn

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// Request is one request. It belongs to the connection and may not be used after the handler has returned; its strings
// may be kept.
type Request struct {
	// Head holds the request line and the field lines: Method, Target, Path, Query, Host, Minor, and Get, Lookup, Values
	// and All for the fields.
	*parser.Head

	// ContentLength is the content's declared length in bytes: 0 where there is none, -1 where it is chunked.
	ContentLength int64

	// Body reads the content. It is never nil, and is settled when the handler has returned.
	Body *body.Reader

	c       *Conn
	context *exchangeContext
	over    bool // the context was cancelled before the handler returned
	drain   body.Budget
}

// begin makes the Request from a new head. Errors are *parser.Error, and nothing behind them can be trusted.
func (r *Request) begin() error {
	framing, err := parser.FramingOf(r.Head)
	if err != nil {
		return err
	}
	expecting, err := r.ExpectsContinue()
	if err != nil {
		return err
	}
	r.ContentLength = int64(framing)
	r.drain = body.Budget{Bytes: r.c.cfg.DrainBytes, Time: r.c.cfg.DrainTimeout}
	r.Body = body.NewReader(content{&r.c.in}, framing, expecting, &r.c.cfg.parse)
	r.Body.Limit(r.c.cfg.BodyBytes)
	return nil
}

// overLimit returns an error if more content is declared than the server takes.
func (r *Request) overLimit() error {
	if r.ContentLength > r.c.cfg.BodyBytes {
		return &body.TooLargeError{Limit: r.c.cfg.BodyBytes}
	}
	return nil
}

// SetReadDeadline sets the time by which the content must have been read, in place of the server's ReadTimeout; the zero
// time means never. A read that fails for it returns a *body.SlowError.
func (r *Request) SetReadDeadline(t time.Time) { r.c.in.setReadDeadline(t) }

// SetMinReadRate sets the least bytes per second at which the client must send content for this exchange, where the
// server waits for it; 0 turns that off.
func (r *Request) SetMinReadRate(bytesPerSecond int64) {
	r.c.in.mu.Lock()
	defer r.c.in.mu.Unlock()
	r.c.in.rate.rate = max(bytesPerSecond, 0)
}

// SetDrain sets how much of this exchange's leftover content is read so that the connection can be kept, and how long
// that may take. With no bytes, a leftover ends the connection.
func (r *Request) SetDrain(bytes int64, within time.Duration) {
	r.drain = body.Budget{Bytes: max(bytes, 0), Time: max(within, 0)}
}

// end takes back what the handler was lent beside the content.
func (r *Request) end() {
	r.over = false
	if r.context != nil {
		r.over = r.context.Err() != nil
		r.context.end()
		r.context = nil
	}
}

// ConnID returns the connection's number, counted from 1 in its server.
func (r *Request) ConnID() int64 { return r.c.id }

// Number returns the request's number on its connection, counted from 1.
func (r *Request) Number() int { return int(r.c.served.Load()) }

// RemoteAddr returns the client's address.
func (r *Request) RemoteAddr() net.Addr { return r.c.nc.RemoteAddr() }

// LocalAddr returns the server's address.
func (r *Request) LocalAddr() net.Addr { return r.c.nc.LocalAddr() }

// TLS returns the state of the connection's TLS, or nil where it is plain.
func (r *Request) TLS() *tls.ConnectionState {
	if r.c.tls == nil {
		return nil
	}
	state := r.c.tls.ConnectionState()
	return &state
}
