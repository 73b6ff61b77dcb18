// A function of the program's that panics, or ends its goroutine, costs its own connection and nothing else.

package nethttp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// misdeeds are the ways in which a function does not return.
var misdeeds = map[string]func(){
	"panic":        func() { panic("on purpose") },
	"panic of nil": func() { panic(nil) },
	"Goexit":       runtime.Goexit,
}

// places are where a program's functions are called. Each calls once, and nothing, when it is called for the first time.
var places = map[string]func(h *http.Server, once func()){
	"ConnContext": func(h *http.Server, once func()) {
		h.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			once()
			return ctx
		}
	},
	"new":    atState(http.StateNew),
	"active": atState(http.StateActive),
	"idle":   atState(http.StateIdle),
	"closed": atState(http.StateClosed),
	"hijacked": func(h *http.Server, once func()) {
		h.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateHijacked {
				once()
			}
		}
		h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, out, err := http.NewResponseController(w).Hijack()
			if err == nil {
				out.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
				out.Flush()
			}
		})
	},
	"next protocol": func(h *http.Server, once func()) {
		h.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
			"first": func(_ *http.Server, c *tls.Conn, _ http.Handler) {
				http.ReadRequest(bufio.NewReader(c)) // a close with unread input is a reset
				once()
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
			},
		}
		h.TLSConfig.NextProtos = []string{"first"}
	},
	"handler": func(h *http.Server, once func()) {
		h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hel")
			once()
			io.WriteString(w, "lo")
		})
	},
	"handler, behind the head": func(h *http.Server, once func()) {
		h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hel")
			w.(http.Flusher).Flush()
			once()
			io.WriteString(w, "lo")
		})
	},
}

func atState(at http.ConnState) func(*http.Server, func()) {
	return func(h *http.Server, once func()) {
		h.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == at {
				once()
			}
		}
	}
}

func TestMisdeedsCostOneConnection(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for where, arm := range places {
		for how, misdeed := range misdeeds {
			t.Run(where+"/"+how, func(t *testing.T) {
				h := &http.Server{Handler: http.HandlerFunc(hello), TLSConfig: certificate(t)}
				synctest.Test(t, func(t *testing.T) { misdeedIn(t, h, where, arm, misdeed) })
			})
		}
	}
}

func misdeedIn(t *testing.T, h *http.Server, where string, arm func(*http.Server, func()), misdeed func()) {
	var log logLines
	var once sync.Once
	h.ErrorLog = log.logger()
	arm(h, func() {
		var do func()
		once.Do(func() { do = misdeed })
		if do != nil {
			do()
		}
	})
	contexts := make(chan context.Context, 9)
	answer := h.Handler
	h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		contexts <- r.Context()
		answer.ServeHTTP(w, r)
	})
	srv := nethttp.New(h)
	srv.MaxConns = 1
	l := servertest.Listen()
	serve := srv.Serve
	if where == "next protocol" {
		serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
	}
	go serve(l)
	defer srv.Close()

	c, got, err := answerOn(t, l, h, where == "next protocol")
	answered := where == "closed" || where == "idle" // by then the response is out
	if whole := got == "hello" && err == nil; whole != answered {
		t.Errorf("the client received %q, %v", got, err)
	}
	if where != "closed" {
		if n, err := io.Copy(io.Discard, c); n > 0 {
			t.Errorf("%d bytes more, %v", n, err)
		}
	}
	c.Close()
	synctest.Wait()
	all := log.all()
	if len(all) == 0 || slices.ContainsFunc(all, func(s string) bool { return !strings.HasPrefix(s, "http: panic serving ADDR: ") }) {
		t.Errorf("the log says %q", all)
	}
	if n := srv.Stats().Open; n != 0 {
		t.Errorf("%d connections are open", n)
	}
	for len(contexts) > 0 {
		if (<-contexts).Err() != context.Canceled {
			t.Error("the request's context is not cancelled")
		}
	}
	if _, got, err := answerOn(t, l, h, where == "next protocol"); got != "hello" || err != nil { // in the only place
		t.Errorf("the next client received %q, %v", got, err)
	}
}

// answerOn asks on a new connection, and returns that, the content that it got, and why that was not whole.
func answerOn(t *testing.T, l *servertest.Listener, h *http.Server, secure bool) (net.Conn, string, error) {
	nc, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	var c net.Conn = nc
	if secure {
		c = tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: h.TLSConfig.NextProtos})
	}
	io.WriteString(c, get)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return c, "", err
	}
	content, err := io.ReadAll(res.Body)
	return c, string(content), err
}

// A handler that ends without a value, by a panic of nil where GODEBUG allows it or with its goroutine, is logged once.
func TestAnEndWithoutAValueIsLoggedOnce(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for _, how := range []string{"panic of nil", "Goexit"} {
		var log logLines
		srv := nethttp.New(&http.Server{ErrorLog: log.logger(), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { misdeeds[how]() })})
		nc := dial(t, srv)
		io.WriteString(nc, get)
		if got, err := io.ReadAll(nc); len(got) != 0 {
			t.Errorf("%s: %q, %v", how, got, err)
		}
		nc.Close()
		srv.Shutdown(t.Context())
		if lines := log.all(); len(lines) != 1 {
			t.Errorf("%s: %q is logged, want one line", how, lines)
		}
	}
}
