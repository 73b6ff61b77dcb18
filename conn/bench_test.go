// What an exchange costs on a TCP connection: one request at a time, and sixteen in a row.

package conn_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/conn"
)

func BenchmarkExchange(b *testing.B) {
	handler := conn.HandlerFunc(func(w *conn.Response, r *conn.Request) error {
		w.Set("Content-Type", "text/plain")
		_, err := w.WriteString("Hello, World!")
		return err
	})
	for _, row := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d in a row", row), func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			cfg := conn.Share(conn.Config{Handler: handler, Park: true})
			defer cfg.Close()
			go func() {
				for id := int64(1); ; id++ {
					nc, err := l.Accept()
					if err != nil {
						return
					}
					go conn.New(nc, cfg, id).Serve()
				}
			}()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			request := strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: a.test\r\n\r\n", row)
			response := make([]byte, row*len("HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"))
			b.ReportAllocs()
			for n := 0; n < b.N; n += row {
				io.WriteString(c, request)
				if _, err := io.ReadFull(c, response); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
