// spillway serve runs the lab until a signal ends it.

package main

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/restart"
)

// serve listens, says where, and serves the lab's routes until SIGTERM or SIGINT, or until another process does after SIGUSR2.
func serve(args []string, stdout, stderr io.Writer) error {
	f, err := parseServeFlags(args, stdout)
	if err != nil {
		return err
	}
	listeners, err := f.listen()
	if err != nil {
		return &usageError{fmt.Errorf("spillway serve: cannot listen on %q: %w", f.addr, err)}
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	process := restart.Process{
		Server: newServer(f, logger, stderr), Log: logger,
		ShutdownTimeout: orOff(time.Duration(f.shutdownTimeout)), DrainTime: time.Duration(f.drainTime),
		Ready: func() { fmt.Fprintf(stdout, "listening on %s\n", url(listeners[0].Addr())) },
	}
	if err := process.Serve(listeners...); err != nil {
		return fmt.Errorf("spillway serve: %w", err)
	}
	return nil
}

// newServer returns a server of the lab's routes.
func newServer(f *serveFlags, logger *slog.Logger, stderr io.Writer) restart.Server {
	var tell func(server.Event)
	if f.trace {
		trace := log.New(stderr, "", log.Lmicroseconds)
		tell = func(e server.Event) { trace.Print(e) }
	}
	if f.api == "nethttp" {
		h := &http.Server{ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError)}
		srv := nethttp.New(h)
		routes, health := new(lab.Lab).Stock(), srv.Health()
		h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/health" {
				health.ServeHTTP(w, r)
				return
			}
			routes.ServeHTTP(w, r)
		})
		srv.Limits, srv.MaxConns, srv.Trace = f.limits(), int(f.maxConns), tell
		srv.ProxyProtocol, srv.ProxyTrusted, srv.ProxyTrustUnix = f.proxy.protocol, f.proxy.trusted, f.proxy.trustUnix
		return srv
	}
	srv := &server.Server{Limits: f.limits(), MaxConns: int(f.maxConns), Log: logger, Trace: tell,
		ProxyProtocol: f.proxy.protocol, ProxyTrusted: f.proxy.trusted, ProxyTrustUnix: f.proxy.trustUnix}
	routes, health := new(lab.Lab).Native(), srv.Health()
	srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.RawPath == "/health" {
			return health.Serve(w, r)
		}
		return routes.Serve(w, r)
	})
	return srv
}

// url returns an address in the form that clients take.
func url(addr net.Addr) string {
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return "http://" + addr.String()
}
