// What a request costs, beside what it costs on net/http: the same stock handler, the same client, one after the other.

package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/spillway-go/spillway/server/nethttp"
)

// plaintext is the handler of the lab's route.
func plaintext(w http.ResponseWriter, r *http.Request) {
	const hello = "Hello, World!"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(hello)))
	io.WriteString(w, hello)
}

type engine interface {
	Serve(net.Listener) error
	Close() error
}

// engines are the servers to compare.
var engines = []struct {
	name string
	make func(*http.Server) engine
}{
	{"spillway", func(s *http.Server) engine { return nethttp.New(s) }},
	{"net/http", func(s *http.Server) engine { return s }},
}

// dial starts a server and returns a connection to it.
func dial(tb testing.TB, srv engine) net.Conn {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	go srv.Serve(l)
	tb.Cleanup(func() { srv.Close() })
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { nc.Close() })
	return nc
}

// client sends one request again and again. Its own part allocates nothing.
type client struct {
	nc      net.Conn
	r       *bufio.Reader
	request []byte
	length  int // of the response
}

func newClient(tb testing.TB, nc net.Conn, request string) *client {
	c := &client{nc: nc, r: bufio.NewReader(nc), request: []byte(request)}
	io.WriteString(nc, request)
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		tb.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	nc.Write(c.request)
	c.r.Peek(1)
	c.length = c.r.Buffered()
	c.r.Discard(c.length)
	return c
}

func (c *client) do(tb testing.TB) {
	c.nc.Write(c.request)
	if _, err := c.r.Discard(c.length); err != nil {
		tb.Fatal(err)
	}
}

const (
	shortRequest   = "GET /plaintext HTTP/1.1\r\nHost: example.test\r\n\r\n"
	browserRequest = "GET /plaintext?a=b HTTP/1.1\r\nHost: example.test\r\nConnection: keep-alive\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"130\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n" +
		"Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n" +
		"Sec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n" +
		"Cookie: a=0123456789; b=0123456789; c=0123456789\r\n\r\n"
)

func BenchmarkPlaintext(b *testing.B) {
	for name, request := range map[string]string{"short": shortRequest, "browser": browserRequest} {
		for _, e := range engines {
			b.Run(fmt.Sprintf("%s/%s", name, e.name), func(b *testing.B) {
				c := newClient(b, dial(b, e.make(&http.Server{Handler: http.HandlerFunc(plaintext)})), request)
				b.ReportAllocs()
				for b.Loop() {
					c.do(b)
				}
			})
		}
	}
}

// A stock handler's request costs at most eight allocations, of which the handler makes four.
func TestAllocations(t *testing.T) {
	c := newClient(t, dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(plaintext)})), shortRequest)
	const rounds = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		c.do(t)
	}
	runtime.ReadMemStats(&after)
	n := float64(after.Mallocs-before.Mallocs) / rounds
	t.Logf("%.2f allocations in a request", n)
	if n > 8.2 {
		t.Errorf("%.2f allocations in a request, want at most 8", n)
	}
}
