// The server: what it is configured with, and how it is started and stopped.

package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/internal/unixsock"
)

// ErrClosed is returned by Serve and its kin after Shutdown or Close.
var ErrClosed = errors.New("server: closed")

// Server serves connections. Its fields must not change once it serves; its methods may be called from any goroutine.
// It cannot be used again after Shutdown or Close.
type Server struct {
	Handler  Handler         // nil: every request gets 404
	Limits   Limits          // what a client may cost; zero: the defaults that Limits names
	MaxConns int             // connections served at once, others wait in the system's queue; 0: no limit
	TLS      TLS             // what package server/https makes of a *tls.Config; nil: plain HTTP
	Log      Logger          // a *slog.Logger, say: failures of handlers and of the listener; nil: package log's standard logger
	Trace    func(Event)     // is called for every event of every connection, from its goroutine; nil: for none
	TraceIf  func() bool     // says, when a connection or a request begins, whether Trace is called for it, so that events cost nothing while nobody wants them; nil: for all
	Context  context.Context // the parent of the requests' contexts; nil: context.Background

	// ProxyProtocol says whether connections begin with a header of the PROXY protocol, in which a balancer says whose they are:
	// the addresses of requests, events and limits are the client's then. A header is believed from the addresses in ProxyTrusted,
	// nil for loopback's; and, if ProxyTrustUnix is set, from those that are no IP addresses, as on a Unix socket. From any other it
	// ends the connection, and so does none where one is required.
	ProxyProtocol  ProxyProtocol
	ProxyTrusted   []netip.Prefix
	ProxyTrustUnix bool

	// MaxConnsPerClient is how many connections one client may have at once: a client is an IPv4 address, or the first
	// ClientPrefixLen bits of an IPv6 address, which name its network; 0: 64. The address is the PROXY header's, where there is
	// one. One connection more is closed at once, before a TLS handshake or a request, for ReasonTooManyConns. Connections whose address is no IP address have no limit, and hijacked ones
	// do not count. 0: no limit.
	MaxConnsPerClient int
	ClientPrefixLen   int

	// The rest is for handler APIs that are built on this one.

	Prepare        func(net.Listener, *conn.Conn)                     // is called for every connection accepted that MaxConnsPerClient allows, before it is served; Serve waits for it
	State          func(*conn.Conn, conn.State)                       // is told of every state of every connection
	NextProto      func(name string) func(*conn.Conn, *conn.Hijacked) // serves other protocols, see conn.Config; nil: none is served
	NoPark         bool                                               // idle connections keep their goroutine, and see it when another closes them
	FirstFromStart bool                                               // a first request's timeouts count from the connection's beginning, see conn.Config

	draining atomic.Bool // Drain was called
	registry registry
	once     sync.Once
	failed   error // in it
	shared   *conn.Shared
}

// ListenAndServe listens on a TCP address, or on the Unix socket PATH if the address is "unix:PATH", and serves. It
// returns the listener's error, or ErrClosed.
func (s *Server) ListenAndServe(addr string) error {
	l, err := Listen(addr)
	if err != nil {
		return err
	}
	return s.Serve(l)
}

// Listen listens on a TCP address, or on the Unix socket PATH if the address is "unix:PATH". A socket that no server
// listens on any more is replaced. Package server/listen also gives sockets a mode and an owner, and has inherited ones.
func Listen(addr string) (net.Listener, error) {
	path, unix := strings.CutPrefix(addr, "unix:")
	if !unix {
		return net.Listen("tcp", addr)
	}
	return unixsock.Listen(path, unixsock.Anybody)
}

// Serve accepts connections from l and serves each in its own goroutine, until Shutdown or Close; then it returns
// ErrClosed. It closes l in any case, also where a field cannot be honoured, such as a TLS without a certificate, or
// ProxyRequired on a Unix socket without ProxyTrustUnix, which is an error at once. It survives a lack of file descriptors and of memory, and returns the listener's error otherwise.
func (s *Server) Serve(l net.Listener) error {
	if err := cmp.Or(s.check(), s.checkProxied(l)); err != nil {
		l.Close()
		return err
	}
	own := newListening(l)
	if !s.registry.addListener(own) {
		l.Close()
		return ErrClosed
	}
	defer own.preparing.Wait() // so that nothing of the program's begins when Serve has returned
	defer s.registry.removeListener(own)
	defer own.end()
	err := s.accept(own)
	if err == ErrClosed {
		s.serveQueue(own)
	}
	return err
}

// ServeConn serves one connection, and returns nil when that has ended or was hijacked; or ErrClosed, after Shutdown or Close,
// or what Serve returns where a field cannot be honoured, when it has closed the connection. It waits until MaxConns allows one
// more.
func (s *Server) ServeConn(nc net.Conn) error { return s.ServeAccepted(nil, nc) }

// ServeAccepted is ServeConn for a connection that was accepted from l, which Prepare is told.
func (s *Server) ServeAccepted(l net.Listener, nc net.Conn) error {
	if err := s.check(); err != nil {
		nc.Close()
		return err
	}
	if !s.registry.reserve(s.registry.done) {
		nc.Close()
		return ErrClosed
	}
	c, ended := s.registry.addGiven(nc, s.shared)
	if c == nil {
		s.registry.release()
		nc.Close()
		return ErrClosed
	}
	s.serve(&listening{Listener: l}, c, nc)
	<-ended
	return nil
}

func (s *Server) prepare() {
	h := s.Handler
	if h == nil {
		h = HandlerFunc(notFound)
	}
	s.registry.init(s.MaxConns)
	s.failed = cmp.Or(s.registry.clients.limit(s.MaxConnsPerClient, s.ClientPrefixLen), s.checkProxies())
	s.shared = conn.Share(conn.Config{
		Handler: h, Limits: s.Limits, Log: s.Log, Trace: s.Trace, TraceIf: s.TraceIf, TLS: s.TLS, Context: s.Context,
		Park: !s.NoPark, Ended: s.registry.remove, State: s.State, NextProto: s.NextProto,
		FirstFromStart: s.FirstFromStart, ProxyProtocol: s.ProxyProtocol, ProxyTrusts: s.trusts,
	})
}

// check returns which field cannot be honoured.
func (s *Server) check() error {
	s.once.Do(s.prepare)
	if s.failed == nil && s.TLS != nil {
		return s.TLS.Check()
	}
	return s.failed
}

// TraceAll returns a Trace that tells each of several, in their order.
func TraceAll(all ...func(Event)) func(Event) {
	return func(e Event) {
		for _, told := range all {
			told(e)
		}
	}
}

func notFound(*Response, *Request) error { return &StatusError{Status: 404, Reason: "no handler"} }

// Stats returns a snapshot of the server's counters. It is cheap, but walks all connections.
func (s *Server) Stats() Stats {
	s.once.Do(s.prepare)
	return s.shared.Stats(s.registry.snapshot())
}

// Close closes the listeners and all connections at once. Handlers that are running go on until they notice.
func (s *Server) Close() error {
	s.once.Do(s.prepare)
	err := s.registry.close()
	s.registry.abort()
	s.shared.Close()
	return err
}

// Shutdown closes the listeners, when it has served what waits in the system's queues, lets the exchanges that are running
// end, and closes the idle connections; responses say Connection: close from now on. It returns when all connections have
// ended. When ctx is done before that, it closes the rest and returns an error that wraps ctx's and says how many they were.
// Hijacked connections are not its business.
func (s *Server) Shutdown(ctx context.Context) error {
	done, err := s.retire(ctx)
	defer s.shared.Close()
	if done {
		return err
	}
	if n := s.registry.abort(); n > 0 {
		return fmt.Errorf("server: shutdown ended %d connections: %w", n, ctx.Err())
	}
	return err
}

// StopListening closes the listeners, when it has served what waits in the system's queues, and returns their errors. It
// returns when all have been closed, or at once, with ctx's error, when ctx is done: what waits in the queues is lost then.
// The connections go on, and their responses say Connection: close if they were accepted since.
func (s *Server) StopListening(ctx context.Context) error {
	s.once.Do(s.prepare)
	err := s.registry.retire()
	select {
	case <-s.registry.deaf:
		return err
	case <-ctx.Done():
		return errors.Join(err, s.registry.close(), ctx.Err())
	}
}

// Retire is Shutdown, but when ctx is done it returns ctx's error and leaves the rest of the connections alone: they end in
// their own time.
func (s *Server) Retire(ctx context.Context) error {
	done, err := s.retire(ctx)
	if !done {
		return ctx.Err()
	}
	s.shared.Close()
	return err
}

// retire reports whether all connections ended before ctx was done, and returns the listeners' errors.
func (s *Server) retire(ctx context.Context) (done bool, err error) {
	s.once.Do(s.prepare)
	err = s.registry.retire()
	s.registry.stop()
	select {
	case <-s.registry.empty:
		return true, err
	case <-ctx.Done():
	}
	select {
	case <-s.registry.empty:
		return true, err
	default:
		return false, err
	}
}

// Recycle lets the connections that there are now end, as Shutdown does, but waits for none, and new ones are served.
func (s *Server) Recycle() {
	s.once.Do(s.prepare)
	s.registry.stop()
}
