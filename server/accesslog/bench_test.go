// What an exchange costs with nobody listening, where only the counters run, and with an access log.

package accesslog_test

import (
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/accesslog"
)

func BenchmarkExchange(b *testing.B) {
	records := slog.New(slog.NewJSONHandler(io.Discard, nil))
	for _, x := range []struct {
		name string
		log  *accesslog.Log
	}{
		{"nobody listens", nil},
		{"JSON", accesslog.New(records)},
		{"JSON, one of 100", &accesslog.Log{Logger: records, Every: 100}},
		{"Combined", &accesslog.Log{Combined: io.Discard}},
	} {
		b.Run(x.name, func(b *testing.B) {
			srv := &server.Server{Handler: server.HandlerFunc(tales)}
			if x.log != nil {
				srv.Trace = x.log.Trace
			}
			exchange := connect(b, srv)
			b.ReportAllocs()
			for b.Loop() {
				exchange()
			}
			if x.log == nil {
				return
			}
			if err := x.log.Flush(b.Context()); err != nil {
				b.Error(err)
			}
			b.ReportMetric(float64(x.log.Dropped())/float64(b.N), "dropped/op")
		})
	}
}

// connect returns a function that has an exchange with the server, on one kept connection.
func connect(tb testing.TB, srv *server.Server) (exchange func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		c.Close()
		srv.Close()
		<-served
	})
	request := []byte("GET /a?b=c HTTP/1.1\r\nHost: example.test\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)\r\nAccept: */*\r\n\r\n")
	response := make([]byte, 80) // as long as each is
	return func() {
		if _, err := c.Write(request); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(c, response); err != nil {
			tb.Fatal(err)
		}
	}
}

// While nobody listens, an exchange allocates nothing, whatever is counted.
func TestNobodyListens(t *testing.T) {
	srv := &server.Server{Handler: server.HandlerFunc(tales)}
	exchange := connect(t, srv)
	for range 100 { // so that the pools are filled
		exchange()
	}
	if n := testing.AllocsPerRun(1000, exchange); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if n := srv.Stats().Responses[2]; n != 1101 {
		t.Errorf("%d responses are counted", n)
	}
}
