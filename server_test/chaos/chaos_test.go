// Chaos: everything that may happen to a server happens at once, over real sockets, and what must be true then still is.

package chaos_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

var (
	chaosTime = flag.Duration("chaos", 0, "how long the chaos test runs; 0: 30 s where CI is set, 3 s elsewhere")
	chaosSeed = flag.Uint64("chaos-seed", 0, "what the chaos test's clients draw their deeds from; 0: one that it prints")
)

const (
	chaosClients = 16
	chaosConns   = 12 // served at once: the others wait
	chaosRound   = 750 * time.Millisecond
)

// chaos is one round: a server, and clients of all sorts until it is closed.
type chaos struct {
	*testing.T
	seed    uint64
	closing atomic.Bool // from now on the server may cut anybody off

	mu     sync.Mutex
	whole  map[string]int // responses that were received whole, by route
	cut    int            // and that were not
	hooked int            // misdeeds of hooks
	failed []string       // what went wrong for clients who keep to the protocol

	stats func() server.Stats
}

// TestChaos mixes hooks and handlers that do not return, deadlines and rates that other goroutines set at any time,
// connections that handlers abort or hijack, readers that they leave behind, and clients that are slow, half-close, go,
// pipeline or reset, on a server that parks its connections at once and lets few connect, and fewer linger; and then it is
// closed. Every response that arrives whole is the right one; who keeps to the protocol, on a connection that no misdeed was
// for, is answered, but for those whom the server says it has displaced; and at the end nothing is left, no goroutine and no descriptor.
func TestChaos(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	sockets.Clean(t)
	long := *chaosTime
	if long == 0 {
		if long = 3 * time.Second; os.Getenv("CI") != "" {
			long = 30 * time.Second
		}
	}
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("go test -run TestChaos -chaos %v -chaos-seed %d", long, seed)
	carriers := servertest.Carriers()[:2] // raw TCP, and the methods of net.Conn alone
	whole := make(map[string]int)
	for end := time.Now().Add(long); time.Now().Before(end) && !t.Failed(); {
		for _, over := range carriers {
			for _, start := range []func(*chaos, net.Listener) func(){startChaos, startHTTPChaos} {
				c := &chaos{T: t, seed: seed, whole: whole}
				c.round(over, start)
				seed++
			}
		}
	}
	for name, route := range chaosRoutes {
		if route.text != nil && whole[name] == 0 {
			t.Errorf("no whole response came from %s", name)
		}
	}
	t.Logf("whole responses: %v", whole)
}

// round serves, lets the clients loose, and ends the server under them.
func (c *chaos) round(over servertest.Carrier, start func(*chaos, net.Listener) func()) {
	before := sockets.Descriptors()
	l, dial := over.Open(c)
	end := start(c, l)
	var clients sync.WaitGroup
	for i := range chaosClients {
		clients.Go(func() {
			rng := rand.New(rand.NewPCG(c.seed, uint64(i)))
			for n := 0; !c.closing.Load(); n++ {
				c.client(rng, dial, fmt.Sprintf("%d-%d-%d", c.seed, i, n))
			}
		})
	}
	time.Sleep(chaosRound)
	end()
	clients.Wait()
	if left := sockets.LeftBehind(before); left != "" {
		c.Errorf("seed %d over %v left behind:\n%s", c.seed, over, left)
	}
	if most := c.stats().Displaced; int64(len(c.failed)) > most {
		c.Errorf("%d connections were displaced, and these failed:\n%s", most, strings.Join(c.failed, "\n"))
	}
	c.mu.Lock() // hooks may still run for connections that are not the server's any more
	defer c.mu.Unlock()
	c.Logf("seed %d over %v: %d responses cut, %d misdeeds of hooks", c.seed, over, c.cut, c.hooked)
}

func chaosLimits() server.Limits {
	return server.Limits{
		ParkAfter: 2 * time.Millisecond, MaxLingering: 2, LingerTimeout: time.Second, StallTimeout: time.Second,
		DrainBytes: 8 << 10, ShutdownGrace: 5 * time.Millisecond,
	}
}

func startChaos(c *chaos, l net.Listener) func() {
	srv := &server.Server{
		Handler: server.HandlerFunc(serveChaos), Limits: chaosLimits(), MaxConns: chaosConns, Log: slog.New(slog.DiscardHandler),
		Trace:   func(e server.Event) { c.misdeed(e.Remote) },
		Prepare: func(_ net.Listener, nc *conn.Conn) { c.misdeed(nc.NetConn().RemoteAddr()) },
	}
	if c.seed%8 < 4 { // connections are read in another way where somebody else may have them
		srv.State = func(nc *conn.Conn, _ conn.State) { c.misdeed(nc.NetConn().RemoteAddr()) }
	}
	c.stats = srv.Stats
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	return func() { c.end(srv.Shutdown, srv.Close, served, server.ErrClosed) }
}

func startHTTPChaos(c *chaos, l net.Listener) func() {
	h := &http.Server{Handler: http.HandlerFunc(serveHTTPChaos), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	if c.seed%8 < 4 {
		h.ConnState = func(nc net.Conn, _ http.ConnState) { c.misdeed(nc.RemoteAddr()) }
		h.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
			c.misdeed(nc.RemoteAddr())
			return ctx
		}
	}
	srv := nethttp.New(h)
	srv.Limits, srv.MaxConns = chaosLimits(), chaosConns
	srv.Trace = func(e server.Event) { c.misdeed(e.Remote) }
	c.stats = srv.Stats
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	return func() { c.end(srv.Shutdown, srv.Close, served, http.ErrServerClosed) }
}

// end ends the server in one of the ways that there are.
func (c *chaos) end(shutdown func(context.Context) error, closes func() error, served chan error, want error) {
	c.closing.Store(true)
	if c.seed%3 == 0 {
		closes()
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.seed%3)*100*time.Millisecond)
		defer cancel()
		if err := shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			c.Error(err)
		}
		closes()
	}
	if err := <-served; err != want {
		c.Errorf("Serve returned %v", err)
	}
}

// cursed reports whether a client's connection is one for which hooks may misbehave: each client can tell by its own port.
func (c *chaos) cursed(client net.Addr) bool {
	at, ok := client.(*net.TCPAddr)
	return ok && (uint64(at.Port/2)+c.seed)%4 == 0 // a system's ports may be all odd
}

// misdeed does at times what a hook should not.
func (c *chaos) misdeed(client net.Addr) {
	if !c.cursed(client) || rand.IntN(20) > 0 {
		return
	}
	c.mu.Lock()
	c.hooked++
	c.mu.Unlock()
	switch rand.IntN(3) {
	case 0:
		panic("in a hook")
	case 1:
		panic(nil)
	case 2:
		runtime.Goexit()
	}
}

// client is the life of one connection.
func (c *chaos) client(rng *rand.Rand, dial servertest.DialFunc, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), sockets.Patience)
	defer cancel()
	nc, err := dial(ctx)
	if err != nil {
		if !c.closing.Load() {
			c.Error(err)
		}
		return
	}
	plan := newChaosPlan(rng, name)
	plan.cursed = c.cursed(nc.LocalAddr())
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	defer nc.Close()
	sent := make(chan bool)
	answered := make(chan bool, len(plan.requests))
	go func() {
		defer close(sent)
		plan.send(nc, answered)
	}()
	err = c.receive(nc, plan, answered)
	spared := plan.polite && !plan.slow // a slow client may take longer than the LingerTimeout
	if spared && !plan.cursed && err != nil && !c.closing.Load() {
		c.mu.Lock()
		c.failed = append(c.failed, fmt.Sprintf("%s: %v\n%v", name, err, plan))
		c.mu.Unlock()
	}
	close(answered)
	nc.Close()
	<-sent
}

// receive reads responses until there are no more, and returns what was wrong with the last.
func (c *chaos) receive(nc net.Conn, plan *chaosPlan, answered chan<- bool) error {
	in := plan.reader(nc)
	for i, r := range plan.requests {
		res, content, err := sockets.Answer(in, r.route.method)
		if err != nil {
			c.mu.Lock()
			c.cut++
			c.mu.Unlock()
			return fmt.Errorf("request %d: %w", i, err)
		}
		if err := r.check(res, content); err != nil {
			c.Errorf("%s: request %d: %v\n%v", plan.name, i, err, plan)
			return err
		}
		chaosMu.Lock()
		c.whole[r.name]++
		chaosMu.Unlock()
		if r.route.last || res.Close {
			if n, _ := io.Copy(io.Discard, in); n > 0 && r.route.text != nil {
				return fmt.Errorf("%d bytes behind the last response", n)
			}
			return nil
		}
		answered <- true
	}
	return nil
}

var chaosMu sync.Mutex
