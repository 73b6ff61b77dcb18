// Accepting connections: what passes by itself, and what a program's Prepare may do to its own connection only.

package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// failing is a listener whose first calls of Accept fail.
type failing struct {
	net.Listener
	errs []error
}

func (l *failing) Accept() (net.Conn, error) {
	if len(l.errs) == 0 {
		return l.Listener.Accept()
	}
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

// saysOf is an error that says of itself that it is temporary, or a timeout, and nothing else.
type saysOf struct{ temporary, timeout bool }

func (e saysOf) Error() string   { return "an error of the listener's own" }
func (e saysOf) Temporary() bool { return e.temporary }
func (e saysOf) Timeout() bool   { return e.timeout }

func TestAcceptErrorsThatPass(t *testing.T) {
	for name, err := range map[string]error{
		"temporary":         saysOf{temporary: true},
		"temporary, inside": &net.OpError{Op: "accept", Err: saysOf{temporary: true}},
		"timeout":           saysOf{timeout: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := servertest.Listen()
				srv := &server.Server{Handler: server.HandlerFunc(hello), Log: slog.New(slog.DiscardHandler)}
				served := make(chan error, 1)
				go func() { served <- srv.Serve(&failing{l, []error{err, err}}) }()
				if status := statusOn(t, l); status != 200 {
					t.Errorf("status %d", status)
				}
				srv.Close()
				if err := <-served; err != server.ErrClosed {
					t.Errorf("Serve returned %v", err)
				}
			})
		})
	}
}

func TestAcceptErrorsThatDoNotPass(t *testing.T) {
	l := servertest.Listen()
	srv := &server.Server{Log: slog.New(slog.DiscardHandler)}
	if err := srv.Serve(&failing{l, []error{saysOf{}}}); err != (saysOf{}) {
		t.Errorf("Serve returned %v", err)
	}
}

// misdeeds are the ways in which a function does not return.
var misdeeds = map[string]func(){
	"panic":        func() { panic("in a hook") },
	"panic of nil": func() { panic(nil) },
	"Goexit":       runtime.Goexit,
}

func TestPrepareLosesItsOwnConnectionOnly(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for name, misdeed := range misdeeds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				ended := make(chan conn.State, 9)
				var once atomic.Bool
				srv := &server.Server{
					Handler: server.HandlerFunc(hello), MaxConns: 1, Log: slog.New(slog.NewTextHandler(&log, nil)),
					State: func(_ *conn.Conn, s conn.State) { ended <- s },
					Prepare: func(net.Listener, *conn.Conn) {
						if once.CompareAndSwap(false, true) {
							misdeed()
						}
					},
				}
				l := servertest.Listen()
				go srv.Serve(l)
				defer srv.Close()
				c, _ := l.Dial()
				if got, _ := io.ReadAll(c); len(got) > 0 || <-ended != conn.StateEnded {
					t.Errorf("received %q", got)
				}
				if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "192.0.2.2:") {
					t.Errorf("logged %d lines: %s", lines, &log)
				}
				if n := srv.Stats().Open; n != 0 {
					t.Errorf("%d connections are open", n)
				}
				if status := statusOn(t, l); status != 200 { // in the only place
					t.Errorf("the next connection got status %d", status)
				}
			})
		})
	}
}

func TestPrepareHoldsUpItsOwnConnectionOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entered, goOn := make(chan bool, 2), make(chan bool)
		var once atomic.Bool
		srv := &server.Server{Handler: server.HandlerFunc(hello), Prepare: func(net.Listener, *conn.Conn) {
			if entered <- true; once.CompareAndSwap(false, true) {
				<-goOn
			}
		}}
		l := servertest.Listen()
		go srv.Serve(l)
		defer srv.Close()
		c, _ := l.Dial()
		io.WriteString(c, get)
		<-entered
		if n := srv.Stats().Open; n != 1 {
			t.Errorf("%d connections are registered", n)
		}
		if status := statusOn(t, l); status != 200 {
			t.Errorf("the second connection got status %d", status)
		}
		close(goOn)
		if status := statusOf(t, c); status != 200 {
			t.Errorf("the first connection got status %d", status)
		}
	})
}

// When Serve has returned, nothing that it accepted calls Prepare any more, so that a program may go on to use what Prepare
// has made.
func TestServeWaitsForPrepare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan bool)
		srv := &server.Server{Handler: server.HandlerFunc(hello), Prepare: func(net.Listener, *conn.Conn) { <-goOn }}
		l := servertest.Listen()
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		l.Dial()
		synctest.Wait()
		srv.Close()
		synctest.Wait()
		select {
		case err := <-served:
			t.Errorf("Serve returned while a connection was prepared: %v", err)
		default:
		}
		close(goOn)
		if err := <-served; err != server.ErrClosed {
			t.Errorf("Serve returned %v", err)
		}
	})
}

// A connection that has ended is not one that a shutdown waits for, also where it is called by who is told of that.
func TestShutdownInsideTheHookOfAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv *server.Server
		shut := make(chan error, 1)
		srv = &server.Server{Handler: server.HandlerFunc(hello), State: func(_ *conn.Conn, s conn.State) {
			if s == conn.StateEnded {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				shut <- srv.Shutdown(ctx)
			}
		}}
		l := servertest.Listen()
		go srv.Serve(l)
		c, _ := l.Dial()
		io.WriteString(c, get)
		statusOf(t, c)
		c.Close()
		if err := <-shut; err != nil {
			t.Error(err)
		}
	})
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func hello(w *server.Response, r *server.Request) error {
	_, err := w.WriteString("hello\n")
	return err
}

// statusOn returns the status that a new connection's request gets.
func statusOn(t *testing.T, l *servertest.Listener) int {
	t.Helper()
	c, err := l.Dial()
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	io.WriteString(c, get)
	return statusOf(t, c)
}

// statusOf reads a response, and returns its status, or 0 if there is none.
func statusOf(t *testing.T, c net.Conn) int {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		return 0
	}
	io.Copy(io.Discard, res.Body)
	return res.StatusCode
}
