// Requests over HTTP/2 are told of as those over HTTP/1.1 are, when they are over.

package nethttp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

// streams is a handler that does what its path says. Where it is to wait, it waits until its client has gone.
func streams(running chan<- bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/read":
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
		case "/content":
			http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("some content"))
		case "/missing":
			w.WriteHeader(103)
			http.NotFound(w, r)
		case "/nothing":
		case "/abort":
			io.WriteString(w, "hel")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/abort/early":
			panic(http.ErrAbortHandler)
		case "/wait":
			running <- true
			<-r.Context().Done()
		}
	})
}

// toldOf is what is compared of an event.
func toldOf(e server.Event) string {
	return fmt.Sprintf("%s %s %s %s; %s; %d; %d, %d; %v %v", e.Method, e.Target, e.Proto, e.Host, e.Fields.Get("User-Agent"), e.Status,
		e.ContentReceived, e.ContentSent, e.Verdict, e.Reason)
}

func TestHTTP2IsToldOf(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		running, events := make(chan bool), make(chan server.Event, 20)
		h := &http.Server{Handler: streams(running), ErrorLog: log.New(io.Discard, "", 0)}
		srv, client, url := startHTTP2(t, h, overTLS, func(s *nethttp.Server) { s.Trace = func(e server.Event) { events <- e } })
		host := strings.SplitAfter(url, "//")[1]
		began := time.Now()
		for i, test := range []struct{ line, content, want string }{
			{"GET /content?a=b", "", "GET /content?a=b HTTP/2.0 HOST; me; 200; 0, 12; reuse none"},
			{"HEAD /content", "", "HEAD /content HTTP/2.0 HOST; me; 200; 0, 0; reuse none"},
			{"POST /read", "123456789", "POST /read HTTP/2.0 HOST; me; 200; 9, 1; reuse none"},
			{"GET /missing", "", "GET /missing HTTP/2.0 HOST; me; 404; 0, 19; reuse none"},
			{"PUT /nothing", "123", "PUT /nothing HTTP/2.0 HOST; me; 200; 0, 0; reuse none"},
			{"DELETE /abort", "", "DELETE /abort HTTP/2.0 HOST; me; 200; 0, 3; reuse truncated"},
			{"DELETE /abort/early", "", "DELETE /abort/early HTTP/2.0 HOST; me; 0; 0, 0; reuse truncated"},
			{"DELETE /wait", "", "DELETE /wait HTTP/2.0 HOST; me; 0; 0, 0; reuse client gone"},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			method, path, _ := strings.Cut(test.line, " ")
			req, err := http.NewRequestWithContext(ctx, method, url+path, strings.NewReader(test.content))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("User-Agent", "me")
			if path == "/wait" {
				go func() {
					<-running
					cancel()
				}()
			}
			if res, err := client.Do(req); err == nil {
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			e := nextSettled(t, events)
			if diff := cmp.Diff(strings.ReplaceAll(test.want, "HOST", host), toldOf(e)); diff != "" {
				t.Error(diff)
			}
			if e.Conn != 1 || e.Exchange != i+1 || (e.TLS.String() == "1.3") != overTLS || e.Remote == nil || e.Local.String() != host {
				t.Errorf("connection %d, exchange %d, TLS %v, from %v to %v", e.Conn, e.Exchange, e.TLS, e.Remote, e.Local)
			}
			if at := e.Times; at.FirstByte.Before(began) || at.Settled.Before(at.FirstByte) || at.HandlerBegun.IsZero() || e.Time != at.Settled {
				t.Errorf("%+v", at)
			}
			cancel()
		}
		if n := srv.Stats().Exchanges; n != 8 {
			t.Errorf("%d exchanges are counted", n)
		}
	})
}

// nextSettled returns the next event of an exchange that is over.
func nextSettled(t *testing.T, events <-chan server.Event) server.Event {
	t.Helper()
	patience := time.After(30 * time.Second)
	for {
		select {
		case e := <-events:
			if e.Kind == server.EventSettled {
				return e
			}
		case <-patience:
			t.Fatal("nothing is told")
		}
	}
}

// What a handler can do with its ResponseWriter does not depend on whether somebody listens; and a Trace that panics costs nothing.
func TestHTTP2ThatIsToldOfIsTheSame(t *testing.T) {
	var told atomic.Bool
	able := func(trace func(server.Event)) string {
		var said string
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, flusher := w.(http.Flusher)
			_, stringer := w.(io.StringWriter)
			_, notifier := w.(http.CloseNotifier) //lint:ignore SA1019 programs look for it
			_, pusher := w.(http.Pusher)
			_, hijacker := w.(http.Hijacker)
			_, copier := w.(io.ReaderFrom)
			c := http.NewResponseController(w)
			said = fmt.Sprint(flusher, stringer, notifier, pusher, hijacker, copier, c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}),
				c.EnableFullDuplex(), c.Flush())
		})
		_, client, url := startHTTP2(t, &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}, true, func(s *nethttp.Server) { s.Trace = trace })
		getWhole(t, client, url)
		getWhole(t, client, url)
		return said
	}
	plain := able(nil)
	traced := able(func(e server.Event) {
		if e.Kind == server.EventSettled {
			told.Store(true)
			panic("as asked")
		}
	})
	if plain != traced || !told.Load() {
		t.Errorf("without a Trace: %s\nwith one: %s, told: %v", plain, traced, told.Load())
	}
}

// An event has the request's fields, with all of their values.
func TestHTTP2Fields(t *testing.T) {
	events := make(chan server.Event, 20)
	h := &http.Server{Handler: streams(nil)}
	_, client, url := startHTTP2(t, h, true, func(s *nethttp.Server) { s.Trace = func(e server.Event) { events <- e } })
	req, err := http.NewRequest("GET", url+"/nothing", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X"] = []string{"one", "two\t\xff"}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	var got []string
	for v := range nextSettled(t, events).Fields.Values("X") {
		got = append(got, v)
	}
	if diff := cmp.Diff([]string{"one", "two\t\xff"}, got); diff != "" {
		t.Error(diff)
	}
}

// The files of a form that a handler over HTTP/2 has had parsed are removed when it has returned, as net/http removes them.
func TestHTTP2RemovesTheFilesOfForms(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		files := make(chan int, 1)
		h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(1); err != nil {
				t.Error(err)
			}
			entries, _ := os.ReadDir(dir)
			files <- len(entries)
		})}
		srv, client, url := startHTTP2(t, h, overTLS, func(s *nethttp.Server) { s.QuietClients = true })
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		part, err := parts.CreateFormFile("a", "a")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(make([]byte, 11<<20)) // beyond what is kept in memory in any case
		parts.Close()
		res, err := client.Post(url, parts.FormDataContentType(), &form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if n := <-files; n != 1 {
			t.Fatalf("the handler had %d files", n)
		}
		client.CloseIdleConnections()
		if err := srv.Shutdown(t.Context()); err != nil { // which waits for its streams
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%d files are left", len(left))
		}
	})
}
