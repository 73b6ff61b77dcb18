// Every request has its line, whatever became of it, and nothing that a client sends or a writer does harms the log or a connection.

package accesslog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/accesslog"
	"github.com/spillway-go/spillway/server/servertest"
)

func tales(w *server.Response, r *server.Request) error {
	switch r.RawPath {
	case "/fail":
		return errors.New("as asked")
	case "/abort":
		return server.ErrAbort
	case "/missing":
		return &server.StatusError{Status: 404, Reason: "not here"}
	case "/upgrade":
		w.SetStatus(101)
		h, err := w.Hijack()
		if err == nil {
			h.Close()
		}
		return err
	}
	_, err := w.WriteString("hello")
	return err
}

// play sends each text on a connection of its own to a server with the log, and waits until all is told.
func play(t *testing.T, log *accesslog.Log, texts ...string) {
	t.Helper()
	live := servertest.Start(t, server.HandlerFunc(tales), servertest.InMemory(servertest.Link{}), servertest.Configure(func(s *server.Server) {
		s.Log = slog.New(slog.DiscardHandler)
		s.Trace = log.Trace
	}))
	for i, text := range texts {
		c := live.Dial()
		c.Send(text)
		time.Sleep(time.Minute) // of fake time
		c.Close()
		live.Closings(i + 1)
	}
	if err := log.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

const hostile = "GET /\x16 HTTP/1.1\r\nHost: a\r\n\r\n"

func TestLines(t *testing.T) {
	for _, test := range []struct{ name, send, want string }{
		{"a GET", "GET /a?b=c HTTP/1.1\r\nHost: example:8080\r\nUser-Agent: me\r\n\r\n", `{"time":"2000-01-01T00:00:00Z","level":"INFO","msg":"request",
			"http.request.method":"GET","url.path":"/a","url.query":"b=c","network.protocol.name":"http","network.protocol.version":"1.1",
			"user_agent.original":"me","url.scheme":"http","server.address":"example","server.port":8080,"client.address":"192.0.2.2","client.port":49152,
			"http.response.status_code":200,"http.request.body.size":0,"http.request.size":59,"http.response.body.size":5,"http.response.size":80,
			"duration":0,"spillway.conn":1,"spillway.exchange":1,"spillway.leftover":"nothing","spillway.verdict":"reuse"}`},
		{"an error", "GET /fail HTTP/1.0\r\n\r\n", `{"time":"2000-01-01T00:00:00Z","level":"INFO","msg":"request","http.request.method":"GET","url.path":"/fail",
			"network.protocol.name":"http","network.protocol.version":"1.0","url.scheme":"http","client.address":"192.0.2.2","client.port":49152,
			"http.response.status_code":500,"http.request.body.size":0,"http.request.size":22,"http.response.body.size":22,"http.response.size":177,
			"duration":0,"error.type":"500","error.message":"as asked","spillway.conn":1,"spillway.exchange":1,"spillway.leftover":"nothing",
			"spillway.verdict":"linger","spillway.reason":"client asked"}`},
		{"a refusal", hostile, `{"time":"2000-01-01T00:00:00Z","level":"INFO","msg":"request","url.scheme":"http","client.address":"192.0.2.2","client.port":49152,
			"http.response.status_code":400,"http.request.body.size":0,"http.request.size":28,"http.response.body.size":54,"http.response.size":199,
			"duration":0,"spillway.conn":1,"spillway.exchange":1,"spillway.verdict":"linger","spillway.reason":"refused",
			"spillway.refusal":"control \"\\x16\" in the request-target","spillway.refusal.section":"RFC 9112 §3.2","spillway.request_line":"GET /\u0016 HTTP/1.1"}`},
		{"an abort", "GET /abort HTTP/1.1\r\nHost: a\r\n\r\n", `{"time":"2000-01-01T00:00:00Z","level":"INFO","msg":"request","http.request.method":"GET","url.path":"/abort",
			"network.protocol.name":"http","network.protocol.version":"1.1","url.scheme":"http","server.address":"a","client.address":"192.0.2.2","client.port":49152,
			"http.request.body.size":0,"http.request.size":32,"http.response.body.size":0,"http.response.size":0,
			"duration":0,"error.type":"truncated","error.message":"conn: aborted by the handler","spillway.conn":1,"spillway.exchange":1,"spillway.leftover":"nothing",
			"spillway.verdict":"linger","spillway.reason":"truncated"}`},
		{"an upgrade", "GET /upgrade HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", `{"time":"2000-01-01T00:00:00Z","level":"INFO","msg":"request","http.request.method":"GET","url.path":"/upgrade",
			"network.protocol.name":"http","network.protocol.version":"1.1","url.scheme":"http","server.address":"::1","server.port":80,"client.address":"192.0.2.2","client.port":49152,
			"http.response.status_code":101,"http.request.body.size":0,"http.request.size":41,"http.response.body.size":0,"http.response.size":73,
			"duration":0,"spillway.conn":1,"spillway.exchange":1,"spillway.leftover":"nothing","spillway.verdict":"hijack","spillway.reason":"hijacked"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				play(t, accesslog.New(slog.New(slog.NewJSONHandler(&out, nil))), test.send)
				if diff := cmp.Diff(values(t, test.want), values(t, out.String())); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Of a request over HTTP/2 the line says nothing that is not known.
func TestHTTP2(t *testing.T) {
	var out bytes.Buffer
	log := accesslog.New(slog.New(slog.NewJSONHandler(&out, nil)))
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	log.Trace(server.Event{Kind: server.EventSettled, Time: at, Conn: 1, Exchange: 3, TLS: 0x304, Method: "PUT", Target: "/a", Host: "b", Proto: "HTTP/2.0",
		Status: 201, ContentReceived: 7, ContentSent: 5, Times: server.Times{FirstByte: at, Settled: at.Add(time.Second)}})
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2000-01-01T00:00:00Z","level":"INFO","msg":"request","http.request.method":"PUT","url.path":"/a","network.protocol.name":"http",
		"network.protocol.version":"2","url.scheme":"https","tls.protocol.version":"1.3","server.address":"b","http.response.status_code":201,
		"http.request.body.size":7,"http.response.body.size":5,"duration":1,"spillway.conn":1,"spillway.exchange":3,"spillway.verdict":"reuse"}`
	if diff := cmp.Diff(values(t, want), values(t, out.String())); diff != "" {
		t.Error(diff)
	}
}

// values returns what a line of JSON says.
func values(t *testing.T, line string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return m
}

// combinedLine is how the format's readers take a line apart.
var combinedLine = regexp.MustCompile(`^([0-9.]+) - - \[(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "([^"]*)" (\d+) (-|\d+) "([^"]*)" "([^"]*)"$`)

func TestCombinedLogFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		play(t, &accesslog.Log{Combined: &out},
			"GET /a HTTP/1.1\r\nHost: a\r\nReferer: http://b/\r\nUser-Agent: it says \"hi\\\" \xff\xe2\x80\xa8\r\n\r\n",
			hostile,
			"GET /missing HTTP/1.1\r\nHost: a\r\n\r\n")
		var got [][]string
		for line := range strings.Lines(out.String()) {
			m := combinedLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("%q is no line of the format", line)
			}
			got = append(got, m[3:])
		}
		want := [][]string{
			{"GET /a HTTP/1.1", "200", "5", "http://b/", `it says \x22hi\x5c\x22 \xff\xe2\x80\xa8`},
			{`GET /\x16 HTTP/1.1`, "400", "54", "-", "-"},
			{"GET /missing HTTP/1.1", "404", "9", "-", "-"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Of what went well one in so many is logged, and of all else everything.
func TestSampling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := &accesslog.Log{Combined: &out, Every: 10}
		var texts []string
		for range 25 {
			texts = append(texts, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		}
		play(t, log, append(texts, hostile, "GET /fail HTTP/1.1\r\nHost: a\r\n\r\n", "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n", "GET /abort HTTP/1.1\r\nHost: a\r\n\r\n")...)
		count := map[string]int{}
		for line := range strings.Lines(out.String()) {
			count[combinedLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))[4]]++
		}
		if diff := cmp.Diff(map[string]int{"200": 2, "400": 1, "500": 1, "404": 1, "0": 1}, count); diff != "" {
			t.Error(diff)
		}
	})
}

// gate is a writer that writes when it is told to.
type gate struct {
	open  chan bool
	mu    sync.Mutex
	lines int
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines++
	return len(p), nil
}

// A writer that does not write holds up no connection; what does not fit the queue is counted.
func TestAWriterThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan bool)}
		log := &accesslog.Log{Combined: g, Queue: 10}
		log.Trace(server.Event{Kind: server.EventSettled})
		synctest.Wait() // it is being written
		for range 50 {
			log.Trace(server.Event{Kind: server.EventSettled})
		}
		if n := log.Dropped(); n != 40 {
			t.Errorf("%d lines were dropped, want 40", n)
		}
		within, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := log.Flush(within); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: %v", err)
		}
		close(g.open)
		if err := log.Flush(t.Context()); err != nil || g.lines != 11 {
			t.Errorf("%v, %d lines, want 11", err, g.lines)
		}
	})
}

// Clients that send long heads do not fill the memory while lines wait.
func TestLongHeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan bool)}
		log := &accesslog.Log{Combined: g}
		e := server.Event{Kind: server.EventSettled, Method: "GET", Target: "/" + strings.Repeat("a", 1<<20-4)} // with the method, a MiB
		log.Trace(e)
		synctest.Wait() // it is being written
		for range 50 {
			log.Trace(e)
		}
		if n := log.Dropped(); n != 34 {
			t.Errorf("%d lines were dropped, want 34", n)
		}
		close(g.open)
		if err := log.Flush(t.Context()); err != nil || g.lines != 17 {
			t.Errorf("%v, %d lines, want 17", err, g.lines)
		}
		for range 1000 {
			log.Trace(server.Event{Kind: server.EventSettled})
			synctest.Wait()
		}
		if log.Flush(t.Context()); log.Dropped() != 34 || g.lines != 1017 {
			t.Errorf("%d dropped, %d lines", log.Dropped(), g.lines)
		}
	})
}

// breaking is a writer that fails, panics, ends its goroutine, and writes, by turns.
type breaking struct {
	n int
	io.Writer
}

func (b *breaking) Write(p []byte) (int, error) {
	switch b.n++; b.n % 4 {
	case 1:
		return 0, errors.New("no space")
	case 2:
		panic("a bug")
	case 3:
		runtime.Goexit()
	}
	return b.Writer.Write(p)
}

func TestAWriterThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := &accesslog.Log{Combined: &breaking{Writer: &out}}
		for range 12 {
			log.Trace(server.Event{Kind: server.EventSettled})
		}
		if err := log.Flush(t.Context()); err != nil || log.Dropped() != 9 || strings.Count(out.String(), "\n") != 3 {
			t.Errorf("%v, %d dropped, %q", err, log.Dropped(), out.String())
		}
	})
}

// FuzzCombined gives a line whatever a client may send.
func FuzzCombined(f *testing.F) {
	f.Add("GET", "/", "HTTP/1.1", "")
	f.Add("", "", "", "\r\n\"\\\x00")
	f.Fuzz(func(t *testing.T, method, target, proto, line string) {
		var out bytes.Buffer
		log := &accesslog.Log{Combined: &out}
		log.Trace(server.Event{Kind: server.EventSettled, Method: method, Target: target, Proto: proto, RequestLine: line, Status: 200})
		log.Flush(t.Context())
		got := out.String()
		if strings.Count(got, "\n") != 1 || strings.Count(got, `"`) != 6 || !strings.HasSuffix(got, "\n") {
			t.Fatalf("%q", got)
		}
		want := method + " " + target + " " + proto
		if method == "" {
			want = line
		}
		said, err := strconv.Unquote(`"` + strings.Split(got, `"`)[1] + `"`)
		if err != nil || said != want {
			t.Errorf("%q says %q, want %q", got, said, want)
		}
	})
}
