// spillway serve runs the lab until a signal ends it.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

// serve listens, says where, and serves the lab's routes until SIGTERM or SIGINT.
func serve(args []string, stdout, stderr io.Writer) error {
	f, err := parseServeFlags(args, stdout)
	if err != nil {
		return err
	}
	l, err := server.Listen(f.addr)
	if err != nil {
		return &usageError{fmt.Errorf("spillway serve: cannot listen on %q: %w", f.addr, err)}
	}
	defer l.Close() // where the signal comes before the server has it
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	srv := newServer(f, logger, stderr)

	signals, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	fmt.Fprintf(stdout, "listening on %s\n", url(l.Addr()))
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("spillway serve: %w", err)
	case <-signals.Done():
	}
	stop() // a second signal ends the program at once
	shutdown(srv, logger, time.Duration(f.shutdownTimeout))
	return nil
}

// runner is what both APIs' servers are.
type runner interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// newServer returns a server of the lab's routes.
func newServer(f *serveFlags, logger *slog.Logger, stderr io.Writer) runner {
	var tell func(server.Event)
	if f.trace {
		trace := log.New(stderr, "", log.Lmicroseconds)
		tell = func(e server.Event) { trace.Print(e) }
	}
	if f.api == "nethttp" {
		srv := nethttp.New(&http.Server{
			Handler: new(lab.Lab).Stock(), ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError),
		})
		srv.Limits, srv.MaxConns, srv.Trace = f.limits(), int(f.maxConns), tell
		return srv
	}
	return &server.Server{
		Handler: new(lab.Lab).Native(), Limits: f.limits(), MaxConns: int(f.maxConns), Log: logger, Trace: tell,
	}
}

// shutdown lets the running exchanges end, within the time: 0 is no limit.
func shutdown(srv runner, logger *slog.Logger, within time.Duration) {
	ctx := context.Background()
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
		logger.Warn("not all exchanges have ended", "error", err)
		srv.Close()
	}
}

// url returns an address in the form that clients take.
func url(addr net.Addr) string {
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return "http://" + addr.String()
}
