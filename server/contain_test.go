// A function of the program's that panics, or ends its goroutine, costs its own connection and nothing else: wherever the
// server calls it.

package server_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// containment is one place where the server calls a program's function, and what its client sees of the misdeed.
type containment struct {
	name string

	// arm lets once be called there. It does nothing but the first time.
	arm func(b *bench, once func())

	requests string           // what the client sends; "": one GET
	client   func(c net.Conn) // what it does then, before it reads; nil: nothing
	want     []string         // the contents of the whole responses that it gets, but for what says 500
	silent   bool             // there is nothing for the log
}

// bench is what a misdeed is tried on.
type bench struct {
	srv    *server.Server
	hooks  hooks
	secure *tls.Config // the client's; nil: plain

	handled atomic.Bool // a handler was called

	mu   sync.Mutex
	log  bytes.Buffer
	lent []onloan
}

// onloan is what a handler was given.
type onloan struct {
	w   *server.Response
	r   *server.Request
	ctx context.Context
}

// hooks are called in the methods of the server's ends of connections.
type hooks struct {
	read, write, readDeadline, writeDeadline, close, remote func()

	open atomic.Int64 // of these connections
}

func call(f func()) {
	if f != nil {
		f()
	}
}

// hooked has the methods of net.Conn alone. Close closes before anything else can happen.
type hooked struct {
	net.Conn
	h      *hooks
	closed atomic.Bool
}

func (c *hooked) Read(p []byte) (int, error) { call(c.h.read); return c.Conn.Read(p) }
func (c *hooked) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	call(c.h.write)
	return n, err
}
func (c *hooked) SetReadDeadline(t time.Time) error {
	call(c.h.readDeadline)
	return c.Conn.SetReadDeadline(t)
}
func (c *hooked) SetWriteDeadline(t time.Time) error {
	call(c.h.writeDeadline)
	return c.Conn.SetWriteDeadline(t)
}

func (c *hooked) Close() error {
	if !c.closed.Swap(true) {
		c.h.open.Add(-1)
	}
	defer call(c.h.close)
	return c.Conn.Close()
}
func (c *hooked) RemoteAddr() net.Addr { call(c.h.remote); return c.Conn.RemoteAddr() }

// listen returns a listener whose connections have these hooks.
func (h *hooks) listen(l net.Listener) net.Listener {
	return servertest.Wrap(l, func(c net.Conn) net.Conn {
		h.open.Add(1)
		return &hooked{Conn: c, h: h}
	})
}

func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func TestMisdeedsCostOneConnection(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for _, place := range containments {
		for how, misdeed := range misdeeds {
			t.Run(place.name+"/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { misdeedAt(t, &place, misdeed) })
			})
		}
	}
}

func misdeedAt(t *testing.T, place *containment, misdeed func()) {
	b := &bench{}
	b.srv = &server.Server{MaxConns: 1, Log: slog.New(slog.NewTextHandler(b, nil)), Handler: server.HandlerFunc(answerHello)}
	var once sync.Once
	place.arm(b, func() {
		do := func() {}
		once.Do(func() { do = misdeed })
		do()
	})
	b.lend()
	l := servertest.Listen()
	go b.srv.Serve(b.hooks.listen(l))
	defer b.srv.Close()

	if got := b.ask(t, l, place.requests, place.client); !slices.Equal(got, place.want) {
		t.Errorf("the client received %q, want %q", got, place.want)
	}
	time.Sleep(time.Minute) // for handlers that nobody tells
	synctest.Wait()
	if n := b.srv.Stats().Open; n != 0 {
		t.Errorf("%d connections are open", n)
	}
	b.checkLog(t, place.silent)
	b.checkLent(t)
	if got := b.ask(t, l, "", nil); !slices.Equal(got, []string{"hello"}) { // in the only place
		t.Errorf("the next client received %q", got)
	}
	if err := b.srv.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if n := b.hooks.open.Load(); n != 0 {
		t.Errorf("%d descriptors are open", n)
	}
}

func answerHello(w *server.Response, r *server.Request) error {
	_, err := w.WriteString("hello")
	return err
}

// lend keeps what handlers are given.
func (b *bench) lend() {
	h := b.srv.Handler
	b.srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		b.handled.Store(true)
		b.mu.Lock()
		b.lent = append(b.lent, onloan{w, r, r.Context()})
		b.mu.Unlock()
		return h.Serve(w, r)
	})
}

// ask sends requests, and returns the contents of the whole responses that come before the connection ends, or nothing
// comes for long, without those that say 500.
func (b *bench) ask(t *testing.T, l *servertest.Listener, requests string, then func(net.Conn)) (got []string) {
	nc, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	c := net.Conn(nc)
	if b.secure != nil {
		c = tls.Client(nc, b.secure)
	}
	io.WriteString(c, cmp.Or(requests, get))
	if then != nil {
		then(c)
	}
	for in := bufio.NewReader(c); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return got
		}
		content, err := io.ReadAll(res.Body)
		switch {
		case res.StatusCode == 101, err == nil && res.StatusCode == 200:
			got = append(got, string(content))
		case err == nil && res.StatusCode != 500:
			t.Errorf("status %d: %s", res.StatusCode, content)
		}
	}
}

func (b *bench) checkLog(t *testing.T, silent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.Split(strings.TrimSuffix(b.log.String(), "\n"), "\n")
	for _, line := range lines {
		if !silent && !strings.Contains(line, " panic=") {
			t.Errorf("the log says %q", line)
		}
	}
}

// checkLent uses what was lent, which must be of no use any more, and wait for nothing.
func (b *bench) checkLent(t *testing.T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.lent {
		if x.ctx.Err() == nil {
			t.Error("a context goes on")
		}
		_, werr := x.w.WriteString("x")
		_, rerr := x.r.Body.Read(make([]byte, 1))
		for i, err := range []error{
			werr, rerr, x.w.Flush(), x.w.SetStatus(200), x.w.Abort(), x.w.SetWriteDeadline(time.Now()), x.w.SetMinWriteRate(1),
			x.w.SetStallTimeout(1), x.r.SetReadDeadline(time.Now()), x.r.SetMinReadRate(1),
		} {
			if err == nil {
				t.Errorf("method %d did something", i)
			}
		}
	}
}
