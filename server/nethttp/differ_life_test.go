// What no single exchange shows is observed on both servers too, in fake time: each row is an entry of the table of differences,
// with what is seen on either side.

package nethttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"path"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// lives are the rows. An observation is made in a bubble of its own; the server is not configured but for its Handler, which
// answers without reading, and its Serve is running when dial is called.
var lives = []struct {
	entry, what  string
	observe      func(w *world) string
	theirs, ours string
}{
	{"leftovers", "a response, while the content that nobody reads is on its way", func(w *world) string {
		c := w.dial("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
		return w.until(func() {
			go func() {
				time.Sleep(time.Minute)
				io.WriteString(c, strings.Repeat("x", 1000))
			}()
			http.ReadResponse(bufio.NewReader(c), nil)
		})
	}, "1m0s", "0s"},
	{"leftovers", "the end of a context, while content is unread", func(w *world) string {
		ended := make(chan bool)
		w.h.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Hour):
			}
			close(ended)
		})
		c := w.dial("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx")
		synctest.Wait()
		c.Close()
		return w.until(func() { <-ended })
	}, "1h0m0s", "0s"},
	{"shutdown", "a connection that never spoke", func(w *world) string {
		w.dial("")
		return w.shutdown()
	}, "6s", "0s"},
	{"shutdown", "a first head that does not end", func(w *world) string {
		w.dial("GET / HT")
		return w.shutdown()
	}, "6s", "5s"},
	{"shutdown", "another head that does not end", func(w *world) string {
		w.dial(get + "GET / HT")
		return w.shutdown()
	}, "0s", "5s"},
	{"shutdown", "a request that comes when the port has closed", func(w *world) string {
		c := w.dial(get)
		r := bufio.NewReader(c)
		http.ReadResponse(r, nil)
		io.CopyN(io.Discard, r, int64(len("hello")))
		synctest.Wait()
		go w.srv.Shutdown(context.Background())
		time.Sleep(50 * time.Millisecond)
		io.WriteString(c, get)
		if res, err := http.ReadResponse(r, nil); err != nil || !res.Close {
			return "lost"
		}
		return "served, says close"
	}, "lost", "served, says close"},
	{"own Shutdown", "the http.Server's Shutdown, while a handler runs", func(w *world) string {
		w.busy()
		return w.until(func() { w.h.Shutdown(context.Background()) })
	}, "1m0s", "0s"},
	{"own Shutdown", "the http.Server's Close, and a client whose handler runs", func(w *world) string {
		c := w.busy()
		return w.until(func() {
			w.h.Close()
			io.Copy(io.Discard, c)
		})
	}, "0s", "1m0s"},
	{"lingering", "a client that goes on sending", func(w *world) string {
		c := w.dial("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n")
		go io.Copy(io.Discard, c)
		return w.until(func() {
			for range 100 {
				time.Sleep(100 * time.Millisecond)
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
			}
		})
	}, "0s", "5s"},
	{"lingering", "StateClosed", func(w *world) string {
		closed := make(chan bool)
		w.h.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateClosed {
				close(closed)
			}
		}
		w.dial("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n")
		return w.until(func() { <-closed })
	}, "0s", "5s"},
	{"silent clients", "a connection that never speaks, with an IdleTimeout alone", func(w *world) string {
		w.h.IdleTimeout = time.Minute
		c := w.dial("")
		c.SetReadDeadline(time.Now().Add(time.Hour))
		return w.until(func() { io.Copy(io.Discard, c) })
	}, "1h0m0s", "1m0s"},
	{"HTTP/2's server", "the package that serves HTTP/2", func(w *world) string {
		w.dial("")
		synctest.Wait()
		serve := runtime.FuncForPC(reflect.ValueOf(w.h.TLSNextProto["h2"]).Pointer())
		if serve == nil {
			return "nobody that TLSNextProto names"
		}
		dir, last := path.Split(serve.Name())
		last, _, _ = strings.Cut(last, ".")
		return dir + last
	}, "net/http", "golang.org/x/net/http2"},
}

// world is a server with its clients, in a bubble.
type world struct {
	*testing.T
	h   *http.Server
	srv interface {
		engine
		Shutdown(context.Context) error
	}
	l       *servertest.Listener
	clients []net.Conn
}

// dial connects and sends.
func (w *world) dial(sends string) net.Conn {
	if w.l == nil {
		w.l = servertest.Listen()
		go w.srv.Serve(w.l)
	}
	c, err := w.l.Dial()
	if err != nil {
		w.Fatal(err)
	}
	w.clients = append(w.clients, c)
	io.WriteString(c, sends)
	return c
}

// busy returns a client whose handler has begun, and runs for a minute.
func (w *world) busy() net.Conn {
	w.h.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) })
	c := w.dial(get)
	synctest.Wait()
	return c
}

// end ends all that has begun: what sleeps wakes up before the bubble ends.
func (w *world) end() {
	for _, c := range w.clients {
		c.Close()
	}
	w.srv.Close()
	time.Sleep(2 * time.Hour)
}

// until returns how long f takes, in whole seconds.
func (w *world) until(f func()) string {
	began := time.Now()
	f()
	return time.Since(began).Truncate(time.Second).String()
}

// shutdown returns how long a shutdown takes, which may take an hour.
func (w *world) shutdown() string {
	synctest.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	return w.until(func() { w.srv.Shutdown(ctx) })
}

// What is timed as net/http does it.
func TestFirstRequestsAreTimedAlike(t *testing.T) {
	for _, c := range []struct {
		header, read, idle, late time.Duration // late: before the client sends
		sends                    string
		want                     time.Duration
	}{
		{5, 0, 60, 0, "", 5}, {5, 0, 3, 0, "", 5}, {0, 6, 60, 0, "", 6}, {5, 6, 60, 0, "", 5},
		{5, 0, 60, 4, "GET / ", 5}, {0, 6, 60, 4, "GET / ", 6}, {5, 6, 60, 4, "GET / ", 5},
		{5, 0, 60, 4, get, 64}, {0, 6, 60, 4, get, 64}, {5, 0, 60, 4, get + "GET / ", 9},
		{5, 9, 60, 4, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", 9},
	} {
		for name, on := range worlds {
			synctest.Test(t, func(t *testing.T) {
				w := on(&http.Server{
					ReadHeaderTimeout: c.header * time.Second, ReadTimeout: c.read * time.Second, IdleTimeout: c.idle * time.Second,
					Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if _, err := io.ReadAll(r.Body); err != nil {
							w.Header().Set("Connection", "close")
						}
					}),
				})
				w.T = t
				began := time.Now()
				nc := w.dial("")
				time.Sleep(c.late * time.Second)
				io.WriteString(nc, c.sends)
				io.Copy(io.Discard, nc)
				if took := time.Since(began).Truncate(time.Second); took != c.want*time.Second {
					t.Errorf("%s: %v: ended after %v", name, c, took)
				}
				w.end()
			})
		}
	}
}

// worlds are the servers to compare.
var worlds = map[string]func(*http.Server) *world{
	"net/http": func(h *http.Server) *world { return &world{h: h, srv: h} },
	"spillway": func(h *http.Server) *world { return &world{h: h, srv: nethttp.New(h)} },
}

func TestDifferencesOfALife(t *testing.T) {
	for _, row := range lives {
		observe := func(on func(*http.Server) *world) (seen string) {
			synctest.Test(t, func(t *testing.T) {
				w := on(&http.Server{Handler: http.HandlerFunc(hello)})
				w.T = t
				seen = row.observe(w)
				w.end()
			})
			return seen
		}
		theirs, ours := observe(worlds["net/http"]), observe(worlds["spillway"])
		if theirs != row.theirs || ours != row.ours {
			t.Errorf("%s: %s: net/http %q, spillway %q", row.entry, row.what, theirs, ours)
		}
	}
}
