// A server for one test: started in a line, and gone with all that belongs to it when the test ends.

package servertest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

// patience is how long the kit waits for what should come at once.
const patience = 5 * time.Second

// Server is a running spillway server that belongs to a test.
type Server struct {
	Addr   string       // host:port, where the server listens on a port
	URL    string       // http://host:port, without a slash behind it
	Client *http.Client // reaches the server, over every carrier; keeps its connections, and follows no redirect

	t       testing.TB
	srv     server.Server
	carrier Carrier
	dialer  DialFunc
	served  chan error
	label   string // of all goroutines that belong to the server

	mu      sync.Mutex
	changed *sync.Cond
	open    int                 // connections that have not ended
	running map[int64]*Exchange // by connection
	settled []Exchange
	reasons []conn.Reason // why connections ended
}

// Exchange is what became of one request: what the handler answered, and what the server then settled and decided.
type Exchange struct {
	Conn           int64 // the connection's number, from 1
	Number         int   // the exchange's number on it, from 1
	Method, Target string
	Status         int
	Sent           int64         // content bytes of the response
	Leftover       body.Leftover // what became of the content that the handler did not read
	Thrown         int64         // bytes of it on the wire that were thrown away
	Verdict        conn.Verdict  // what the connection did next
	Reason         conn.Reason   // why it ended, where it did
}

// String returns the exchange in one line.
func (e Exchange) String() string {
	return fmt.Sprintf("%s %s: %d, %d bytes; leftover: %v, %d bytes; verdict: %v (%v)",
		e.Method, e.Target, e.Status, e.Sent, e.Leftover, e.Thrown, e.Verdict, e.Reason)
}

// Option changes how Start starts a server.
type Option func(*Server)

// Limits sets the server's limits. Without it they are the defaults.
func Limits(l server.Limits) Option { return func(s *Server) { s.srv.Limits = l } }

// Configure changes anything of the server before it starts. Its Trace is also called.
func Configure(f func(*server.Server)) Option { return func(s *Server) { f(&s.srv) } }

// InMemory makes the server listen on an in-memory network instead of a port, also inside a testing/synctest bubble. The
// links are those of Listen.
func InMemory(link ...Link) Option { return Over(overMemory(link...)) }

var servers atomic.Int64

// Start starts a server with this handler on a free port of the loopback interface, or where [Over] says. When the test ends, the server is
// closed, and the test fails if a connection or a goroutine that the server or its handlers have started remains.
func Start(t testing.TB, h server.Handler, options ...Option) *Server {
	t.Helper()
	s := &Server{t: t, carrier: plain, served: make(chan error, 1), running: make(map[int64]*Exchange)}
	s.changed = sync.NewCond(&s.mu)
	s.srv.Handler = h
	for _, o := range options {
		o(s)
	}
	told := s.srv.Trace
	s.srv.Trace = func(e server.Event) {
		if told != nil {
			told(e)
		}
		s.note(e)
	}
	l, dial := s.carrier.Open(t)
	s.dialer = dial
	s.Addr = l.Addr().String()
	s.URL = "http://" + authority(l.Addr())
	transport := &http.Transport{DialContext: s.dial}
	s.Client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.label = fmt.Sprintf("server %d of %s", servers.Add(1), t.Name())
	go pprof.Do(context.Background(), pprof.Labels("servertest", s.label), func(context.Context) { s.served <- s.srv.Serve(l) })
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.stop()
	})
	return s
}

// authority is what an http URL calls an address.
func authority(a net.Addr) string {
	if _, _, err := net.SplitHostPort(a.String()); err != nil {
		return "localhost" // a Unix socket's path, for instance
	}
	return a.String()
}

func (s *Server) dial(ctx context.Context, _, _ string) (net.Conn, error) { return s.dialer(ctx) }

// Dial opens a connection to the server that the test scripts.
func (s *Server) Dial() *Client {
	s.t.Helper()
	return NewClient(s.t, s.DialConn())
}

// DialConn opens a connection to the server, for a client that [Client] cannot be.
func (s *Server) DialConn() net.Conn {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := s.dialer(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Shutdown is the server's Shutdown.
func (s *Server) Shutdown(ctx context.Context) error { return s.srv.Shutdown(ctx) }

// Close is the server's Close. The end of the test calls it too.
func (s *Server) Close() error { return s.srv.Close() }

// note puts down an event.
func (s *Server) note(e server.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case conn.EventAccepted:
		s.open++
	case conn.EventHeadParsed:
		s.running[e.Conn] = &Exchange{Conn: e.Conn, Number: e.Exchange, Method: e.Method, Target: e.Target}
	case conn.EventResponded:
		if x := s.running[e.Conn]; x != nil {
			x.Status, x.Sent = e.Status, e.ContentSent
		}
	case conn.EventSettled:
		if x := s.running[e.Conn]; x != nil {
			x.Leftover, x.Thrown, x.Verdict, x.Reason = e.Leftover, e.Thrown, e.Verdict, e.Reason
			s.settled = append(s.settled, *x)
			delete(s.running, e.Conn)
		}
	case conn.EventClosed:
		s.open--
		s.reasons = append(s.reasons, e.Reason)
	}
	s.changed.Broadcast()
}

// Exchanges waits until n exchanges have been settled and returns them in the order in which they were. The test fails if
// they do not come in 5 s.
func (s *Server) Exchanges(n int) []Exchange {
	s.t.Helper()
	return collect(s, &s.settled, n, "exchanges were settled")
}

// Closings waits until n connections have ended and returns why, in the order in which they did. The test fails if they
// do not end in 5 s.
func (s *Server) Closings(n int) []conn.Reason {
	s.t.Helper()
	return collect(s, &s.reasons, n, "connections ended")
}

// collect waits until a list has n elements and returns a copy of it.
func collect[T any](s *Server, list *[]T, n int, what string) []T {
	s.t.Helper()
	enough := s.await(func() bool { return len(*list) >= n })
	s.mu.Lock()
	all := slices.Clone(*list)
	s.mu.Unlock()
	if !enough {
		s.t.Fatalf("servertest: %d %s, not %d: %v", len(all), what, n, all)
	}
	return all
}

// await waits until something is true, at most for the kit's patience, and returns whether it is.
func (s *Server) await(is func() bool) bool {
	over := false
	timer := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		over = true
		s.changed.Broadcast()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !is() && !over {
		s.changed.Wait()
	}
	return is()
}

// holds waits until the server has accepted n connections that are open. One that sent nothing may still be in the queue of the
// listener, which loses it when it is closed. The test fails if they do not come in 5 s.
func (s *Server) holds(n int) {
	s.t.Helper()
	var open int
	if !s.await(func() bool { open = s.open; return open == n }) {
		s.t.Fatalf("servertest: %d connections are open, not %d", open, n)
	}
}

// stop closes the server and looks for what it has left.
func (s *Server) stop() {
	s.srv.Close()
	if err := <-s.served; err != server.ErrClosed {
		s.t.Errorf("servertest: the server ended by itself: %v", err)
	}
	if !s.await(func() bool { return s.open == 0 }) {
		s.t.Error("servertest: connections are open although the server is closed")
	}
	left := ""
	for range 100 {
		if left = s.goroutines(); left == "" {
			return
		}
		time.Sleep(patience / 100)
	}
	s.t.Errorf("servertest: goroutines that the server or its handlers have started are still there:\n%s", left)
}

// goroutines returns the stacks of the goroutines that belong to the server.
func (s *Server) goroutines() string {
	var all bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&all, 1)
	var mine []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("# labels: {%q:%q}", "servertest", s.label)) {
			mine = append(mine, stack)
		}
	}
	return strings.Join(mine, "\n\n")
}
