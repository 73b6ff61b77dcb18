// What a connection is: its handler and configuration, which all of a server share, and what each has of its own.

package conn

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn/internal/format"
	"github.com/spillway-go/spillway/conn/internal/park"
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
	TraceIf func() bool     // says, when a connection or a request begins, whether Trace is told of it; nil: of all
	TLS     TLS             // nil: plain
	Context context.Context // the parent of every request's context; nil: context.Background
	Park    bool            // idle connections may give up their goroutine, where the system allows it
	Ended   func(*Conn)     // is told when a connection has ended or was hijacked; nil: nobody

	// ProxyProtocol says whether connections begin with a PROXY header, and ProxyTrusts from which addresses one is believed.
	ProxyProtocol ProxyProtocol
	ProxyTrusts   func(net.Addr) bool

	// FirstFromStart lets the ReadHeaderTimeout and the ReadTimeout of a connection's first request count from when the wait for
	// it begins, as net/http does, and not from its first byte. The IdleTimeout does not count then, if there is the other.
	FirstFromStart bool

	State func(*Conn, State) // is told of every state; nil: nobody
	// NextProto returns what serves connections of another protocol than HTTP/1: by its name in ALPN (RFC 7301), "" for a
	// handshake that agreed on none, or "h2c" for a connection that begins with an HTTP/2 preface (RFC 9113 §3.3). If that
	// returns nil for a preface, it is a request to the Handler, PRI * HTTP/2.0, and the last of its connection. Nil: no other
	// protocol is served, and a preface is refused.
	NextProto func(name string) func(*Conn, *Hijacked)
}

// State is a step in a connection's life of which Config.State is told.
type State uint8

// The states. A connection that is hijacked is not told to have ended.
const (
	StateActive State = iota // bytes of a request have come; with a whole head, its handler runs next
	StateIdle                // the response has been sent, and another request may come
	StateEnded               // the connection has been closed
)

// Shared is a Config made ready for use, with every default filled in.
type Shared struct {
	Limits
	config    Config
	adapted   Adapted // the Handler, where it is one
	began     time.Time
	parse     parser.Limits
	counters  counters
	tallies   []tally
	lingerers transport.Lingerers
	turns     chan struct{} // one for each TLS handshake that computes; nil: no bound
	stamps    format.Stamps
	parked    park.Set
	yields    yields
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
	s.adapted, _ = cfg.Handler.(Adapted)
	s.parse = s.Limits.parser()
	if s.MaxHandshakes > 0 {
		s.turns = make(chan struct{}, s.MaxHandshakes)
	}
	s.tallies = newTallies()
	s.yields.off = runtime.GOMAXPROCS(0) > 1
	return s
}

// now is time.Now for half of its price: the system is asked for the time that has passed alone.
func (s *Shared) now() time.Time { return s.began.Add(time.Since(s.began)) }

// Close gives back what the connections shared. All of them must have ended, or been aborted.
func (s *Shared) Close() { s.parked.Close() }

// Log returns the log that the connections write to.
func (s *Shared) Log() Logger { return s.config.Log }

// Conn is one connection. Its methods but Serve may be called from any goroutine. What it needs for exchanges is in its
// work, which a parked connection does not have.
//
// A million of them may be parked: what is not needed then is in work, and what is here leaves no gaps. What every exchange
// touches stands first, as in work.
type Conn struct {
	cfg *Shared
	*work
	served    atomic.Int64 // exchanges begun
	state     atomic.Int32
	marks     marks
	idleSince time.Duration // since the server began
	parked    bool          // it has been, and its idle time goes on
	rare      bool          // its last request came after more than ParkAfter

	stop   sync.Mutex    // held while an idle connection is interrupted
	opened time.Duration // since the server began
	id     int64
	nc     net.Conn
	own    atomic.Pointer[own]    // see Keep; nil: nothing is kept
	around atomic.Pointer[around] // nil: no PROXY header, no TLS
	place  park.Place             // among the parked
}

// work is what a connection needs for exchanges. What every exchange touches stands together, in the types of the fields too: with
// ten thousand busy connections each cache line of it has to be fetched from memory.
type work struct {
	c        *Conn
	tls      Secure   // nil: plain, as every connection is that is ever parked
	stream   net.Conn // &sock, or TLS on top of it
	tally    *tally
	told     subtotal
	record   *record // nil: nobody listens
	lendings *lendings
	yielding yielding
	began    time.Time    // when the first byte of the request was seen; zero: just now
	row      int          // exchanges since the connection last waited, or made way for others
	current  atomic.Int64 // the number of the exchange whose handler runs; 0: none. Whoever ends one waits for those inside
	inside   atomic.Int32 // how many hold life, or are about to
	hijacked bool         // the connection is a handler's
	quit     bool         // the handler, or a hook, has ended its goroutine, and that was logged
	version  TLSVersion
	req      request
	out      output
	res      response
	head     parser.Head
	in       input
	sock     transport.Socket

	life     sync.Mutex // held while something is done for the exchange from outside; it comes before all other locks
	stall    stall
	barred   ending         // how it ends without having been served; VerdictReuse: it does not
	lastByte int64          // of the input, that is served after Stop; 0: not known yet
	handing  sync.WaitGroup // of the connection to a hijacker
}

// New returns a connection that is to be served. Its id appears in events and in its requests.
func New(nc net.Conn, cfg *Shared, id int64) *Conn {
	c := &Conn{cfg: cfg, id: id, nc: nc, opened: time.Since(cfg.began)}
	cfg.counters.accepted.Add(1)
	c.attach()
	if already, ok := nc.(Secure); ok {
		c.putUnder(already)
	} else if cfg.config.TLS != nil && cfg.config.ProxyProtocol == ProxyOff {
		c.StartTLS(cfg.config.TLS)
	}
	return c
}

// attach gives the connection what it needs for exchanges.
func (c *Conn) attach() {
	c.work = &work{c: c, tally: c.cfg.tallyOf(c.id)}
	c.sock.Init(c.nc, c.shut)
	if c.cfg.config.State != nil || c.own.Load() != nil {
		c.sock.Share()
	}
	c.stream = &c.sock
	c.in.init(c)
	c.out.c, c.res.c = c, c
	c.sock.Writes.Rate(c.cfg.MinWriteRate, c.cfg.RateGrace)
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

// ID returns the connection's number, counted from 1 in its server.
func (c *Conn) ID() int64 { return c.id }

// Value returns the value that is kept with the connection, or nil.
func (c *Conn) Value() any {
	if own := c.own.Load(); own != nil {
		return own.value
	}
	return nil
}
