// A client that writes very much before it reads gets its answer.

package answers_test

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// No number of bytes ends the reading on at a connection's end: a client on a fast network that writes a gigabyte before it
// reads finds the answer.
func TestAGigabyteBeforeTheAnswer(t *testing.T) {
	if sockets.Race {
		t.Skip("too many bytes for the race detector")
	}
	sockets.Clean(t)
	const size = 1e9
	stock := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ignored\n") })
	for name, handler := range map[string]server.Handler{"native": nil, "stock": nethttp.Handler(stock)} {
		t.Run(name, func(t *testing.T) {
			live := sockets.Serve(t, &server.Server{Handler: handler, Log: slog.New(slog.DiscardHandler)})
			c := sockets.Dial(t, live.Addr)
			c.Send(size, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", int64(size))
			if res := c.WantAnswer("POST", 200, "ignored\n"); !res.Close {
				t.Error("the response does not say close")
			}
			c.WantEnd()
			c.Close()
		})
	}
}
