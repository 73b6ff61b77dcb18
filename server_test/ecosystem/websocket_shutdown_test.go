// WebSockets when the server is shut down.

package ecosystem

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gorilla "github.com/gorilla/websocket"
)

// ownGoroutines returns the stacks of the goroutines that run spillway's code.
func ownGoroutines() (own []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		for _, name := range []string{"server.", "server/nethttp.", "conn.", "body."} {
			if strings.Contains(stack, "github.com/spillway-go/spillway/"+name) {
				own = append(own, stack)
				break
			}
		}
	}
	return own
}

// A shutdown does not wait for hijacked connections, nor end them. When they end, nothing is left.
func TestWebSocketShutdown(t *testing.T) {
	for _, server := range webSocketServers {
		for _, e := range []engine{stock, spillway} {
			t.Run(server.name+" on "+e.name, func(t *testing.T) {
				eventually(t, "what ran before has ended", func() bool { return len(ownGoroutines()) == 0 })
				said := make(chan string, 100)
				srv := e.server(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					server.echo(w, r, func(s string) { said <- s })
				})})
				l := loopback(t)
				served := make(chan error, 1)
				go func() { served <- srv.Serve(l) }()
				url := "ws://" + l.Addr().String()
				const n = 20
				var clients [n]*gorilla.Conn
				for i := range clients {
					c, _, err := gorilla.DefaultDialer.DialContext(t.Context(), url, nil)
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					clients[i] = c
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := srv.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if err := receive(t, "Serve returns", served); err != http.ErrServerClosed {
					t.Errorf("Serve: %v", err)
				}
				for i, c := range clients {
					c.SetReadDeadline(time.Now().Add(patience))
					c.WriteMessage(gorilla.TextMessage, []byte("still here"))
					if _, got, err := c.ReadMessage(); string(got) != "still here" || err != nil {
						t.Fatalf("%q, %v", got, err)
					}
					if i%2 == 0 {
						c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(1000, ""), time.Now().Add(patience))
						c.ReadMessage()
					}
					c.Close()
				}
				ends := map[string]int{}
				for range n {
					ends[receive(t, "a server says something", said)]++
				}
				if want := map[string]int{`closed 1000 ""`: n / 2, "cut": n / 2}; !cmp.Equal(ends, want) {
					t.Errorf("%v, want %v", ends, want)
				}
				eventually(t, "all goroutines have ended", func() bool { return len(ownGoroutines()) == 0 })
			})
		}
	}
}
