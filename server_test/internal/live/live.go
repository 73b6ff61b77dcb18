// What the tests over real sockets share: a server on a loopback address with the lab's routes, a client that says exactly
// what it met, and a check that nothing is left behind. A test that uses any of it begins with liveClean.

package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// liveLong asks for the full number of repetitions everywhere.
var liveLong = os.Getenv("SPILLWAY_LONG") != ""

// liveRoles are what the test binary does when it is run again by a test, by the value of SPILLWAY_ROLE.
var liveRoles = map[string]func(){}

// liveClean fails the test if it leaves a goroutine or a file descriptor behind. It must be called before anything else,
// so that it looks when all other cleanups have run.
func liveClean(t testing.TB) {
	before := liveDescriptors()
	t.Cleanup(func() {
		if left := liveLeftBehind(before); left != "" {
			t.Errorf("left behind:\n%s", left)
		}
	})
}

// liveLeftBehind waits for goroutines of the library or its tests and for descriptors that were not there before to go,
// and returns those that do not.
func liveLeftBehind(before map[string]string) (left string) {
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if left = liveLeft(before); left == "" || time.Now().After(end) {
			return left
		}
	}
}

func liveLeft(before map[string]string) string {
	left := liveGoroutines()
	for fd, what := range liveDescriptors() {
		if before[fd] != what {
			left = append(left, "descriptor "+fd+": "+what)
		}
	}
	return strings.Join(left, "\n\n")
}

// liveGoroutines returns the stacks of all goroutines that run this module's code, but for the tests' own.
func liveGoroutines() (stacks []string) {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	for i, g := range strings.Split(string(buf), "\n\n") {
		own := i == 0 || strings.Contains(g, "testing.tRunner(") || strings.Contains(g, "testing.(*M).")
		if !own && strings.Contains(g, "spillway-go/spillway") {
			stacks = append(stacks, g)
		}
	}
	return stacks
}

// liveDescriptors returns what this process has open, without what the runtime keeps for itself.
func liveDescriptors() map[string]string {
	open := make(map[string]string)
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		what, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && (strings.HasPrefix(what, "socket:") || strings.HasPrefix(what, "pipe:") ||
			strings.HasPrefix(what, "/dev/net") || what == "anon_inode:[eventpoll]") {
			open[e.Name()] = what
		}
	}
	return open
}

// liveServer is a server on a loopback address.
type liveServer struct {
	*server.Server
	addr  string
	over  servertest.Carrier  // where it is another than a plain socket
	reach servertest.DialFunc // how a client gets there

	mu     sync.Mutex
	events []server.Event
}

// liveServe serves until the test ends. A server without a handler gets the lab's routes.
func liveServe(t testing.TB, srv *server.Server) *liveServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return liveServeOn(t, srv, l)
}

func liveServeOn(t testing.TB, srv *server.Server, l net.Listener) *liveServer {
	live := &liveServer{Server: srv, addr: l.Addr().String()}
	live.reach = func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, l.Addr().Network(), live.addr)
	}
	if srv.Handler == nil {
		srv.Handler = server.HandlerFunc(liveLab)
	}
	if srv.Log == nil {
		srv.Log = slog.New(slog.DiscardHandler)
	}
	if srv.Trace == nil {
		srv.Trace = live.note
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, server.ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return live
}

func (l *liveServer) note(e server.Event) {
	e.Request = nil // valid during the call only
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// waitEvents waits until the server has seen n events of a kind, and returns these.
func (l *liveServer) waitEvents(t testing.TB, kind int, n int, within time.Duration) (seen []server.Event) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(time.Millisecond) {
		seen = nil
		l.mu.Lock()
		for _, e := range l.events {
			if int(e.Kind) == kind {
				seen = append(seen, e)
			}
		}
		l.mu.Unlock()
		if len(seen) >= n {
			return seen
		}
		if time.Now().After(end) {
			t.Fatalf("%d events of kind %d in %v, want %d", len(seen), kind, within, n)
		}
	}
}

// liveLab serves routes of the lab, those that these tests need. A request's X-Token comes back in the response.
func liveLab(w *server.Response, r *server.Request) error {
	if token := r.Fields.Get("X-Token"); token != "" {
		w.Set("X-Token", token)
	}
	q, err := url.ParseQuery(r.RawQuery)
	if err != nil {
		return &server.StatusError{Status: 400, Reason: "bad query"}
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(q.Get(name), 10, 64)
		return n
	}
	w.Set("Content-Type", "text/plain; charset=utf-8")
	switch r.RawPath {
	case "/plaintext":
		_, err = w.WriteString("Hello, World!")
	case "/consume":
		return liveConsume(w, r)
	case "/ignore":
		_, err = w.WriteString("ignored\n")
	case "/fail":
		panic("as asked")
	case "/partial":
		n, err := io.CopyN(io.Discard, r.Body, number("n"))
		if err != nil && err != io.EOF {
			return err
		}
		fmt.Fprintf(w, "read %d bytes\n", n)
	case "/reject":
		return liveReject(w, r, number("max"))
	case "/bytes":
		w.Set("Content-Length", q.Get("n"))
		return liveWriteX(w, number("n"), 64<<10, false)
	case "/stream":
		return liveWriteX(w, number("n"), max(number("chunk"), 1), true)
	case "/sleep":
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(number("ms")) * time.Millisecond):
		}
		_, err = w.WriteString("slept\n")
	default:
		return &server.StatusError{Status: 404, Reason: "no such route"}
	}
	return err
}

func liveConsume(w *server.Response, r *server.Request) error {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "consumed %d bytes\n", n)
	return err
}

func liveReject(w *server.Response, r *server.Request, most int64) error {
	if r.ContentLength <= most {
		n, err := io.CopyN(io.Discard, r.Body, most+1)
		if err == io.EOF {
			_, err = fmt.Fprintf(w, "consumed %d bytes\n", n)
			return err
		}
		if err != nil {
			return err
		}
	}
	w.SetStatus(413)
	_, err := fmt.Fprintf(w, "too large: the limit is %d bytes\n", most)
	return err
}

func liveWriteX(w *server.Response, n, at int64, flush bool) error {
	x := []byte(strings.Repeat("x", int(min(n, at))))
	for n > 0 {
		m, err := w.Write(x[:min(n, at)])
		if err != nil {
			return err
		}
		n -= int64(m)
		if flush {
			w.Flush()
		}
	}
	return nil
}

// liveClient is a client on one connection. Whatever goes wrong at the socket fails its test.
type liveClient struct {
	testing.TB
	net.Conn
	in *bufio.Reader
}

func liveDial(t testing.TB, addr string) *liveClient {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return liveOn(t, nc)
}

func liveOn(t testing.TB, nc net.Conn) *liveClient {
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return &liveClient{t, nc, bufio.NewReaderSize(nc, 64<<10)}
}

var liveFiller = []byte(strings.Repeat("GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n", 4<<10)[:128<<10])

// send writes the formatted text, and n bytes behind it.
func (c *liveClient) send(n int64, format string, args ...any) {
	c.Helper()
	if err := liveSend(c.Conn, n, format, args...); err != nil {
		c.Fatal(err)
	}
}

func liveSend(w io.Writer, n int64, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return err
	}
	for at := int64(0); at < n; {
		m, err := w.Write(liveFiller[:min(int64(len(liveFiller)), n-at)])
		if at += int64(m); err != nil {
			return fmt.Errorf("after %d of %d bytes of content: %w", at, n, err)
		}
	}
	return nil
}

// answer reads one response whole.
func (c *liveClient) answer(method string) (*http.Response, string) {
	c.Helper()
	res, content, err := liveAnswer(c.in, method)
	if err != nil {
		c.Fatal(err)
	}
	return res, content
}

func liveAnswer(in *bufio.Reader, method string) (*http.Response, string, error) {
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return nil, "", fmt.Errorf("no response: %w", err)
	}
	content, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, "", fmt.Errorf("a %d cut short after %d bytes: %w", res.StatusCode, len(content), err)
	}
	return res, string(content), nil
}

// wantAnswer reads one response whole and compares it.
func (c *liveClient) wantAnswer(method string, status int, content string) *http.Response {
	c.Helper()
	res, got := c.answer(method)
	if res.StatusCode != status || content != "" && got != content {
		c.Fatalf("got %d %.80q, want %d %.80q", res.StatusCode, got, status, content)
	}
	return res
}

// wantEnd fails unless the stream ends now, without an error.
func (c *liveClient) wantEnd() {
	c.Helper()
	if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
		c.Fatalf("after the response came %.80q, %v; want a clean end", rest, err)
	}
}

// liveReset reports whether a client met a reset.
func liveReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// liveMedian returns the middle of some durations, and the largest.
func liveMedian(d []time.Duration) (median, most time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return d[len(d)/2], d[len(d)-1]
}

// liveReader reads responses from a connection.
func liveReader(nc net.Conn) *bufio.Reader { return bufio.NewReader(nc) }
