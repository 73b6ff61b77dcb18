// A Server has the configuration of an http.Server and the engine of a server.Server.

package nethttp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
)

// Server serves connections as an http.Server says. Make it with [New]. Its fields must not change once it serves, nor the
// http.Server's; its methods may be called from any goroutine.
//
// HTTP/2 is served as the http.Server says: by default over TLS, with its Protocols, HTTP2 and TLSNextProto fields as net/http
// has them, by golang.org/x/net/http2. Its connections are this Server's like any other: Stats counts them and their requests,
// MaxConns holds for them, MaxRequests and MaxAge do, but for the age of an idle one, and Shutdown waits for their streams. A
// handler such as golang.org/x/net/http2/h2c's may also serve it.
// A program that has called http2.ConfigureServer has its own settings up to Go 1.26; from Go 1.27 on that configures net/http's
// own server alone, and Serve returns an error that says so.
//
// When the http.Server's own Shutdown or Close is called, this Server's listeners are closed, its connections end, each after
// its exchange, and Serve returns; but neither waits for the connections or cuts them off: that is what this Server's methods
// do.
//
// The zero timeouts of an http.Server mean no timeout, here too, and its ReadHeaderTimeout and ReadTimeout count from the
// beginning of a connection for the first request, unless Limits has a ReadHeaderTimeout. An idle connection keeps its goroutine, though no buffer,
// where ConnState or ConnContext is set, because then somebody else may close it.
type Server struct {
	// Limits are spillway's own. A zero field is what the http.Server says, if that has a say in it: the timeouts and
	// HeadBytes. Otherwise its default is the one that Limits documents, but for Fields, which is one for each 64 of the
	// HeadBytes, 16,448 by default, and for these, which are off: TargetBytes, MinReadRate and MinWriteRate. MaxRequests and
	// MaxAge, which are off too, do not bound connections that speak HTTP/2.
	Limits server.Limits

	MaxConns int // connections served at once, others wait in the system's queue; 0: no limit
	// MaxConnsPerClient is how many connections one client may have at once; 0: no limit. A client is an IPv4 address, or the
	// first ClientPrefixLen bits of an IPv6 address; 0: 64. See [server.Server].
	MaxConnsPerClient int
	ClientPrefixLen   int

	// ProxyProtocol says whether connections begin with a header of the PROXY protocol, in which a balancer says whose they are;
	// RemoteAddr and http.LocalAddrContextKey are its addresses then. ProxyTrusted says from which addresses one is believed, nil:
	// from loopback's; ProxyTrustUnix that it is believed on a Unix socket. See [server.Server], and [ProxyHeader].
	ProxyProtocol  server.ProxyProtocol
	ProxyTrusted   []netip.Prefix
	ProxyTrustUnix bool

	QuietClients bool // what clients do wrong, such as handshakes that fail, is kept out of the http.Server's ErrorLog
	// Trace is called for every event of every connection, from its goroutine; nil: for none. Of a request over HTTP/2 it is told
	// EventSettled alone, from the handler's goroutine, and without bytes on the wire.
	Trace   func(server.Event)
	TraceIf func() bool // says, when a connection or a request begins, whether Trace is called for it; nil: for all

	adapter  adapter
	engine   server.Server
	once     sync.Once
	prepared atomic.Bool // the engine is configured: the http.Server's fields may have been changed until then
	shutdown atomic.Bool
	draining atomic.Bool // Drain was called

	configuring sync.Once
	failed      error                  // in it
	others      map[string]protoServer // what serves other protocols
	speaksH2C   bool                   // HTTP/2 without TLS is served
	speaker     *http.Server           // what HTTP/2 servers see of the http.Server

	mu sync.Mutex // held while the http.Server's fields are read, or are not what they should be
}

// New returns a server with the configuration of s, which must not serve itself.
func New(s *http.Server) *Server { return &Server{adapter: adapter{http: s}} }

// listener is a listener with what its connections have in common.
type listener struct {
	net.Listener
	context context.Context
	tls     *tls.Config
	once    sync.Once
	err     error
}

// Close closes the listener once, as net/http does.
func (l *listener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// SetDeadline is what lets a shutdown serve the system's queue before it closes the listener.
func (l *listener) SetDeadline(t time.Time) error {
	timed, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return timed.SetDeadline(t)
}

// SyscallConn is what lets a shutdown look into the system's queue.
func (l *listener) SyscallConn() (syscall.RawConn, error) {
	if socket, ok := l.Listener.(syscall.Conn); ok {
		return socket.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// ListenAndServe listens on the TCP address Addr, ":http" if that is empty, and calls Serve.
func (s *Server) ListenAndServe() error { return s.listen(":http", s.Serve) }

// ListenAndServeTLS listens on the TCP address Addr, ":https" if that is empty, and calls ServeTLS.
func (s *Server) ListenAndServeTLS(certFile, keyFile string) error {
	return s.listen(":https", func(l net.Listener) error {
		defer l.Close()
		return s.ServeTLS(l, certFile, keyFile)
	})
}

func (s *Server) listen(byDefault string, serve func(net.Listener) error) error {
	if s.shutdown.Load() {
		return http.ErrServerClosed
	}
	l, err := net.Listen("tcp", cmp.Or(s.adapter.http.Addr, byDefault))
	if err != nil {
		return err
	}
	return serve(l)
}

// Serve accepts connections from l and serves them. It returns http.ErrServerClosed after Shutdown or Close, otherwise the
// listener's error, and closes l in any case.
func (s *Server) Serve(l net.Listener) error {
	if err := s.configure(false); err != nil {
		l.Close()
		return err
	}
	return s.serve(l, nil)
}

// ServeTLS is Serve with TLS on top of l. The files may be empty if TLSConfig has certificates.
func (s *Server) ServeTLS(l net.Listener, certFile, keyFile string) error {
	if err := s.configure(true); err != nil {
		return err
	}
	cfg, err := s.tlsConfig(certFile, keyFile)
	if err != nil {
		return err
	}
	return s.serve(l, cfg)
}

func (s *Server) serve(l net.Listener, cfg *tls.Config) error {
	own := &listener{Listener: l, tls: cfg}
	defer own.Close()
	return s.serveFrom(own, func(own *listener) error { return s.engine.Serve(own) })
}

// serveFrom lets the engine serve what comes from a listener.
func (s *Server) serveFrom(own *listener, serve func(*listener) error) error {
	s.once.Do(s.prepare)
	if s.shutdown.Load() {
		return http.ErrServerClosed
	}
	l := own.Listener
	shadow, base, err := s.cast(l)
	if err != nil {
		return err
	}
	defer shadow.end()
	ctx := context.Background()
	if base != nil {
		if ctx = base(l); ctx == nil {
			panic("BaseContext returned a nil context")
		}
	}
	own.context = context.WithValue(ctx, http.ServerContextKey, s.adapter.http)
	err = serve(own)
	if errors.Is(err, server.ErrClosed) {
		return http.ErrServerClosed
	}
	return err
}

// ServeConn serves one connection as Serve serves those that it accepts, and returns nil when it has ended or was hijacked;
// http.ErrServerClosed after Shutdown or Close. BaseContext is called with a listener that has the connection's local address.
func (s *Server) ServeConn(nc net.Conn) error {
	if err := s.configure(false); err != nil {
		nc.Close()
		return err
	}
	err := s.serveFrom(&listener{Listener: given{nc}}, func(own *listener) error { return s.engine.ServeAccepted(own, nc) })
	if err != nil {
		nc.Close()
	}
	return err
}

// given is what stands for a listener where a connection was given: it accepts nothing.
type given struct{ nc net.Conn }

func (g given) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (g given) Addr() net.Addr            { return g.nc.LocalAddr() }

// Close leaves the connection to who serves it.
func (g given) Close() error { return nil }

// configure gives the http.Server what it lacks, once: what is called first decides, as in net/http.
func (s *Server) configure(overTLS bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configuring.Do(func() {
		s.failed = s.configureHTTP2(overTLS)
		p := protocols(s.adapter.http)
		s.others, s.speaksH2C, s.adapter.noHTTP1 = maps.Clone(s.adapter.http.TLSNextProto), p.UnencryptedHTTP2(), !p.HTTP1()
	})
	return s.failed
}

// prepare configures the engine.
func (s *Server) prepare() {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.adapter.http
	s.adapter.quiet, s.adapter.trace = s.QuietClients, s.Trace
	s.engine = server.Server{
		Handler: &s.adapter, Limits: s.limits(), MaxConns: s.MaxConns,
		MaxConnsPerClient: s.MaxConnsPerClient, ClientPrefixLen: s.ClientPrefixLen,
		ProxyProtocol: s.ProxyProtocol, ProxyTrusted: s.ProxyTrusted, ProxyTrustUnix: s.ProxyTrustUnix, Trace: s.Trace, TraceIf: s.TraceIf, Log: errorLog{&s.adapter}, TLS: https.ByListener(),
		Prepare: s.prepareConn, NextProto: s.nextProto, NoPark: h.ConnState != nil || h.ConnContext != nil, FirstFromStart: s.Limits.ReadHeaderTimeout == 0,
	}
	if h.ConnState != nil {
		s.engine.State = tellState
	}
	s.prepared.Store(true)
}

// prepareConn makes the value of a new connection, before anything is read from it.
func (s *Server) prepareConn(l net.Listener, nc *conn.Conn) {
	own, h := l.(*listener), s.adapter.http
	if own.tls != nil {
		nc.StartTLS(https.Config(own.tls))
	}
	c := &connection{adapter: &s.adapter, nc: nc.NetConn(), native: nc}
	parent := withProxyHeader(own.context, nc)
	if h.ConnContext != nil {
		if parent = h.ConnContext(parent, c.nc); parent == nil {
			panic("ConnContext returned nil")
		}
	}
	nc.Keep(parent, c)
	c.tellState(http.StateNew)
}

// tellState passes a state on. A connection that could not be prepared has never had any.
func tellState(nc *conn.Conn, s conn.State) {
	c, ok := nc.Value().(*connection)
	if !ok {
		return
	}
	states := [...]http.ConnState{
		conn.StateActive: http.StateActive, conn.StateIdle: http.StateIdle, conn.StateEnded: http.StateClosed,
	}
	c.tellState(states[s])
}

const (
	headSlop          = 4096 // how much larger than MaxHeaderBytes net/http lets a head be
	headBytesPerField = 64   // net/http lets fields be as many as they fit; but many small ones cost more memory than their bytes
)

// limits returns the engine's limits.
func (s *Server) limits() server.Limits {
	l, h := s.Limits, s.adapter.http
	setTimeout(&l.ReadHeaderTimeout, cmp.Or(h.ReadHeaderTimeout, h.ReadTimeout))
	setTimeout(&l.ReadTimeout, h.ReadTimeout)
	setTimeout(&l.WriteTimeout, h.WriteTimeout)
	setTimeout(&l.IdleTimeout, cmp.Or(h.IdleTimeout, h.ReadTimeout))
	most := h.MaxHeaderBytes
	if most <= 0 {
		most = http.DefaultMaxHeaderBytes
	}
	l.HeadBytes = cmp.Or(l.HeadBytes, most+headSlop)
	l.TargetBytes = cmp.Or(l.TargetBytes, -1)
	l.Fields = cmp.Or(l.Fields, max(l.HeadBytes/headBytesPerField, parser.DefaultLimits().Fields))
	l.MinReadRate = cmp.Or(l.MinReadRate, -1)
	l.MinWriteRate = cmp.Or(l.MinWriteRate, -1)
	return l
}

// setTimeout sets a timeout that is not set; one that is not positive means none.
func setTimeout(field *time.Duration, d time.Duration) {
	if *field == 0 {
		*field = d
	}
	if *field <= 0 {
		*field = -1
	}
}

// Stats returns a snapshot of the server's counters. It is cheap, but walks all connections.
func (s *Server) Stats() server.Stats {
	if !s.prepared.Load() {
		return server.Stats{}
	}
	return s.engine.Stats()
}

// Shutdown closes the listeners, runs the functions given to the http.Server's RegisterOnShutdown, lets the exchanges that
// are running end, and closes the idle connections. It returns when all connections have ended, or with ctx's error when
// that is done before; then the rest of the connections go on to their end, or until Close.
func (s *Server) Shutdown(ctx context.Context) error {
	s.shutdown.Store(true)
	s.once.Do(s.prepare)
	s.engine.StopListening(ctx)  // before the functions run: clients that these send away find the port closed
	s.engine.Recycle()           // likewise: what they set going says Connection: close
	s.adapter.http.Shutdown(ctx) // runs them, and has nothing to wait for
	return s.engine.Retire(ctx)
}

// Close closes the listeners and all connections at once. It returns the listeners' errors.
func (s *Server) Close() error {
	s.shutdown.Store(true)
	s.once.Do(s.prepare)
	err := s.engine.Close()
	s.adapter.http.Close()
	return err
}

// RegisterOnShutdown gives Shutdown a function to call, each in a goroutine of its own, when the listeners have been closed.
// It is the http.Server's.
func (s *Server) RegisterOnShutdown(f func()) { s.adapter.http.RegisterOnShutdown(f) }

// HTTPServer returns the http.Server whose configuration this is.
func (s *Server) HTTPServer() *http.Server { return s.adapter.http }

// SetKeepAlivesEnabled says whether connections are kept. When that is turned off, the connections that there are end, each
// after its exchange.
func (s *Server) SetKeepAlivesEnabled(v bool) {
	s.adapter.noKeepAlives.Store(!v)
	s.adapter.http.SetKeepAlivesEnabled(v)
	if !v && s.prepared.Load() { // there are no connections before, and those that come later look at noKeepAlives
		s.engine.Recycle()
	}
}
