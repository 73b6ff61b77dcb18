// httpsnoop: what its wrappers find in a response writer.

package ecosystem

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/google/go-cmp/cmp"
)

// optional returns the names of the optional interfaces that w has.
func optional(w http.ResponseWriter) (names []string) {
	has := func(name string, ok bool) {
		if ok {
			names = append(names, name)
		}
	}
	_, ok := w.(http.Flusher)
	has("Flusher", ok)
	_, ok = w.(interface{ FlushError() error })
	has("FlushError", ok)
	_, ok = w.(http.Hijacker)
	has("Hijacker", ok)
	_, ok = w.(http.CloseNotifier) //lint:ignore SA1019 what is deprecated is still asked for
	has("CloseNotifier", ok)
	_, ok = w.(http.Pusher)
	has("Pusher", ok)
	_, ok = w.(io.ReaderFrom)
	has("ReaderFrom", ok)
	_, ok = w.(io.StringWriter)
	has("StringWriter", ok)
	_, ok = w.(interface{ SetReadDeadline(time.Time) error })
	has("SetReadDeadline", ok)
	_, ok = w.(interface{ SetWriteDeadline(time.Time) error })
	has("SetWriteDeadline", ok)
	_, ok = w.(interface{ EnableFullDuplex() error })
	has("EnableFullDuplex", ok)
	return names
}

// A wrapper keeps the interfaces of what it wraps, and it wraps the same ones as on net/http.
func TestHTTPSnoopInterfaces(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wrapped := httpsnoop.Wrap(w, httpsnoop.Hooks{})
			fmt.Fprintln(wrapped, optional(w))
			fmt.Fprintln(wrapped, optional(wrapped))
			fmt.Fprintln(wrapped, httpsnoop.Unwrap(wrapped) == w)
		})
	}, func(t *testing.T, s site) []string { return strings.Split(get(t, s, "/").Body, "\n") })
	want := "[Flusher FlushError Hijacker CloseNotifier ReaderFrom StringWriter SetReadDeadline SetWriteDeadline EnableFullDuplex]"
	if !slices.Equal(got, []string{want, want, "true", ""}) {
		t.Errorf("%q", got)
	}
}

// snooped are the handlers whose metrics are compared.
func snooped() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/nothing", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("/string", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a string") })
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		w.WriteHeader(202)
		w.WriteHeader(500)
		w.Write([]byte("accepted"))
	})
	mux.HandleFunc("/no-content", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(204)
		n, err := io.WriteString(w, "refused")
		w.Header().Set("X-Late", fmt.Sprint(n, err))
	})
	mux.HandleFunc("/too-long", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "fives")
		w.Write([]byte("more"))
	})
	mux.HandleFunc("/copy", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, io.LimitReader(neverEnds{}, 100_000))
	})
	mux.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body) // because net/http cannot read it while it writes
		if err == nil {
			w.Write(content)
		}
	})
	mux.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	return mux
}

type neverEnds struct{}

func (neverEnds) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// The captured metrics are what the client has got, by whatever method it was written.
func TestHTTPSnoopMetrics(t *testing.T) {
	var mu sync.Mutex
	var captured []string
	got := sameOutcome(t, func() http.Handler {
		captured = nil
		mux := snooped()
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			m := httpsnoop.Metrics{Code: http.StatusOK}
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				captured = append(captured, fmt.Sprintf("%s %s %d %d %t", r.Method, r.URL.Path, m.Code, m.Written, m.Duration > 0))
			}()
			m.CaptureMetrics(w, func(w http.ResponseWriter) { mux.ServeHTTP(w, r) })
		})
	}, func(t *testing.T, s site) []string {
		for _, c := range []call{
			{Line: "GET /nothing"}, {Line: "GET /string"}, {Line: "HEAD /string"}, {Line: "GET /status"}, {Line: "GET /no-content"},
			{Line: "GET /too-long"}, {Line: "GET /copy"}, {Line: "HEAD /copy"}, {Line: "GET /flush"},
			{Line: "POST /echo", Body: strings.Repeat("x", 70_000)}, {Line: "POST /panic"}, {Line: "GET /none"},
		} {
			res, err := s.Client.Do(c.request(t, s))
			if err == nil {
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		}
		all := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Sorted(slices.Values(captured))
		}
		eventually(t, "all are captured", func() bool { return len(all()) == 12 })
		return all()
	})
	want := []string{
		"GET /copy 200 100000 true", "GET /flush 200 12 true", "GET /no-content 204 0 true", "GET /none 404 19 true",
		"GET /nothing 200 0 true", "GET /status 202 8 true", "GET /string 200 8 true",
		"GET /too-long 200 5 true", "HEAD /copy 200 100000 true", "HEAD /string 200 8 true", "POST /echo 200 70000 true",
		"POST /panic 200 4 true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A hook that changes what is written, deadlines through a wrapper, and a connection hijacked through one.
func TestHTTPSnoopHooks(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("/shout", func(w http.ResponseWriter, r *http.Request) {
			var called []string
			w = httpsnoop.Wrap(w, httpsnoop.Hooks{
				Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
					return func(b []byte) (int, error) { return next([]byte(strings.ToUpper(string(b)))) }
				},
				ReadFrom: func(next httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
					return func(r io.Reader) (int64, error) { called = append(called, "ReadFrom"); return next(r) }
				},
				Flush: func(next httpsnoop.FlushFunc) httpsnoop.FlushFunc {
					return func() { called = append(called, "Flush"); next() }
				},
			})
			io.WriteString(w, "loud ")
			io.Copy(w, struct{ io.Reader }{strings.NewReader("quiet ")})
			http.NewResponseController(w).Flush()
			fmt.Fprint(w, called)
		})
		mux.HandleFunc("/deadlines", func(w http.ResponseWriter, r *http.Request) {
			w = httpsnoop.Wrap(w, httpsnoop.Hooks{})
			c := http.NewResponseController(w)
			fmt.Fprintln(w, c.SetReadDeadline(time.Now().Add(time.Minute)), c.SetWriteDeadline(time.Now().Add(time.Minute)), c.EnableFullDuplex())
		})
		mux.HandleFunc("/take", func(w http.ResponseWriter, r *http.Request) {
			nc, rw, err := httpsnoop.Wrap(w, httpsnoop.Hooks{}).(http.Hijacker).Hijack()
			if err != nil {
				http.Error(w, err.Error(), 500)
				return
			}
			defer nc.Close()
			line, err := rw.ReadString('\n')
			fmt.Fprintf(rw, "%q %v\n", line, err)
			rw.Flush()
		})
		return mux
	}, func(t *testing.T, s site) []string {
		nc := dial(t, s)
		io.WriteString(nc, "GET /take HTTP/1.1\r\nHost: a.test\r\n\r\nbehind\n")
		taken, err := io.ReadAll(bufio.NewReader(nc))
		return []string{get(t, s, "/shout").Body, get(t, s, "/deadlines").Body, string(taken), fmt.Sprint(err)}
	})
	want := []string{"LOUD quiet [READFROM FLUSH]", "<nil> <nil> <nil>\n", "\"behind\\n\" <nil>\n", "<nil>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
