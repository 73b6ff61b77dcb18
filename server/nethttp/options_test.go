// What a Server has and an http.Server has not: a connection that is given, clients that are not to fill the log, and the limits
// of the engine.

package nethttp_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

func TestServeConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen()
		defer l.Close()
		type key struct{}
		var states []http.ConnState
		srv := nethttp.New(&http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Context().Value(key{}).(string)) }),
			BaseContext: func(l net.Listener) context.Context {
				return context.WithValue(context.Background(), key{}, l.Addr().String())
			},
			ConnState: func(_ net.Conn, s http.ConnState) { states = append(states, s) },
		})
		ended := make(chan error)
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		go func() { ended <- srv.ServeConn(nc) }()
		if _, content := ask(t, c, get); content != nc.LocalAddr().String() {
			t.Errorf("%q", content)
		}
		c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(states) != 4 || states[0] != http.StateNew || states[3] != http.StateClosed {
			t.Errorf("%v", states)
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := srv.ServeConn(nc); err != http.ErrServerClosed {
			t.Errorf("later: %v", err)
		}
	})
}

// The wrapped http.Server's own Shutdown ends a connection that was given, too.
func TestWrappedShutdownEndsAGivenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen()
		defer l.Close()
		h := &http.Server{Handler: http.HandlerFunc(hello)}
		srv := nethttp.New(h)
		c, _ := l.Dial()
		nc, _ := l.Accept()
		ended := make(chan error)
		go func() { ended <- srv.ServeConn(nc) }()
		ask(t, c, get)
		h.Shutdown(t.Context())
		if got, err := io.ReadAll(c); len(got) != 0 || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// With QuietClients a handshake that fails is not in the log, and a handler's panic is.
func TestQuietClients(t *testing.T) {
	var log logLines
	h := &http.Server{TLSConfig: certificate(t), ErrorLog: log.logger(), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("in the handler")
	})}
	srv := nethttp.New(h)
	srv.QuietClients = true
	nc := dial(t, tlsEngine{srv})
	io.WriteString(nc, get)
	io.ReadAll(nc)
	if all := log.all(); len(all) != 0 {
		t.Errorf("%q", all)
	}
	another, err := net.Dial("tcp", nc.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer another.Close()
	secure := tls.Client(another, &tls.Config{InsecureSkipVerify: true})
	io.WriteString(secure, get)
	io.ReadAll(secure)
	if all := log.all(); len(all) == 0 {
		t.Error("the panic was not logged")
	}
}

func TestLimitsOfTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(hello)})
		srv.Limits = server.Limits{MaxRequests: 2, MaxAge: time.Hour}
		srv.MaxConnsPerClient = 1
		l := serveIn(t, srv)
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if res, _ := ask(t, c, get); res.Close {
			t.Error("the first response says close")
		}
		second, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if got, err := io.ReadAll(second); len(got) != 0 || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if res, _ := ask(t, c, get); !res.Close {
			t.Error("the last response does not say close")
		}
	})
}
