// Responses whose framing a handler has a say in: transfer codings of its own, and a 101 that nobody hijacks.

package nethttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/spillway-go/spillway/server/nethttp"
)

// Content in a transfer coding is sent with the coding's name to who has asked for it, and to nobody else.
func TestTransferCodings(t *testing.T) {
	for _, c := range []struct{ coding, head, want string }{
		{"gzip", "HTTP/1.1\r\nTE: gzip\r\n", "gzip, chunked"},
		{"gzip", "HTTP/1.1\r\nTE: trailers, deflate;q=0.5\r\nTE: GZIP; q=0.001\r\n", "gzip, chunked"},
		{"deflate, gzip", "HTTP/1.1\r\nTE: gzip, deflate\r\n", "deflate, gzip, chunked"},
		{"chunked", "HTTP/1.1\r\n", "chunked"},
		{"Chunked", "HTTP/1.1\r\n", "chunked"},
		{"gzip", "HTTP/1.1\r\n", ""},
		{"gzip", "HTTP/1.0\r\nTE: gzip\r\n", ""},
		{"gzip", "HTTP/1.1\r\nTE: gzip;q=0\r\n", ""},
		{"gzip", "HTTP/1.1\r\nTE: gzip;q=0.000, trailers\r\n", ""},
		{"gzip", "HTTP/1.1\r\nTE: gzip2, agzip\r\n", ""},
		{"deflate, gzip", "HTTP/1.1\r\nTE: gzip\r\n", ""},
		{"gzip, chunked", "HTTP/1.1\r\nTE: gzip\r\n", ""},
		{"gzip\r\nX: y", "HTTP/1.1\r\nTE: gzip\r\n", ""},
	} {
		for _, flush := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var log logLines
				h := &http.Server{ErrorLog: log.logger(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Transfer-Encoding", c.coding)
					io.WriteString(w, "\x1f\x8b")
					if flush {
						w.(http.Flusher).Flush()
					}
				})}
				nc, _ := serveIn(t, nethttp.New(h)).Dial()
				defer nc.Close()
				io.WriteString(nc, "GET / "+c.head+"Host: a\r\nConnection: close, TE\r\n\r\n")
				all, err := io.ReadAll(nc)
				if err != nil {
					t.Error(err)
				}
				got := string(all)
				if c.want == "" {
					if !strings.HasPrefix(got, "HTTP/1.1 500 ") || strings.Contains(got, "\x1f") || len(log.all()) != 1 {
						t.Errorf("%+v: %q, and the log says %q", c, got, log.all())
					}
				} else if !strings.Contains(got, "\r\nTransfer-Encoding: "+c.want+"\r\n") || !strings.HasSuffix(got, "\r\n\r\n2\r\n\x1f\x8b\r\n0\r\n\r\n") {
					t.Errorf("%+v: %q", c, got)
				}
			})
		}
	}
}

// A 101 that the handler does not hijack goes out as the handler made it, and then the connection ends.
func TestSwitchWithoutHijack(t *testing.T) {
	for _, flush := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			nc, _ := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"] = nil
				w.Header().Set("Connection", "upgrade")
				w.Header().Set("Upgrade", "x")
				w.WriteHeader(101)
				if flush {
					w.(http.Flusher).Flush()
				}
			})})).Dial()
			defer nc.Close()
			io.WriteString(nc, get+get)
			got, err := io.ReadAll(nc)
			if want := "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"; string(got) != want || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
