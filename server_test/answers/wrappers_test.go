// Sockets behind wrappers of the kinds that programs have: a limit on connections, a PROXY protocol, a type that embeds a
// socket; and hooks that set the deadlines of the sockets themselves.

package answers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server_test/internal/sockets"

	"github.com/spillway-go/spillway/server/servertest"
)

// limited is what golang.org/x/net/netutil makes of a connection.
type limited struct {
	net.Conn
	once    sync.Once
	release func()
}

func (c *limited) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}

// behindProxy reads through a buffer, where a PROXY header may have stood.
type behindProxy struct {
	net.Conn
	in *bufio.Reader
}

func (c *behindProxy) Read(p []byte) (int, error) { return c.in.Read(p) }

// embedded promotes all that a socket has, but for what it does itself.
type embedded struct{ *net.TCPConn }

func (c embedded) Close() error { return c.TCPConn.Close() }

var wrappers = map[string]func(*net.TCPConn) net.Conn{
	"limited":  func(c *net.TCPConn) net.Conn { return &limited{Conn: c, release: func() {}} },
	"proxied":  func(c *net.TCPConn) net.Conn { return &behindProxy{c, bufio.NewReader(c)} },
	"embedded": func(c *net.TCPConn) net.Conn { return embedded{c} },
}

func serveWrapped(t *testing.T, srv *server.Server, wrap func(*net.TCPConn) net.Conn) *sockets.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return sockets.ServeOn(t, srv, servertest.Wrap(l, func(c net.Conn) net.Conn { return wrap(c.(*net.TCPConn)) }))
}

// An early 413 is read by a client that has written all of its 8 or 20 MB before, ten times of ten.
func TestEarlyAnswerBehindWrappers(t *testing.T) {
	sockets.Clean(t)
	for name, wrap := range wrappers {
		for _, size := range []int64{8 << 20, 20e6} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				live := serveWrapped(t, &server.Server{}, wrap)
				for range 10 {
					c := sockets.Dial(t, live.Addr)
					c.Send(size, "POST /reject?max=4096 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
					if res := c.WantAnswer("POST", 413, ""); !res.Close {
						t.Error("the response does not say Connection: close")
					}
					c.Close()
				}
			})
		}
	}
}

// An idle connection behind a wrapper holds no buffer of the server's: what it costs is its goroutine, and what the wrapper
// holds.
func TestIdleMemoryBehindWrappers(t *testing.T) {
	if sockets.Race {
		t.Skip("the race detector has memory of its own")
	}
	sockets.Clean(t)
	const many, most = 500, 11 << 10
	live := serveWrapped(t, &server.Server{}, wrappers["limited"])
	empty := memoryInUse() // what the clients' ends take counts too: it is little
	clients := make([]*sockets.Client, many)
	for i := range clients {
		nc, err := net.Dial("tcp", live.Addr)
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = &sockets.Client{TB: t, Conn: nc, In: bufio.NewReaderSize(nc, 512)}
		t.Cleanup(func() { nc.Close() })
	}
	for _, c := range clients {
		c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		c.WantAnswer("GET", 200, "Hello, World!")
	}
	// A connection gives its buffer back when it has been idle for so long that nobody expects the next request soon.
	each := int64(most + 1)
	for end := time.Now().Add(sockets.Patience); each > most && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		each = (memoryInUse() - empty) / many
	}
	t.Logf("%d bytes for each of %d", each, many)
	if each > most {
		t.Errorf("an idle connection takes %d bytes, want at most %d", each, most)
	}
}

// memoryInUse returns what heap and stacks have in use.
func memoryInUse() int64 {
	runtime.GC()
	runtime.GC() // what pools held is gone after two
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// hookedHandler serves content of 1,000 bytes and more, with hooks that set the deadlines of its connections.
func hookedHandler(t *testing.T, h *http.Server, result chan<- error) *sockets.Client {
	t.Helper()
	h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		for n := 0; err == nil && n < 100<<20; n += 1 << 20 {
			_, err = w.Write(make([]byte, 1<<20))
		}
		result <- err
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := nethttp.New(h)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		<-served
	})
	c := sockets.Dial(t, l.Addr().String())
	c.Send(0, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
	return c
}

// A deadline that a hook has given a connection ends what it is for, where the server has none itself; one that a hook has
// lifted does not.
func TestDeadlinesOfHooksHold(t *testing.T) {
	sockets.Clean(t)
	result := make(chan error, 1)
	soon := func() time.Time { return time.Now().Add(100 * time.Millisecond) }
	active := func(do func(net.Conn)) func(net.Conn, http.ConnState) {
		return func(c net.Conn, s http.ConnState) {
			if s == http.StateActive {
				do(c)
			}
		}
	}
	t.Run("for writing", func(t *testing.T) {
		c := hookedHandler(t, &http.Server{ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			c.SetWriteDeadline(soon())
			return ctx
		}}, result)
		c.Send(1000, "")
		if err := sockets.Result(t, result); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler met %v", err)
		}
	})
	t.Run("for reading", func(t *testing.T) {
		hookedHandler(t, &http.Server{ConnState: active(func(c net.Conn) { c.SetReadDeadline(soon()) })}, result)
		if err := sockets.Result(t, result); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler met %v", err)
		}
	})
	t.Run("lifted", func(t *testing.T) {
		const timeout = 500 * time.Millisecond
		c := hookedHandler(t, &http.Server{ReadTimeout: timeout, ConnState: active(func(c net.Conn) { c.SetReadDeadline(time.Time{}) })}, result)
		time.Sleep(timeout + 100*time.Millisecond) // until it would have passed
		c.Send(1000, "")
		if _, content := c.Answer("POST"); len(content) != 100<<20 {
			t.Errorf("%d bytes of content", len(content))
		}
		if err := sockets.Result(t, result); err != nil {
			t.Errorf("the handler met %v", err)
		}
	})
}
