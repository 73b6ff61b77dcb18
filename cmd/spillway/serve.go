// spillway serve runs the lab until a signal ends it.

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/restart"
)

// serve listens, says where, and serves the lab's routes until SIGTERM or SIGINT, or until another process does after SIGUSR2.
func serve(args []string, stdout, stderr io.Writer) error {
	f, err := parseServeFlags(args, stdout)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	secure, err := f.tls.config(logger)
	if err != nil {
		return &usageError{fmt.Errorf("spillway serve: %w", err)}
	}
	listeners, err := f.listen()
	if err != nil {
		return &usageError{fmt.Errorf("spillway serve: cannot listen on %q: %w", f.addr, err)}
	}
	seen, err := f.openLive(target(listeners[0].Addr(), secure != nil, f))
	if err != nil {
		return &usageError{fmt.Errorf("spillway serve: -live: %w", err)}
	}
	defer seen.close()
	process := restart.Process{
		Server: newServer(f, secure, seen, logger, stderr), Log: logger,
		ShutdownTimeout: orOff(time.Duration(f.shutdownTimeout)), DrainTime: time.Duration(f.drainTime),
		Ready: func() {
			fmt.Fprintf(stdout, "listening on %s\n%s", url(listeners[0].Addr(), secure != nil), seen.line())
		},
	}
	if err := process.Serve(seen.listeners(listeners)...); err != nil {
		return fmt.Errorf("spillway serve: %w", err)
	}
	return nil
}

// newServer returns a server of the lab's routes, over TLS if there is a configuration of it.
func newServer(f *serveFlags, secure *tls.Config, seen *livePage, logger *slog.Logger, stderr io.Writer) restart.Server {
	tell, tellIf := seen.trace()
	if f.trace {
		trace, shown := log.New(stderr, "", log.Lmicroseconds), tell
		tell, tellIf = func(e server.Event) { trace.Print(e) }, nil
		if shown != nil {
			tell = server.TraceAll(tell, shown)
		}
	}
	routes := &lab.Lab{TLS: secure != nil}
	if f.api == "nethttp" {
		h := &http.Server{ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError), TLSConfig: secure, Protocols: http1()}
		srv := nethttp.New(h)
		routes.StockHealth = srv.Health()
		h.Handler = routes.Stock()
		srv.Limits, srv.MaxConns, srv.Trace, srv.TraceIf = f.limits(), int(f.maxConns), tell, tellIf
		srv.ProxyProtocol, srv.ProxyTrusted, srv.ProxyTrustUnix = f.proxy.protocol, f.proxy.trusted, f.proxy.trustUnix
		if secure != nil {
			return overTLS{srv}
		}
		return srv
	}
	srv := &server.Server{Limits: f.limits(), MaxConns: int(f.maxConns), Log: logger, Trace: tell, TraceIf: tellIf,
		ProxyProtocol: f.proxy.protocol, ProxyTrusted: f.proxy.trusted, ProxyTrustUnix: f.proxy.trustUnix}
	routes.Health = srv.Health()
	srv.Handler = routes.Native()
	if secure != nil {
		srv.TLS = https.Config(secure)
	}
	return srv
}

// overTLS is a server of net/http's handlers whose Serve speaks TLS.
type overTLS struct{ *nethttp.Server }

func (s overTLS) Serve(l net.Listener) error { return s.ServeTLS(l, "", "") }

// http1 is all that is served: what the routes show is how HTTP/1.1 keeps its connections.
func http1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// url returns an address in the form that clients take.
func url(addr net.Addr, secure bool) string {
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	if secure {
		return "https://" + addr.String()
	}
	return "http://" + addr.String()
}
