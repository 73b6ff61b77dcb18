// chi: a service with its middlewares.

package ecosystem

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/go-cmp/cmp"
)

// A service with the usual middlewares, groups and sub-routers.
func TestChiService(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		r := chi.NewRouter()
		r.Use(middleware.RequestLogger(&logLines{}), middleware.RequestID, middleware.Recoverer, middleware.CleanPath,
			middleware.StripSlashes, middleware.GetHead, middleware.Heartbeat("/ping"), middleware.ClientIPFromRemoteAddr)
		r.NotFound(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "nothing at "+r.URL.Path, 404) })
		r.Get("/hello/{name}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "hello %s from %s, request %s\n", chi.URLParam(r, "name"), middleware.GetClientIP(r.Context()),
				middleware.GetReqID(r.Context()))
		})
		r.Get("/panic", func(w http.ResponseWriter, r *http.Request) { panic("as planned") })
		r.Get("/files/*", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, chi.URLParam(r, "*")) })
		r.Route("/notes", func(r chi.Router) {
			r.With(middleware.NoCache, middleware.SetHeader("X-Kind", "list")).Get("/", func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, `["a","b"]`)
			})
			r.With(middleware.AllowContentType("application/json"), middleware.RequestSize(16)).
				Post("/", func(w http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
						return
					}
					w.Header().Set("Location", "/notes/7")
					w.WriteHeader(201)
					w.Write(body)
				})
			r.Delete("/{id:[0-9]+}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
		})
		r.With(middleware.BasicAuth("notes", map[string]string{"ann": "secret"})).Mount("/debug", middleware.Profiler())
		return r
	}, func(t *testing.T, s site) []answer {
		answers := callAll(t, s, []call{
			{Line: "GET /hello/ann", Fields: "X-Request-Id: r1"},
			{Line: "GET //hello//ann/", Fields: "X-Request-Id: r2"},
			{Line: "HEAD /hello/ann", Fields: "X-Request-Id: r3"},
			{Line: "GET /hello/a%2Fb?x=1", Fields: "X-Request-Id: r4"},
			{Line: "GET /ping"},
			{Line: "GET /panic"},
			{Line: "GET /none"},
			{Line: "GET /files/a/b.txt"},
			{Line: "GET /notes"},
			{Line: "PATCH /notes"},
			{Line: "POST /notes", Fields: "Content-Type: application/json", Body: `{"a":1}`},
			{Line: "POST /notes", Fields: "Content-Type: application/json", Body: `{"a":"too much of it"}`},
			{Line: "POST /notes", Fields: "Content-Type: text/plain", Body: "not even read"},
			{Line: "DELETE /notes/7"},
			{Line: "GET /debug/vars"},
		})
		for _, a := range answers {
			slices.Sort(a.Header["Allow"]) // chi has it in the order of a map
		}
		// net/http closes only if RequestSize has its own ResponseWriter: the row 413 of nethttp's differences.
		answers[11].Close = true
		return answers
	})
	var statuses []int
	for _, a := range got {
		statuses = append(statuses, a.Status)
	}
	want := []int{200, 200, 200, 200, 200, 500, 404, 200, 200, 405, 201, 413, 415, 204, 401}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if got[0].Body != "hello ann from 127.0.0.1, request r1\n" {
		t.Errorf("%q", got[0].Body)
	}
}

// A panic after the first byte cannot become a 500: the client sees that the response is cut short.
func TestChiRecovererLate(t *testing.T) {
	type outcome struct {
		Status int
		Body   string
		Cut    bool
		Next   string
	}
	got := sameOutcome(t, func() http.Handler {
		r := chi.NewRouter()
		r.Use(middleware.Recoverer)
		r.Get("/abort", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "the first half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler) // passes Recoverer
		})
		r.Get("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "well") })
		return r
	}, func(t *testing.T, s site) outcome {
		a := get(t, s, "/abort")
		return outcome{a.Status, a.Body, a.ReadErr, get(t, s, "/").Body}
	})
	if want := (outcome{200, "the first half", true, "well"}); got != want {
		t.Errorf("%+v", got)
	}
}

// Compress leaves what is no text alone, knows what the client accepts, and flushes through its encoder.
func TestChiCompress(t *testing.T) {
	text := strings.Repeat("all work and no play\n", 500)
	picture := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(picture, append([]byte("\x89PNG\r\n\x1a\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	got := sameOutcome(t, func() http.Handler {
		r := chi.NewRouter()
		r.Use(middleware.Compress(5, "text/plain"))
		r.Get("/text", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
			io.WriteString(w, text)
		})
		r.Get("/picture", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, picture) })
		r.Get("/empty", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
		return r
	}, func(t *testing.T, s site) []answer {
		return callAll(t, s, []call{
			{Line: "GET /text", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /text", Fields: "Accept-Encoding: deflate"},
			{Line: "GET /text", Fields: "Accept-Encoding: identity"},
			{Line: "HEAD /text", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /picture", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /picture", Fields: "Accept-Encoding: gzip\nRange: bytes=1-3"},
			{Line: "GET /empty", Fields: "Accept-Encoding: gzip"},
		})
	})
	unzipped, err := gunzip(got[0].Body)
	if err != nil || unzipped != text {
		t.Errorf("%d bytes, %v", len(unzipped), err)
	}
	if got[5].Body != "PNG" {
		t.Errorf("%q", got[5].Body)
	}
}

func gunzip(s string) (string, error) {
	r, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

// A stream is readable line by line while its handler still runs, through Compress, Logger and Timeout.
func TestChiStreamThroughMiddlewares(t *testing.T) {
	step := make(chan struct{})
	got := sameOutcome(t, func() http.Handler {
		r := chi.NewRouter()
		r.Use(middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: discardLog{}, NoColor: true}),
			middleware.Compress(5), middleware.Timeout(time.Minute))
		r.Get("/lines", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for i := range 3 {
				fmt.Fprintf(w, "line %d\n", i)
				w.(http.Flusher).Flush()
				<-step
			}
		})
		return r
	}, func(t *testing.T, s site) []string {
		res, err := s.Client.Do(call{Line: "GET /lines"}.request(t, s)) // the transport asks for gzip, and unpacks it
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		lines := []string{fmt.Sprint(res.Uncompressed)}
		for in := bufio.NewScanner(res.Body); in.Scan(); step <- struct{}{} {
			lines = append(lines, in.Text())
		}
		return lines
	})
	if diff := cmp.Diff([]string{"true", "line 0", "line 1", "line 2"}, got); diff != "" {
		t.Error(diff)
	}
}

type discardLog struct{}

func (discardLog) Print(...any) {}

// What the access log says of each exchange is what happened.
func TestChiLogger(t *testing.T) {
	var log logLines
	got := sameOutcome(t, func() http.Handler {
		log.reset()
		r := chi.NewRouter()
		r.Use(middleware.RequestLogger(&log))
		r.Get("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
		r.Get("/copy", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, strings.NewReader(strings.Repeat("x", 70000)))
		})
		r.Post("/early", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			http.Error(w, "no", http.StatusForbidden)
		})
		r.Get("/teed", func(w http.ResponseWriter, r *http.Request) {
			var tee bytes.Buffer
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			ww.Tee(&tee)
			io.Copy(ww, strings.NewReader("twice"))
			fmt.Fprintf(ww, " %d", tee.Len())
		})
		return r
	}, func(t *testing.T, s site) []string {
		callAll(t, s, []call{{Line: "GET /"}, {Line: "GET /copy"}, {Line: "POST /early", Body: "x"}, {Line: "GET /teed"}, {Line: "HEAD /"}})
		eventually(t, "five lines in the log", func() bool { return len(log.all()) == 5 })
		return log.all()
	})
	want := []string{"GET / 200 5", "GET /copy 200 70000", "POST /early 403 3", "GET /teed 200 7", "HEAD / 405 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// logLines is a log formatter of chi's that keeps its lines.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = nil
}

func (l *logLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[:len(l.lines):len(l.lines)]
}

func (l *logLines) NewLogEntry(r *http.Request) middleware.LogEntry {
	return &logLine{l, r.Method + " " + r.URL.Path}
}

type logLine struct {
	log  *logLines
	what string
}

func (e *logLine) Write(status, bytes int, _ http.Header, _ time.Duration, _ any) {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	e.log.lines = append(e.log.lines, fmt.Sprintf("%s %d %d", e.what, status, bytes))
}

func (e *logLine) Panic(v any, _ []byte) { e.what += fmt.Sprint(" panic ", v) }

// Timeout answers 504 for a handler that heeds its context.
func TestChiTimeout(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		r := chi.NewRouter()
		r.Use(middleware.Timeout(20 * time.Millisecond))
		r.Post("/", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		return r
	}, func(t *testing.T, s site) answer { return callAll(t, s, []call{{Line: "POST /", Body: "unread"}})[0] })
	if got.Status != 504 {
		t.Errorf("%+v", got)
	}
}

// inside counts the requests that are inside the middleware waiting.
var inside atomic.Int32

func waiting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside.Add(1)
		defer inside.Add(-1)
		next.ServeHTTP(w, r)
	})
}

// Throttle serves one, lets one wait, and turns one away. Who waits and goes away leaves its place.
func TestChiThrottle(t *testing.T) {
	var entered, left chan struct{}
	got := sameOutcome(t, func() http.Handler {
		entered, left = make(chan struct{}), make(chan struct{})
		r := chi.NewRouter()
		r.Use(waiting, middleware.ThrottleWithOpts(middleware.ThrottleOpts{
			Limit: 1, BacklogLimit: 1, BacklogTimeout: time.Minute, RetryAfterFn: func(bool) time.Duration { return 3 * time.Second },
		}))
		r.Get("/", func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-left
			io.WriteString(w, "served")
		})
		return r
	}, func(t *testing.T, s site) []answer {
		results := make(chan answer, 2)
		go func() { results <- get(t, s, "/") }()
		receive(t, "the first is served", entered)

		ctx, giveUp := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			req := call{Line: "GET /"}.request(t, s).WithContext(ctx)
			_, err := s.Client.Do(req)
			gone <- err
		}()
		eventually(t, "the second waits", func() bool { return inside.Load() == 2 })
		turnedAway := get(t, s, "/")
		giveUp()
		if err := receive(t, "the second gives up", gone); err == nil {
			t.Error("the second was answered")
		}
		eventually(t, "the second's place is free", func() bool { return inside.Load() == 1 })

		go func() { results <- get(t, s, "/") }()
		eventually(t, "the third waits", func() bool { return inside.Load() == 2 })
		left <- struct{}{}
		receive(t, "the third is served", entered)
		left <- struct{}{}
		return []answer{turnedAway, receive(t, "a result", results), receive(t, "a result", results)}
	})
	if got[0].Status != 429 || got[0].Header.Get("Retry-After") != "3" || got[1].Body != "served" || got[2].Body != "served" {
		t.Errorf("%+v", got)
	}
}
