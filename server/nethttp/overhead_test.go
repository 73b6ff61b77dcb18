// What the adapter costs a request, without a network.

package nethttp_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/nethttp"
)

// endless is a connection whose client sends the same request n times, and takes no time.
type endless struct {
	net.Conn
	request string
	n       int
	addr    net.TCPAddr
}

func (c *endless) Read(p []byte) (int, error) {
	if c.n--; c.n < 0 {
		return 0, io.EOF
	}
	return copy(p, c.request), nil
}

func (c *endless) Write(p []byte) (int, error)      { return len(p), nil }
func (c *endless) Close() error                     { return nil }
func (c *endless) SetReadDeadline(time.Time) error  { return nil }
func (c *endless) SetWriteDeadline(time.Time) error { return nil }
func (c *endless) LocalAddr() net.Addr              { return &c.addr }
func (c *endless) RemoteAddr() net.Addr             { return &c.addr }

// What a request costs beside the system calls, in the adapter and without it.
func BenchmarkOverhead(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plaintext", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"message": "Hello, World!"})
	})
	native := conn.HandlerFunc(func(w *conn.Response, r *conn.Request) error {
		w.Set("Content-Type", "text/plain; charset=utf-8")
		_, err := w.WriteString("Hello, World!")
		return err
	})
	for _, c := range []struct {
		name, request string
		handler       conn.Handler
	}{
		{"native", shortRequest, native},
		{"nothing", shortRequest, nethttp.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))},
		{"plaintext", shortRequest, nethttp.Handler(http.HandlerFunc(plaintext))},
		{"browser", browserRequest, nethttp.Handler(http.HandlerFunc(plaintext))},
		{"json", shortRequest, nethttp.Handler(mux)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			conn.New(&endless{request: c.request, n: b.N}, conn.Share(conn.Config{Handler: c.handler}), 1).Serve()
		})
	}
}
