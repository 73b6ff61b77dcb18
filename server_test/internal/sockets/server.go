// A server that listens on a socket until its test ends.

package sockets

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// Server is a server on a loopback address.
type Server struct {
	*server.Server
	Addr  string
	Over  servertest.Carrier  // where it is another than a plain socket
	Reach servertest.DialFunc // how a client gets there

	mu     sync.Mutex
	events []server.Event
}

// Serve serves until the test ends. A server without a handler gets the lab's routes.
func Serve(t testing.TB, srv *server.Server) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ServeOn(t, srv, l)
}

func ServeOn(t testing.TB, srv *server.Server, l net.Listener) *Server {
	live := &Server{Server: srv, Addr: l.Addr().String()}
	live.Reach = func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, l.Addr().Network(), live.Addr)
	}
	if srv.Handler == nil {
		srv.Handler = server.HandlerFunc(Lab)
	}
	if srv.Log == nil {
		srv.Log = slog.New(slog.DiscardHandler)
	}
	if srv.Trace == nil {
		srv.Trace = live.note
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, server.ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return live
}

func (l *Server) note(e server.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// Events returns what the server has told of so far.
func (l *Server) Events() []server.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// WaitEvents waits until the server has seen n events of a kind, and returns these.
func (l *Server) WaitEvents(t testing.TB, kind int, n int) (seen []server.Event) {
	t.Helper()
	for end := time.Now().Add(Patience); ; time.Sleep(time.Millisecond) {
		seen = nil
		for _, e := range l.Events() {
			if int(e.Kind) == kind {
				seen = append(seen, e)
			}
		}
		if len(seen) >= n {
			return seen
		}
		if time.Now().After(end) {
			t.Fatalf("%d events of kind %d in %v, want %d", len(seen), kind, Patience, n)
		}
	}
}

// Handle serves with a function of which the test wants the error.
func Handle(t *testing.T, over servertest.Carrier, limits server.Limits, serve func(w *server.Response, r *server.Request) error) (*Server, chan error) {
	result := make(chan error, 10)
	srv := &server.Server{Limits: limits}
	srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.RawPath == "/plaintext" {
			return Lab(w, r)
		}
		err := serve(w, r)
		result <- err
		return err
	})
	return Over(t, over, srv), result
}

func Result(t *testing.T, result chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the handler does not end")
		return nil
	}
}
