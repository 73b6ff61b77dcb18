// The kit itself: what fails a test, and what it says then.

package servertest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// judged is a testing.TB whose failures are looked at instead of counted.
type judged struct {
	testing.TB
	mu    sync.Mutex // a test may fail in any goroutine
	said  strings.Builder
	after []func()
}

func (j *judged) Helper()          {}
func (j *judged) Cleanup(f func()) { j.after = append(j.after, f) }

func (j *judged) Error(args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintln(&j.said, args...)
}

func (j *judged) Errorf(format string, args ...any) {
	j.Error(fmt.Sprintf(format, args...))
}

func (j *judged) Fatalf(format string, args ...any) {
	j.Errorf(format, args...)
	runtime.Goexit()
}

func (j *judged) Fatal(args ...any) {
	j.Error(args...)
	runtime.Goexit()
}

// failure runs a test and returns what it failed with.
func failure(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	j := &judged{TB: t}
	done := make(chan struct{})
	run := func(f func()) {
		go func() {
			defer func() { done <- struct{}{} }()
			f()
		}()
		<-done
	}
	run(func() { test(j) })
	for i := len(j.after) - 1; i >= 0; i-- {
		run(j.after[i])
	}
	return j.said.String()
}

func TestFailuresTellTheDialogue(t *testing.T) {
	silent := func(c *net.TCPConn, _ *bufio.Reader) { io.Copy(io.Discard, c); c.Close() }
	resetting := func(c *net.TCPConn, _ *bufio.Reader) {
		c.Read(make([]byte, 1))
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		time.Sleep(10 * time.Millisecond)
		c.SetLinger(0)
		c.Close()
	}
	halfway := func(c *net.TCPConn, _ *bufio.Reader) {
		c.Read(make([]byte, 100))
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok")
		c.Close()
	}
	for _, tt := range []struct {
		name    string
		conduct func(*net.TCPConn, *bufio.Reader)
		script  func(c *servertest.Client)
		want    []string
	}{
		{"no answer", silent, func(c *servertest.Client) { c.ReadResponse() }, []string{"did not answer in time", "0.0", "C: GET / HTTP/1.1"}},
		{"not closed", silent, func(c *servertest.Client) { c.ExpectClosed() }, []string{"did not end the connection"}},
		{"reset", resetting, func(c *servertest.Client) { c.ReadResponse(); c.ExpectNoReset() }, []string{"reset", "S: HTTP/1.1 200 OK", "S: <RST>"}},
		{"reset, not closed", resetting, func(c *servertest.Client) { c.ReadResponse(); c.ExpectClosed() }, []string{"reset"}},
		{"half an answer", halfway, func(c *servertest.Client) { c.ReadResponse() }, []string{"unexpected EOF", "S: <FIN>"}},
		{"bytes left", halfway, func(c *servertest.Client) { c.ExpectClosed() }, []string{"bytes came"}},
		{"not open", halfway, func(c *servertest.Client) { c.ExpectOpen(time.Second) }, []string{"nobody asked for"}},
		{"no interim response", halfway, func(c *servertest.Client) { c.ReadInterim() }, []string{"no interim response"}},
		{"open", silent, func(c *servertest.Client) { c.ExpectOpen(10 * time.Millisecond); c.ExpectNoReset(); c.Close() }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := servertest.Serve(t, tt.conduct)
			said := failure(t, func(t testing.TB) {
				c := servertest.Dial(t, addr)
				c.Timeout = 200 * time.Millisecond
				c.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				tt.script(c)
			})
			if len(tt.want) == 0 && said != "" {
				t.Errorf("it failed: %s", said)
			}
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in:\n%s", want, said)
				}
			}
		})
	}
}

// A handler that leaves a goroutine behind fails the test, and only the test that started it.
func TestLeaks(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	said := failure(t, func(t testing.TB) {
		srv := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			go func() { <-release }()
			return nil
		}))
		if _, err := srv.Client.Get(srv.URL); err != nil {
			t.Error(err)
		}
	})
	close(release)
	if !strings.Contains(said, "TestLeaks") {
		t.Errorf("it says %q", said)
	}
}

func TestExchangesThatDoNotCome(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for 5 s")
	}
	t.Parallel()
	said := failure(t, func(t testing.TB) { servertest.Start(t, server.HandlerFunc(ignore)).Exchanges(1) })
	if !strings.Contains(said, "0 exchanges were settled, not 1") {
		t.Errorf("it says %q", said)
	}
}

func TestUploads(t *testing.T) {
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(400)
		}
	}))
	defer theirs.Close()
	ours := servertest.Start(t, server.HandlerFunc(consume))
	for _, addr := range []string{theirs.URL, ours.Addr} {
		for _, tt := range []struct {
			name   string
			upload servertest.Upload
			sent   int64
			status int // 0: none
			closed bool
		}{
			{"whole", servertest.Upload{Size: 100_000}, 100_000, 200, false},
			{"whole, chunked", servertest.Upload{Size: 100_000, Chunked: true}, 100_000, 200, false},
			{"whole, content", servertest.Upload{Content: []byte("hello"), Method: "PUT", Target: "/a", Fields: []string{"Connection: close"}}, 5, 200, true},
			{"empty", servertest.Upload{}, 0, 200, false},
			{"paced", servertest.Upload{Size: 2000, Rate: 10_000}, 2000, 200, false},
			{"reset", servertest.Upload{Size: 100_000, Stop: 5000, End: servertest.Reset}, 5000, 0, false},
			{"half-closed", servertest.Upload{Size: 100_000, Stop: 5000, End: servertest.HalfClose}, 5000, 400, true},
			{"half-closed, chunked", servertest.Upload{Size: 100_000, Stop: 5000, End: servertest.HalfClose, Chunked: true}, 5000, 400, true},
			{"wrong chunk", servertest.Upload{Size: 100_000, Stop: 5000, End: servertest.WrongChunk, Chunked: true}, 5000, 400, true},
			{"stalled", servertest.Upload{Size: 100_000, Stop: 5000, End: servertest.Stall, Wait: 100 * time.Millisecond}, 5000, 0, false},
		} {
			t.Run(tt.name+" at "+addr[:5], func(t *testing.T) {
				seen := tt.upload.Send(t, addr)
				status := 0
				if seen.Response != nil {
					status = seen.Response.Status
				}
				if seen.Sent != tt.sent || status != tt.status || seen.Closed != tt.closed || seen.Reset != nil {
					t.Errorf("%+v", seen)
				}
			})
		}
	}
}

// A real server on a port, and one in memory, tell of the same exchanges.
func TestServers(t *testing.T) {
	for _, options := range [][]servertest.Option{nil, {servertest.InMemory()}, {servertest.InMemory(servertest.Link{Delay: time.Millisecond})}} {
		srv := servertest.Start(t, server.HandlerFunc(ignore), options...)
		c := srv.Dial()
		for range 2 {
			c.SendSlowly("GET /a HTTP/1.1\r\n", 1000)
			c.Send("Host: a\r\nContent-Length: 100000\r\n\r\n")
			c.SendBody(100_000)
			if res := c.ReadResponse(); string(res.Body) != "ignored\n" {
				t.Errorf("%q", res.Body)
			}
		}
		c.Send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if res := c.ReadResponseTo("HEAD"); res.Get("content-length") != "8" {
			t.Errorf("%+v", res)
		}
		c.ExpectClosed()
		xs := srv.Exchanges(3)
		for i, want := range []string{"drained, 100000", "drained, 100000", "nothing, 0"} {
			if xs[i].Number != i+1 || !strings.Contains(xs[i].String(), want) {
				t.Errorf("exchange %d: %v", i+1, xs[i])
			}
		}
		c.Close()
		if why := srv.Closings(1); why[0] != conn.ReasonClientAsked {
			t.Error(why)
		}
	}
}
