// What a Server has and an http.Server has not: a connection that is given, clients that are not to fill the log, and the limits
// of the engine.

package nethttp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
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

// A TLS connection that was given is served in the protocol on which its handshake agrees, and BaseContext and ConnContext hold.
func TestServeConnOverTLS(t *testing.T) {
	for want, protocol := range map[string]*http.Protocols{"HTTP/1.1": only(withHTTP1), "HTTP/2.0": only(withHTTP2)} {
		type base struct{}
		type own struct{}
		srv := nethttp.New(&http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, of := r.Context().Value(own{}).(*tls.Conn)
				fmt.Fprint(w, r.Proto, r.TLS != nil, r.Context().Value(base{}), of)
			}),
			BaseContext: func(net.Listener) context.Context { return context.WithValue(context.Background(), base{}, true) },
			ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, own{}, c) },
		})
		l := listen(t)
		transport := &http.Transport{Protocols: protocol, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		ended := make(chan error)
		go func() {
			nc, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			cfg := certificate(t)
			cfg.NextProtos = []string{"h2", "http/1.1"}
			ended <- srv.ServeConn(tls.Server(nc, cfg))
		}()
		res, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(res.Body); string(content) != want+"true true true" || err != nil {
			t.Errorf("%q, %v", content, err)
		}
		res.Body.Close()
		if n := srv.Stats().Open; n != 1 {
			t.Errorf("%d connections are open", n)
		}
		transport.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Errorf("ServeConn: %v", err)
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		l.Close()
	}
}

// lineLog sends what is logged.
type lineLog chan string

func (l lineLog) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// With QuietClients a handshake that fails, or bytes that are not HTTP/2, are not in the log, and a handler's panic is.
func TestQuietClients(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		lines, closed := make(lineLog, 99), make(chan server.Event, 9)
		h := &http.Server{TLSConfig: certificate(t), ErrorLog: log.New(lines, "", 0)}
		h.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Context().Value(http.ServerContextKey) != h {
				t.Error("a request is another http.Server's")
			}
			panic("in the handler")
		})
		_, client, url := startHTTP2(t, h, true, func(s *nethttp.Server) {
			s.QuietClients = quiet
			s.Trace = func(e server.Event) {
				if e.Kind == server.EventClosed {
					closed <- e
				}
			}
		})
		speakNonsense(t, strings.TrimPrefix(url, "https://"))
		for range 2 {
			<-closed // and what there is to say of it has been said
		}
		if want := map[bool]int{false: 2, true: 0}[quiet]; len(lines) != want {
			t.Errorf("QuietClients %t: %d lines are in the log, want %d", quiet, len(lines), want)
		}
		for range len(lines) {
			<-lines
		}
		for _, protocol := range []*http.Protocols{only(withHTTP1), only(withHTTP2)} {
			client.Transport = &http.Transport{Protocols: protocol, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			if _, err := client.Get(url); err == nil {
				t.Error("a panic was a response")
			}
			if line := <-lines; !strings.Contains(line, "panic serving") || !strings.Contains(line, "in the handler") {
				t.Errorf("QuietClients %t, %v: %q", quiet, protocol, line)
			}
			client.CloseIdleConnections()
		}
	}
}

// speakNonsense connects twice, with what is not TLS, and with what is not HTTP/2 inside TLS.
func speakNonsense(t *testing.T, addr string) {
	plain, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	io.WriteString(plain, "nonsense, and no TLS record\r\n\r\n")
	io.ReadAll(plain)
	secure, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close()
	io.WriteString(secure, "nonsense, and no preface of HTTP/2\r\n\r\n")
	io.ReadAll(secure)
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

// listenerOf and connOf are of types that cannot be compared, and so be no map's keys.
type (
	listenerOf []net.Listener
	connOf     struct {
		net.Conn
		_ []byte
	}
)

func (l listenerOf) Close() error   { return l[0].Close() }
func (l listenerOf) Addr() net.Addr { return l[0].Addr() }
func (l listenerOf) Accept() (net.Conn, error) {
	nc, err := l[0].Accept()
	return connOf{Conn: nc}, err
}

func TestTypesThatCannotBeCompared(t *testing.T) {
	for _, overTLS := range []bool{false, true} {
		lines := make(lineLog, 99)
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(hello), TLSConfig: certificate(t), ErrorLog: log.New(lines, "", 0)})
		l := listen(t)
		ended := make(chan error)
		serve := srv.Serve
		if overTLS {
			serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
		}
		go func() { ended <- serve(listenerOf{l}) }()
		for _, end := range []string{get, "nonsense\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"} {
			nc := dialTo(t, l)
			if overTLS {
				nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
			}
			ask(t, nc, get)
			ask(t, nc, end)
			nc.Close()
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != http.ErrServerClosed {
			t.Error(err)
		}
		if len(lines) != 0 {
			t.Errorf("TLS %t: logged: %q", overTLS, <-lines)
		}
	}
}
