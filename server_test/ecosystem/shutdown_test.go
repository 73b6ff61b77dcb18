// The end of a server, and of what its requests' contexts belong to.

package ecosystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
)

// graceful is what http.Server and nethttp.Server have in common.
type graceful interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// gracefulOn returns the server on an engine.
func gracefulOn(e engine, s *http.Server) graceful {
	s.ErrorLog = quiet
	if e.name == spillway.name {
		return nethttp.New(s)
	}
	return s
}

// serve serves on an engine, and returns where, and the error with which serving ends.
func serve(t *testing.T, srv graceful) (site, <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
	})
	addr := l.Addr().String()
	return site{"http://" + addr, addr, &http.Client{Transport: transport, Timeout: 2 * patience}}, ended
}

// Shutdown tells those who want to know, lets the exchange that is under way end, and closes the rest.
func TestShutdown(t *testing.T) {
	type outcome struct {
		Answer     answer
		Close      bool
		Ended      bool
		Serve, End string
		Refused    bool
		IdleEnded  bool
	}
	got := sameOnEach(t, func(t *testing.T, e engine) (o outcome) {
		begun, leave := make(chan bool), make(chan bool)
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/idle" {
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			begun <- true
			<-leave // as a stream of events does when it is told
			fmt.Fprint(w, "bye ", r.Context().Err())
		})}
		s.RegisterOnShutdown(func() { close(leave) })
		srv := gracefulOn(e, s)
		at, served := serve(t, srv)
		idle := wireTo(t, at)
		idle.say("GET /idle HTTP/1.1\r\nHost: a\r\n\r\n")
		read(idle.response("GET"))
		w := wireTo(t, at)
		w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		within(t, begun, "the handler")
		shut := make(chan error, 1)
		go func() { shut <- srv.Shutdown(t.Context()) }()
		res := w.response("GET")
		o.Answer, o.Close, o.Ended = read(res), res.Close, w.ends()
		w.Close()
		o.IdleEnded = idle.ends()
		idle.Close()
		o.End = fmt.Sprint(within(t, shut, "Shutdown"))
		o.Serve = fmt.Sprint(within(t, served, "Serve"))
		_, err := net.Dial("tcp", at.Addr)
		o.Refused = err != nil
		return o
	})
	if got.Answer.Body != "bye <nil>" || !got.Close || !got.Ended || got.Serve != http.ErrServerClosed.Error() || got.End != "<nil>" ||
		!got.Refused || !got.IdleEnded {
		t.Errorf("%+v", got)
	}
}

// Shutdown returns when its context is done; Close then ends the rest, and the rest is told.
func TestShutdownRunsOutOfTime(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		begun, ended := make(chan bool), make(chan error, 1)
		srv := gracefulOn(e, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			<-r.Context().Done()
			ended <- context.Cause(r.Context())
		})})
		at, _ := serve(t, srv)
		w := wireTo(t, at)
		w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		within(t, begun, "the handler")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		err := srv.Shutdown(ctx)
		select {
		case <-ended:
			t.Error("Shutdown has cancelled the request")
		default:
		}
		closed := srv.Close()
		return fmt.Sprint(errors.Is(err, context.DeadlineExceeded), closed, within(t, ended, "the handler's end"))
	})
	if got != "true <nil> context canceled" {
		t.Error(got)
	}
}

// The requests' contexts descend from BaseContext's, as programs use it to cancel all requests with a signal; they have
// the values of net/http, those of ConnContext, and end with the handler.
func TestRequestContext(t *testing.T) {
	type key string
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		base, stop := context.WithCancelCause(context.WithValue(t.Context(), key("base"), "b"))
		defer stop(nil)
		ended, kept := make(chan string, 1), make(chan context.Context, 1)
		var s *http.Server
		s = &http.Server{
			BaseContext: func(net.Listener) context.Context { return base },
			ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
				return context.WithValue(ctx, key("remote"), nc.RemoteAddr().String())
			},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := r.Context()
				if r.URL.Path == "/kept" {
					kept <- ctx
					local, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr)
					fmt.Fprint(w, ctx.Value(http.ServerContextKey) == s, local.String() == r.Host, ctx.Err(), ctx.Value(key("base")),
						ctx.Value(key("remote")) == r.RemoteAddr)
					return
				}
				after := make(chan bool)
				context.AfterFunc(ctx, func() { close(after) })
				derived, cancel := context.WithTimeout(ctx, 2*patience)
				defer cancel()
				stop(errors.New("a signal came"))
				within(t, derived.Done(), "the context's end")
				within(t, after, "the function")
				ended <- fmt.Sprint(context.Cause(derived), derived.Err())
			}),
		}
		at, _ := serve(t, gracefulOn(e, s))
		a := get(t, at, "/kept")
		ctx := within(t, kept, "the context")
		within(t, ctx.Done(), "its end")
		w := wireTo(t, at)
		w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		return fmt.Sprint(a.Body, "|", ctx.Err(), "|", within(t, ended, "the handler's end"))
	})
	if got != "true true <nil>btrue|context canceled|a signal came context canceled" {
		t.Error(got)
	}
}

// What a handler started under its request's context, such as a request to another server, ends with the client.
func TestRequestContextForClients(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		begun, ended := make(chan bool), make(chan error, 1)
		slow := stock.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			<-r.Context().Done()
		}))
		s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			req, _ := http.NewRequestWithContext(r.Context(), "GET", slow.URL, nil)
			_, err := slow.Client.Do(req)
			ended <- err
		}))
		w := wireTo(t, s)
		w.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
		within(t, begun, "the other server")
		w.Close()
		err := within(t, ended, "the handler's end")
		return fmt.Sprint(errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded))
	})
	if got != "true false" {
		t.Error(got)
	}
}

// A hijacked connection is not the server's any more: Shutdown does not wait for it.
func TestShutdownLeavesHijacked(t *testing.T) {
	sameOnEach(t, func(t *testing.T, e engine) string {
		srv := gracefulOn(e, &http.Server{Handler: chat(t, func(w wire) {
			line, err := io.ReadAll(w.r)
			w.say(fmt.Sprintf("%s %v", line, err))
		})})
		at, _ := serve(t, srv)
		w := wireTo(t, at)
		w.say(askUpgrade)
		w.response("GET")
		w.hear("greetings")
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		w.say("still here")
		w.halfClose()
		w.hear("still here <nil>")
		return fmt.Sprint(w.ends())
	})
}
