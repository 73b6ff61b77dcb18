// What an http.Server says is done: every field, on every way to serve.

package nethttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// serveIn serves on an in-memory listener in a bubble, and returns that.
func serveIn(t *testing.T, srv *nethttp.Server) *servertest.Listener {
	t.Helper()
	l := servertest.Listen()
	ended := make(chan error)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return l
}

// ask sends a request and returns the response with its content.
func ask(t *testing.T, nc net.Conn, request string) (*http.Response, string) {
	t.Helper()
	io.WriteString(nc, request)
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(content)
}

const get = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

func hello(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }

// within expects that the connection ends after a time, without a response or with this one.
func within(t *testing.T, nc net.Conn, want time.Duration, status string) {
	t.Helper()
	began := time.Now()
	got, _ := io.ReadAll(nc)
	if d := time.Since(began); d != want || !strings.HasPrefix(string(got), status) || status == "" && len(got) > 0 {
		t.Errorf("the connection ended after %v with %q, want %v and %q", d, got, want, status)
	}
}

func TestTimeouts(t *testing.T) {
	for _, c := range []struct {
		name    string
		srv     *http.Server
		request string
		want    time.Duration
		status  string
	}{
		{"header", &http.Server{ReadHeaderTimeout: 3 * time.Second}, "GET / HTTP/1.1\r\n", 3 * time.Second, "HTTP/1.1 408"},
		{"read, for the header", &http.Server{ReadTimeout: 4 * time.Second}, "GET / HTTP/1.1\r\n", 4 * time.Second, "HTTP/1.1 408"},
		{"idle", &http.Server{IdleTimeout: 5 * time.Second}, "", 5 * time.Second, ""},
		{"read, for idle", &http.Server{ReadTimeout: 6 * time.Second}, "", 6 * time.Second, ""},
		{"read, before a first request", &http.Server{ReadTimeout: 6 * time.Second, IdleTimeout: 7 * time.Second}, "", 6 * time.Second, ""},
		{"header, before a first request", &http.Server{ReadHeaderTimeout: 9 * time.Second, IdleTimeout: 7 * time.Second}, "", 9 * time.Second, ""},
		{"header, from the beginning", &http.Server{ReadHeaderTimeout: 3 * time.Second, IdleTimeout: time.Minute}, "late GET / ", 2 * time.Second, "HTTP/1.1 408"},
		{"idle before read", &http.Server{ReadTimeout: 6 * time.Second, IdleTimeout: 7 * time.Second}, get, 7 * time.Second, "HTTP/1.1 200"},
		{"the header's, with nothing served yet", &http.Server{ReadHeaderTimeout: 3 * time.Second}, "", 3 * time.Second, ""},
		{"read", &http.Server{ReadTimeout: 8 * time.Second}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
			8 * time.Second, "HTTP/1.1 200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, err := io.ReadAll(r.Body)
					if err != nil {
						w.Header().Set("Connection", "close")
					}
					fmt.Fprint(w, errors.Is(err, os.ErrDeadlineExceeded))
				})
				nc, _ := serveIn(t, nethttp.New(c.srv)).Dial()
				defer nc.Close()
				if late, is := strings.CutPrefix(c.request, "late "); is {
					time.Sleep(time.Second)
					c.request = late
				}
				io.WriteString(nc, c.request)
				within(t, nc, c.want, c.status)
			})
		})
	}
}

// A ReadHeaderTimeout in the Limits means what it means there: it counts from a request's first byte.
func TestReadHeaderTimeoutOfTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nethttp.New(&http.Server{IdleTimeout: time.Minute, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(hello)})
		srv.Limits.ReadHeaderTimeout = 3 * time.Second
		l := serveIn(t, srv)
		silent, _ := l.Dial()
		defer silent.Close()
		within(t, silent, time.Minute, "")
		late, _ := l.Dial()
		defer late.Close()
		time.Sleep(30 * time.Second)
		io.WriteString(late, "GET / ")
		within(t, late, 3*time.Second, "HTTP/1.1 408")
	})
}

// No timeout is set: nothing ends, and nobody is too slow.
func TestNoTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, _ := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
		})})).Dial()
		defer nc.Close()
		for _, b := range []byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r") {
			time.Sleep(time.Hour)
			nc.Write([]byte{b})
		}
		time.Sleep(time.Hour)
		io.WriteString(nc, "\n")
		time.Sleep(time.Hour)
		if _, content := ask(t, nc, "x"); content != "x" {
			t.Errorf("%q", content)
		}
	})
}

func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		began := time.Now()
		srv := &http.Server{WriteTimeout: 3 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := w.Write(make([]byte, 10<<20))
			failed <- err
		})}
		nc, _ := serveIn(t, nethttp.New(srv)).Dial()
		defer nc.Close()
		io.WriteString(nc, get)
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestMaxHeaderBytes(t *testing.T) {
	const slop = 4096 // as net/http has it
	for _, c := range []struct{ size, status int }{{1000 + slop, 200}, {1001 + slop, 431}} {
		synctest.Test(t, func(t *testing.T) {
			nc, _ := serveIn(t, nethttp.New(&http.Server{MaxHeaderBytes: 1000, Handler: http.HandlerFunc(hello)})).Dial()
			defer nc.Close()
			head := "GET / HTTP/1.1\r\nHost: a\r\nX: "
			res, _ := ask(t, nc, head+strings.Repeat("x", c.size-len(head)-4)+"\r\n\r\n")
			if res.StatusCode != c.status {
				t.Errorf("%d for %d bytes", res.StatusCode, c.size)
			}
		})
	}
}

// An http.Server's hooks are called in its order, with the connection that was accepted.
func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key string
		var order []string
		var accepted net.Conn
		h := &http.Server{
			BaseContext: func(l net.Listener) context.Context {
				order = append(order, fmt.Sprintf("base %T", l))
				return context.WithValue(t.Context(), key("base"), 1)
			},
			ConnState: func(nc net.Conn, s http.ConnState) {
				if accepted == nil || accepted == nc {
					order = append(order, s.String())
				}
			},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := r.Context()
				order = append(order, fmt.Sprint("handler ", ctx.Value(key("base")), ctx.Value(key("conn"))))
				if ctx.Value(http.LocalAddrContextKey).(net.Addr).String() != "192.0.2.1:80" || r.RemoteAddr != "192.0.2.2:49152" {
					t.Error(ctx.Value(http.LocalAddrContextKey), r.RemoteAddr)
				}
			}),
		}
		h.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
			if ctx.Value(http.ServerContextKey) != h {
				t.Error("no server in the connection's context")
			}
			accepted = nc
			order = append(order, fmt.Sprintf("context %T", nc))
			return context.WithValue(ctx, key("conn"), 2)
		}
		nc, _ := serveIn(t, nethttp.New(h)).Dial()
		ask(t, nc, get)
		ask(t, nc, get)
		nc.Close()
		synctest.Wait()
		want := []string{"base *servertest.Listener", "context *servertest.Conn", "new", "active", "handler 1 2", "idle",
			"active", "handler 1 2", "idle", "closed"}
		if !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
	})
}

// Whoever has the net.Conn from ConnState may close it: StateClosed comes at once, however long the connection is idle.
func TestClosedFromOutside(t *testing.T) {
	var seen states
	var last net.Conn
	idle := make(chan bool, 1)
	srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(hello), ConnState: func(nc net.Conn, s http.ConnState) {
		seen.hook(nc, s)
		if s == http.StateIdle {
			last = nc
			idle <- true
		}
	}})
	srv.Limits.ParkAfter = time.Millisecond
	nc := dial(t, srv)
	ask(t, nc, get)
	<-idle
	time.Sleep(20 * time.Millisecond)
	if _, ok := last.(*net.TCPConn); !ok {
		t.Errorf("ConnState has a %T", last)
	}
	last.Close()
	seen.await(t)
}

// A connection that is closed when it becomes idle has sent its response.
func TestCloseWhenIdle(t *testing.T) {
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(hello), ConnState: func(nc net.Conn, s http.ConnState) {
		if s == http.StateIdle {
			nc.Close()
		}
	}}))
	if _, content := ask(t, nc, get); content != "hello" {
		t.Errorf("%q", content)
	}
}

func TestHandlerDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc, _ := serveIn(t, nethttp.New(&http.Server{})).Dial()
		defer nc.Close()
		if res, _ := ask(t, nc, get); res.StatusCode != 404 { // of DefaultServeMux
			t.Errorf("%v", res.Status)
		}
		if res, _ := ask(t, nc, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"); res.StatusCode != 200 {
			t.Errorf("%v", res.Status)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		nc, _ := serveIn(t, nethttp.New(&http.Server{DisableGeneralOptionsHandler: true, Handler: http.HandlerFunc(hello)})).Dial()
		defer nc.Close()
		if _, content := ask(t, nc, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"); content != "hello" {
			t.Errorf("%q", content)
		}
	})
}

// A stock handler may be one of a native server's.
func TestHandler(t *testing.T) {
	srv := &server.Server{Handler: nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
		fmt.Fprint(w, srv != nil, r.Context().Value(http.LocalAddrContextKey) != nil, r.RemoteAddr != "")
	}))}
	nc := dial(t, srv)
	if _, content := ask(t, nc, get); content != "true true true" {
		t.Errorf("%q", content)
	}
}

// Behind a native handler it sees what that has made of the request, and what that has set is sent too.
func TestHandlerBehindAnother(t *testing.T) {
	stock := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Own", "b")
		fmt.Fprint(w, r.URL.Path, " ", r.RequestURI, " ", r.Header.Get("X-Sent"))
	}))
	srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		r.Target = r.Target[len("/under"):]
		w.Set("X-Before", "a")
		return stock.Serve(w, r)
	})}
	nc := dial(t, srv)
	res, content := ask(t, nc, "GET /under/a?b HTTP/1.1\r\nHost: a\r\nX-Sent: c\r\n\r\n")
	if want := "/a /a?b c"; content != want || res.Header.Get("X-Before") != "a" || res.Header.Get("X-Own") != "b" {
		t.Errorf("%q, want %q; %v", content, want, res.Header)
	}
}

func TestSetKeepAlivesEnabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(hello)})
		l := serveIn(t, srv)
		old, _ := l.Dial()
		defer old.Close()
		ask(t, old, get)
		srv.SetKeepAlivesEnabled(false)
		within(t, old, srv.Limits.ShutdownGrace+100*time.Millisecond, "")
		nc, _ := l.Dial()
		defer nc.Close()
		if res, _ := ask(t, nc, get); !res.Close {
			t.Error("the response does not say Connection: close")
		}
		within(t, nc, 0, "")
		srv.SetKeepAlivesEnabled(true)
		nc, _ = l.Dial()
		defer nc.Close()
		if res, _ := ask(t, nc, get); res.Close {
			t.Error("the response says Connection: close")
		}
	})
}

// Errors of listening and of certificates are those of net/http.
func TestListenErrors(t *testing.T) {
	srv := nethttp.New(&http.Server{Addr: "127.0.0.1:-1"})
	var op *net.OpError
	if err := srv.ListenAndServe(); !errors.As(err, &op) {
		t.Errorf("%v", err)
	}
	srv = nethttp.New(&http.Server{Addr: "127.0.0.1:0"})
	if err := srv.ListenAndServeTLS("none.pem", "none.key"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// Errors that pass are logged in net/http's words.
func TestAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logLines
		srv := nethttp.New(&http.Server{ErrorLog: log.logger()})
		failing := &failingListener{Listener: servertest.Listen(), left: 2}
		go srv.Serve(failing)
		time.Sleep(time.Second)
		srv.Close()
		want := []string{
			"http: Accept error: too many open files; retrying in 5ms", "http: Accept error: too many open files; retrying in 10ms",
		}
		if all := log.all(); !slices.Equal(all, want) {
			t.Errorf("%q", all)
		}
	})
}
