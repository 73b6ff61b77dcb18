// A Conn's life: Serve runs exchanges until a verdict ends it.

package conn

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn/internal/format"
	"github.com/spillway-go/spillway/conn/internal/transport"
	"github.com/spillway-go/spillway/parser"
)

// Handler answers requests. An error that it returns before the response's head is sent becomes the response: a
// *StatusError the one that it describes, an error of the request's content 400, 408 or 413, any other 500 and a line in
// the log. After that an error ends the connection in a way that shows the client that the response is cut short. A panic
// is logged and treated in the same way, and so is a handler that ends its goroutine.
//
// The Request and the Response may not be used after Serve has returned. The strings of the Request may be kept.
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
	Log     Logger          // the handlers' failures; nil: the standard logger of package log
	Trace   func(Event)     // is told of every event; nil: nobody
	TLS     TLS             // nil: plain
	Context context.Context // the parent of every request's context; nil: context.Background
	Park    bool            // idle connections may give up their goroutine, where the system allows it
	Ended   func(*Conn)     // is told when a connection has ended or was hijacked; nil: nobody

	State     func(*Conn, State)             // is told of every state; nil: nobody
	NextProto map[string]func(*Conn, Secure) // serves connections whose TLS handshake agreed on that protocol
}

// Shared is a Config made ready for use, with every default filled in.
type Shared struct {
	Limits
	config    Config
	began     time.Time
	parse     parser.Limits
	counters  counters
	lingerers transport.Lingerers
	stamps    format.Stamps
	poller    poller
}

// Share fills in the defaults of a configuration.
func Share(cfg Config) *Shared {
	if cfg.Log == nil {
		cfg.Log = standardLog{}
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
func (s *Shared) Log() Logger { return s.config.Log }

// Conn is one connection. Its methods but Serve may be called from any goroutine. What it needs for exchanges is in its
// work, which a parked connection does not have.
type Conn struct {
	cfg *Shared
	id  int64
	nc  net.Conn
	tls Secure // nil: plain
	*work

	own atomic.Pointer[own] // see Keep; nil: nothing is kept

	served   atomic.Int64 // exchanges begun
	settled  atomic.Int64 // exchanges that left nothing
	state    atomic.Int32
	stopping atomic.Bool // Stop was called
	aborted  atomic.Bool // Abort was called
	left     atomic.Bool // it has been told that the connection is not the server's any more

	resetTells atomic.Bool   // only a reset tells the client that the response under way is cut short
	quit       bool          // the handler, or a hook, has ended its goroutine, and that was logged
	parked     bool          // it has been, and its idle time goes on
	rare       bool          // its last request came after more than ParkAfter
	stop       sync.Mutex    // held while an idle connection is interrupted
	idleSince  time.Duration // since the server began
	place      place         // among the parked
}

// work is what a connection needs for exchanges.
type work struct {
	c        *Conn
	sock     transport.Socket
	stream   net.Conn // &sock, or TLS on top of it
	in       input
	out      output
	head     parser.Head
	req      request
	res      response
	stall    stall
	hijacked bool      // the connection is a handler's
	row      int       // exchanges since the connection last waited, or made way for others
	lastByte int64     // of the input, that is served after Stop; 0: not known yet
	began    time.Time // when the first byte of the request was seen; zero: just now

	lendings *lendings

	life    sync.Mutex   // held while something is done for the exchange from outside; it comes before all other locks
	current atomic.Int64 // the number of the exchange whose handler runs; 0: none. Changed with life held
}

// New returns a connection that is to be served. Its id appears in events and in its requests.
func New(nc net.Conn, cfg *Shared, id int64) *Conn {
	c := &Conn{cfg: cfg, id: id, nc: nc}
	c.attach()
	if already, ok := nc.(Secure); ok {
		c.tls = already
	} else if cfg.config.TLS != nil {
		c.StartTLS(cfg.config.TLS)
	}
	return c
}

// attach gives the connection what it needs for exchanges.
func (c *Conn) attach() {
	c.work = &work{c: c}
	c.sock.Init(c.nc, c.shut)
	if c.cfg.config.State != nil || c.own.Load() != nil {
		c.sock.Share()
	}
	c.stream = &c.sock
	c.in.init(c)
	c.out.c, c.res.c = c, c
	c.sock.Writes.Rate(c.cfg.MinWriteRate, c.cfg.RateGrace)
}

// Serve serves the connection until it ends, and returns why it did; unless that is ReasonHijacked, it is closed then. Where
// the configuration allows it, Serve also returns, ReasonNone, when the connection has been parked: it will be served again,
// in a goroutine of its own, when something comes.
func (c *Conn) Serve() Reason {
	c.cfg.counters.accepted.Add(1)
	return c.run(func() ending {
		c.trace(Event{Kind: EventAccepted})
		return c.handshake()
	})
}

// run serves exchanges after first, until the connection ends or is parked. Whatever in it panics, or ends the goroutine,
// costs this connection and nothing else.
func (c *Conn) run(first func() ending) (why Reason) {
	var end ending
	whole := false
	defer func() {
		if end.verdict != VerdictPark {
			c.end(end)
			why = end.reason
		}
	}()
	defer func() { // before that, and not in it: the log is the program's too
		if !whole {
			end = c.failed()
			c.logPanic("connection failed", recover())
		}
	}()
	end = first()
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
// before it.
func (c *Conn) end(end ending) {
	switch {
	case c.hijacked:
		end = ReasonHijacked.ending()
	case c.aborted.Load():
		end = ReasonAborted.ending()
	}
	defer c.guarding("connection state hook", func() {
		if end.verdict != VerdictHijack {
			c.tell(StateEnded)
		}
	})
	defer c.leave() // before anybody is told of the end, who may wait for all connections to end
	defer c.guarding("trace", func() { c.trace(Event{Kind: EventClosed, Verdict: end.verdict, Reason: end.reason}) })
	defer c.countClosed(end.reason)
	if end.verdict == VerdictHijack {
		return
	}
	defer c.guarding("close", c.closeAll)
	c.guarding("end of the connection", func() { c.finish(end) })
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
		return
	}
	c.stream.Close()
}

// leave tells, once, that the connection is not the server's any more.
func (c *Conn) leave() {
	if c.left.CompareAndSwap(false, true) && c.cfg.config.Ended != nil {
		c.cfg.config.Ended(c)
	}
}
