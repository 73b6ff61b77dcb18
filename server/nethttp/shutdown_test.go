// The end of a server: what Shutdown and Close do, and in which order.

package nethttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, entered := make(chan bool), make(chan bool)
		h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- true
			<-release
			hello(w, r)
		})}
		hook := make(chan bool, 1)
		h.RegisterOnShutdown(func() { hook <- true })
		srv := nethttp.New(h)
		l := serveIn(t, srv)
		silent, _ := l.Dial()
		defer silent.Close()
		half, _ := l.Dial()
		defer half.Close()
		io.WriteString(half, "GET / HT")
		nc, _ := l.Dial()
		defer nc.Close()
		io.WriteString(nc, get)
		<-entered

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != ctx.Err() || err == nil {
			t.Errorf("Shutdown, with an exchange running: %v", err)
		}
		<-hook
		go func() {
			time.Sleep(time.Second)
			close(release)
		}()
		go func() {
			if _, content := ask(t, nc, ""); content != "hello" {
				t.Errorf("%q", content)
			}
			nc.Close()
		}()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := srv.Serve(servertest.Listen()); err != http.ErrServerClosed {
			t.Errorf("Serve, after Shutdown: %v", err)
		}
		if err := srv.ListenAndServe(); err != http.ErrServerClosed {
			t.Errorf("ListenAndServe, after Shutdown: %v", err)
		}
	})
}

// The functions of RegisterOnShutdown find the port closed, so that clients which they send away are not taken again, and
// connections that were not told to end yet have been told by then.
func TestShutdownClosesListenersFirst(t *testing.T) {
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h := &http.Server{Handler: http.HandlerFunc(hello)}
		open := make(chan bool, 1)
		h.RegisterOnShutdown(func() {
			nc, err := net.Dial("tcp", tcp.Addr().String())
			if open <- err == nil; err == nil {
				nc.Close()
			}
		})
		srv := nethttp.New(h)
		served := make(chan error, 1)
		go func() { served <- srv.Serve(tcp) }()
		nc, err := net.Dial("tcp", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ask(t, nc, get)
		nc.Close()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if <-open {
			t.Fatal("the port is open")
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	}
}

// A connection that never spoke, or that never ends a head, holds no shutdown up for longer than net/http's five seconds.
func TestShutdownOfSilentConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(hello)})
		l := serveIn(t, srv)
		for _, sent := range []string{"", "GET / HT", get + "GET / HT"} {
			nc, _ := l.Dial()
			defer nc.Close()
			io.WriteString(nc, sent)
			go io.Copy(io.Discard, nc)
		}
		synctest.Wait()
		began := time.Now()
		if err := srv.Shutdown(t.Context()); err != nil || time.Since(began) > 11*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		})})
		l := serveIn(t, srv)
		nc, _ := l.Dial()
		defer nc.Close()
		io.WriteString(nc, get)
		synctest.Wait()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		within(t, nc, 0, "")
	})
}

// A program that only has the http.Server ends this server with it.
func TestShutdownOfTheWrappedServer(t *testing.T) {
	for name, end := range map[string]func(*http.Server) error{
		"Shutdown": func(h *http.Server) error { return h.Shutdown(context.Background()) },
		"Close":    (*http.Server).Close,
	} {
		t.Run(name, func(t *testing.T) {
			release, entered := make(chan bool), make(chan bool)
			h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					entered <- true
					<-release
				}
				hello(w, r)
			})}
			srv := nethttp.New(h)
			if srv.HTTPServer() != h {
				t.Error("HTTPServer returns another")
			}
			var ls []*net.TCPListener
			served := make(chan error, 2)
			for range cap(served) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				ls = append(ls, l.(*net.TCPListener))
				go func() { served <- srv.Serve(l) }()
			}
			told := make(chan int, 1)
			srv.RegisterOnShutdown(func() {
				open := 0
				for _, l := range ls {
					if nc, err := net.Dial("tcp", l.Addr().String()); err == nil {
						open++
						nc.Close()
					}
				}
				told <- open
			})
			idle, slow := dialTo(t, ls[0]), dialTo(t, ls[1])
			ask(t, idle, get)
			io.WriteString(slow, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
			<-entered
			if err := end(h); err != nil {
				t.Error(err)
			}
			for range cap(served) {
				if err := <-served; err != http.ErrServerClosed {
					t.Errorf("Serve: %v", err)
				}
			}
			if name == "Shutdown" {
				if open := <-told; open > 0 {
					t.Errorf("%d ports are open", open)
				}
			}
			if got, err := io.ReadAll(idle); len(got) > 0 || err != nil {
				t.Errorf("the idle connection: %q, %v", got, err)
			}
			close(release)
			if res, content := ask(t, slow, ""); content != "hello" || !res.Close {
				t.Errorf("the running exchange: %q, close: %v", content, res.Close)
			}
			idle.Close()
			slow.Close()
			if err := srv.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			if err := srv.Serve(servertest.Listen()); err != http.ErrServerClosed {
				t.Errorf("Serve, later: %v", err)
			}
		})
	}
}

// What stands for a listener in the http.Server goes with it, and leaves the http.Server as it was.
func TestWrappedServerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		contexts := 0
		h := &http.Server{Protocols: only(withHTTP1), BaseContext: func(net.Listener) context.Context {
			contexts++
			return context.Background()
		}}
		srv := nethttp.New(h)
		for range 3 {
			l := servertest.Listen()
			l.Close()
			if err := srv.Serve(l); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
		if contexts != 3 || h.TLSNextProto != nil || h.TLSConfig != nil || h.BaseContext == nil {
			t.Errorf("BaseContext was called %d times; TLSNextProto %v, TLSConfig %v", contexts, h.TLSNextProto, h.TLSConfig)
		}
	})
	h := &http.Server{}
	h.Close()
	if err := nethttp.New(h).Serve(servertest.Listen()); err != http.ErrServerClosed {
		t.Errorf("Serve of an http.Server that is closed: %v", err)
	}
}

func dialTo(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}
