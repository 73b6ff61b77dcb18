// A Conn's life: Serve runs exchanges until a verdict ends it.

package conn

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/parser"
)

// Handler answers requests. An error that it returns before the response's head is sent becomes the response, with the
// status that the error's StatusCode method gives, else 500 and a line in the log; after that it ends the connection in
// a way that shows the client that the response is cut short. A panic is logged and treated in the same way.
//
// The Request and the Response belong to the connection: neither may be used after Serve has returned. The strings of
// the Request may be kept.
type Handler interface {
	Serve(w *Response, r *Request) error
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(w *Response, r *Request) error

// Serve calls f.
func (f HandlerFunc) Serve(w *Response, r *Request) error { return f(w, r) }

// Config is what the connections of one server share. It must not change while they live.
type Config struct {
	Handler Handler
	Limits  Limits
	Log     *slog.Logger    // the handlers' failures; nil: slog.Default
	Trace   func(Event)     // is told of every event; nil: nobody
	TLS     *tls.Config     // nil: plain
	Context context.Context // the parent of every request's context; nil: context.Background
	Park    bool            // idle connections may give up their goroutine, where the system allows it
	Ended   func(*Conn)     // is told when a connection has ended or was handed over; nil: nobody

	State     func(*Conn, State)                // is told of every state; nil: nobody
	NextProto map[string]func(*Conn, *tls.Conn) // serves connections whose TLS handshake agreed on that protocol
}

// Shared is a Config made ready for use, with every default filled in.
type Shared struct {
	Limits
	config    Config
	began     time.Time
	parse     parser.Limits
	counters  counters
	lingerers lingerers
	stamps    stamps
	poller    poller
}

// Share fills in the defaults of a configuration.
func Share(cfg Config) *Shared {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Context == nil {
		cfg.Context = context.Background()
	}
	s := &Shared{config: cfg, began: time.Now(), Limits: cfg.Limits.withDefaults()}
	s.parse = s.Limits.parser()
	return s
}

// Close gives back what the connections shared. All of them must have ended, or been aborted.
func (s *Shared) Close() { s.poller.close() }

// Log returns the log that the connections write to.
func (s *Shared) Log() *slog.Logger { return s.config.Log }

// Conn is one connection. Its methods but Serve may be called from any goroutine. What it needs for exchanges is in its
// work, which a parked connection does not have.
type Conn struct {
	cfg *Shared
	id  int64
	nc  net.Conn
	tls *tls.Conn
	*work

	own *own // see Keep; nil: nothing is kept

	served   atomic.Int64 // exchanges begun
	settled  atomic.Int64 // exchanges that left nothing
	state    atomic.Int32
	stopping atomic.Bool // Stop was called
	aborted  atomic.Bool // Abort was called

	resetTells atomic.Bool   // only a reset tells the client that the response under way is cut short
	left       bool          // the server knows that it is not one of its own any more
	parked     bool          // it has been, and its idle time goes on
	rare       bool          // its last request came after more than ParkAfter
	stop       sync.Mutex    // held while an idle connection is interrupted
	idleSince  time.Duration // since the server began
	place      place         // among the parked
}

// work is what a connection needs for exchanges.
type work struct {
	sock     socket
	stream   net.Conn // &sock, or TLS on top of it
	in       input
	out      output
	head     parser.Head
	req      Request
	res      Response
	stall    stall
	lastByte int64     // of the input, that is served after Stop; 0: not known yet
	began    time.Time // when the first byte of the request was seen; zero: just now
}

// New returns a connection that is to be served. Its id appears in events and in its requests.
func New(nc net.Conn, cfg *Shared, id int64) *Conn {
	c := &Conn{cfg: cfg, id: id, nc: nc}
	c.attach()
	if already, ok := nc.(*tls.Conn); ok {
		c.tls = already
		c.sock.writes.exact = true // its writes cannot go on after a deadline
	} else if cfg.config.TLS != nil {
		c.StartTLS(cfg.config.TLS)
	}
	return c
}

// attach gives the connection what it needs for exchanges.
func (c *Conn) attach() {
	c.work = &work{}
	c.sock.init(c.nc)
	c.stream = &c.sock
	c.in.init(c)
	c.out.c, c.res.c, c.req.c = c, c, c
	c.req.Head = &c.head
	c.sock.writeRate.start(c.cfg.MinWriteRate, c.cfg.RateGrace)
}

// Serve serves the connection until it ends, and returns why it did; unless that is HandedOver, it is closed then. Where
// the configuration allows it, Serve also returns, None, when the connection has been parked: it will be served again,
// in a goroutine of its own, when something comes.
func (c *Conn) Serve() Reason {
	c.cfg.counters.accepted.Add(1)
	c.trace(Event{Kind: Accepted})
	return c.run(c.handshake)
}

// run serves exchanges after first, until the connection ends or is parked.
func (c *Conn) run(first func() ending) Reason {
	end := ending{verdict: Close, reason: Truncated}
	defer func() { // deferred, because a handler may end the goroutine
		if end.verdict != Park {
			c.end(end)
		}
	}()
	end = first()
	for end.verdict == Reuse {
		end = c.exchange()
		if end.verdict == Park && !c.park() {
			end = ending{}
		}
	}
	return end.reason
}

// end ends the connection as the verdict says and gives everything back.
func (c *Conn) end(end ending) {
	switch {
	case c.res.hijacked: // also when the handler has ended its goroutine
		end = ending{verdict: HandOff, reason: HandedOver}
	case c.aborted.Load():
		end = ending{verdict: Close, reason: Aborted}
	}
	switch {
	case end.verdict == HandOff:
	case c.res.coding == delimited && (end.reason == Truncated || c.out.Flush() != nil):
		c.resetOnClose()
	case end.verdict == Linger && end.idle:
		c.linger(min(c.cfg.ShutdownGrace, c.cfg.LingerTimeout))
	case end.verdict == Linger:
		c.linger(c.cfg.LingerTimeout)
	}
	if end.verdict != HandOff {
		c.stream.Close()
	}
	c.in.release()
	c.out.Release()
	c.countClosed(end.reason)
	c.trace(Event{Kind: Closed, Verdict: end.verdict, Reason: end.reason})
	c.leave() // before anybody is told of the end, who may wait for all connections to end
	if end.verdict != HandOff {
		c.tell(StateEnded)
	}
}

// leave tells, once, that the connection is not the server's any more.
func (c *Conn) leave() {
	if c.left {
		return
	}
	c.left = true
	if c.cfg.config.Ended != nil {
		c.cfg.config.Ended(c)
	}
}

// call runs the handler and turns a panic into an error.
func (c *Conn) call() (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.cfg.config.Log.Error("handler panicked", "panic", v, "conn", c.id, "method", c.req.Method, "path", c.req.Path,
				"stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return c.cfg.config.Handler.Serve(&c.res, &c.req)
}
