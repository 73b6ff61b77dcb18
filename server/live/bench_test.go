// What the page costs while nobody looks: an exchange of a server that it watches, beside one of a server that it does not.

package live_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live"
)

func BenchmarkNobodyLooks(b *testing.B) {
	for _, watched := range []bool{false, true} {
		name := "not watched"
		if watched {
			name = "watched"
		}
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
				_, err := w.WriteString("Hello, World!")
				return err
			})}
			if watched {
				seen := new(live.Page).Watch("")
				srv.Trace, srv.TraceIf, l = seen.Trace, seen.TraceIf, seen.Listener(l)
			}
			ended := make(chan error, 1)
			go func() { ended <- srv.Serve(l) }()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			request, buf := strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 16), make([]byte, 16<<10)
			io.WriteString(c, request)
			io.ReadFull(c, buf[:1])
			size := 1
			for !strings.HasSuffix(string(buf[:size]), "!") || strings.Count(string(buf[:size]), "World") < 16 {
				n, err := c.Read(buf[size:])
				if err != nil {
					b.Fatal(err)
				}
				size += n
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N / 16 {
				io.WriteString(c, request)
				if _, err := io.ReadFull(c, buf[:size]); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			c.Close()
			srv.Close()
			<-ended
		})
	}
}
