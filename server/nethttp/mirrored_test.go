// What programs can rely on because net/http does it, though its documentation hardly says so.

package nethttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// addressed is a listener whose connections count how often they are asked for the client's address.
type addressed struct {
	net.Listener
	asked atomic.Int32
}

func (l *addressed) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	return &addressedConn{nc, l}, err
}

type addressedConn struct {
	net.Conn
	l *addressed
}

func (c *addressedConn) RemoteAddr() net.Addr {
	c.l.asked.Add(1)
	return c.Conn.RemoteAddr()
}

// A listener behind a balancer learns the client's address from the connection's first bytes, and waits for them when it is
// asked: it is asked once, and by the connection's own goroutine.
func TestAddressIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := servertest.Listen()
		l := &addressed{Listener: under}
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.RemoteAddr)
		})})
		go srv.Serve(l)
		defer srv.Close()
		c, err := under.Dial()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, content := ask(t, c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); content != c.LocalAddr().String() {
				t.Errorf("the handler sees the address %q, not %v", content, c.LocalAddr())
			}
		}
		if n := l.asked.Load(); n != 1 {
			t.Errorf("the address was asked for %d times", n)
		}
	})
}

// The http.Server is read when it serves: what is called before does not fix its fields.
func TestFieldsMayBeSetUntilServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &http.Server{}
		srv := nethttp.New(h)
		srv.SetKeepAlivesEnabled(false)
		if n := srv.Stats().Accepted; n != 0 {
			t.Errorf("%d connections were accepted", n)
		}
		states := make(chan http.ConnState, 9)
		h.Handler, h.ConnState = http.HandlerFunc(hello), func(_ net.Conn, s http.ConnState) { states <- s }
		l := serveIn(t, srv)
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := ask(t, c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !res.Close {
			t.Error("the connection is kept")
		}
		for _, want := range []http.ConnState{http.StateNew, http.StateActive, http.StateClosed} {
			c.Close()
			if s := <-states; s != want {
				t.Errorf("state %v, want %v", s, want)
			}
		}
	})
}

// http.ResponseController says that a read deadline that has passed is not extended by a later one.
func TestPassedReadDeadlineIsNotExtended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := make(chan error, 2)
		l := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(errs)
			ctl := http.NewResponseController(w)
			ctl.SetReadDeadline(time.Now().Add(time.Second))
			for range 2 {
				n, err := r.Body.Read(make([]byte, 3))
				if n > 0 {
					t.Errorf("read %d bytes", n)
				}
				errs <- err
				ctl.SetReadDeadline(time.Time{})
			}
		})}))
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
		time.Sleep(2 * time.Second)
		io.WriteString(c, "one")
		for err := range errs {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read: %v", err)
			}
		}
	})
}

// The handler's fields come first, and the server's own behind them.
func TestServersFieldsStandBehindTheHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{http.StatusOK, http.StatusNotFound} {
			l := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Field", "1")
				w.WriteHeader(status)
				io.WriteString(w, "content")
			})}))
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			response, _ := io.ReadAll(c)
			var names []string
			for line := range strings.Lines(string(response)) {
				if name, _, ok := strings.Cut(line, ":"); ok {
					names = append(names, name)
				}
			}
			if want := []string{"X-Field", "Date", "Content-Length", "Content-Type", "Connection"}; !slices.Equal(names, want) {
				t.Errorf("status %d: fields %q, want %q", status, names, want)
			}
		}
	})
}

// A response that turns out to be shorter than its Content-Length, before its head was sent, says that the connection ends:
// only that shows a client that it is short.
func TestAShortResponseSaysClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			if r.Method != "HEAD" {
				io.WriteString(w, "hello")
			}
		})}))
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
		got, err := io.ReadAll(c)
		head, short, _ := strings.Cut(string(got), "\r\n\r\n")
		if err != nil || strings.Contains(head, "Connection:") || !strings.Contains(short, "\r\nConnection: close\r\n") || !strings.HasSuffix(short, "\r\n\r\nhello") {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// A handler whose read fails because the client has gone finds the request's context cancelled.
func TestContextEndsWithTheContentsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		l := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			ended <- r.Context().Err()
		})}))
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
		c.Close()
		if err := <-ended; err != context.Canceled {
			t.Errorf("the context's error is %v", err)
		}
	})
}
