// Every method in every phase: what the client sees of the exchange in which it was called, and of those that follow.

package api_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// shapes are the requests that the method is called in.
var shapes = map[string]string{
	"length":  fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(content), content),
	"chunked": "Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n3\r\n" + content[:3] + "\r\n17\r\n" + content[3:] + "\r\n0\r\nX-Trailer: t\r\n\r\n",
	"expect":  fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(content)),
}

// bed is a server with the exchanges under test, by name.
type bed struct {
	*servertest.Server
	exchanges sync.Map // of *exchange
	log       notebook
}

func newBed(t *testing.T, over servertest.Carrier) *bed {
	b := new(bed)
	b.Server = servertest.Start(t, server.HandlerFunc(b.serve), servertest.Over(over), servertest.Configure(func(s *server.Server) {
		s.Log = slog.New(slog.NewTextHandler(&b.log, nil))
		s.Limits.RateGrace = time.Second / 2 // where handler and client wait for each other
		if over.NoHalfClose {
			s.Limits.LingerTimeout = 20 * time.Millisecond // which a client that waits for the end must wait for
		}
	}))
	return b
}

// serve serves the exchanges under test, and those that follow, each of which has a right answer of its own.
func (b *bed) serve(w *conn.Response, r *conn.Request) error {
	which, _ := b.exchanges.Load(r.Fields.Get("X-Which"))
	x := which.(*exchange)
	if r.Method == "POST" {
		return x.serve(w, r)
	}
	<-x.done
	if x.phase == returned {
		x.call(x)
	}
	w.Set("X-Next", r.Fields.Get("X-Next"))
	_, err := fmt.Fprintf(w, "next %s\n", r.Fields.Get("X-Next"))
	return err
}

func TestMethodsInEveryPhase(t *testing.T) {
	for _, over := range servertest.Carriers() {
		t.Run(over.Name, func(t *testing.T) {
			if testing.Short() && over.Name != "tcp" {
				t.Skip("thousands of connections of every kind")
			}
			t.Parallel()
			b := newBed(t, over)
			for _, method := range methods() {
				t.Run(method, func(t *testing.T) { b.tryAll(t, method, over) })
			}
			if log := b.log.String(); strings.Contains(log, "panic") {
				t.Errorf("something has panicked:\n%.3000s", log)
			}
		})
	}
}

// tryAll calls a method in every way and phase, in requests of every shape.
func (b *bed) tryAll(t *testing.T, method string, over servertest.Carrier) {
	for _, p := range phases {
		owned := p == hijacked || p == owner
		if strings.HasPrefix(method, "Hijacked.") && !owned || over.NoDeadlines && method == "Hijacked.Read" {
			continue // there is none, or nothing would end it
		}
		for i, call := range calls[method] {
			for shape := range shapes {
				b.try(t, fmt.Sprintf("%s %d, %s, %s", method, i, p, shape), newExchange(p, call), shape)
			}
		}
	}
}

// try runs one exchange and those that follow it.
func (b *bed) try(t *testing.T, name string, x *exchange, shape string) {
	b.exchanges.Store(name, x)
	c := &client{bed: b, which: name}
	c.dial()
	defer func() {
		c.nc.Close()
		if x.leaks() {
			close(x.stop)
			<-x.ended
		}
		for _, err := range c.wrong {
			t.Errorf("%s: %v", name, err)
		}
	}()
	goesOn := c.exchange(x, shape)
	for i := range 3 {
		if x.phase == returned {
			x.call(x)
		}
		c.follow(fmt.Sprintf("%s/%d", strings.ReplaceAll(name, " ", "-"), i), goesOn)
	}
}

// notebook is a log that several goroutines write.
type notebook struct {
	mu sync.Mutex
	strings.Builder
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Builder.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Builder.String()
}
