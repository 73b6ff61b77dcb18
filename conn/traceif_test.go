// Whoever stops listening is told nothing more, and costs nothing more; who listens again hears of the next request.

package conn_test

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spillway-go/spillway/conn"
)

func TestTraceIf(t *testing.T) {
	var wanted atomic.Bool
	var mu sync.Mutex
	var told []string
	cfg := conn.Share(conn.Config{
		Handler: conn.HandlerFunc(func(w *conn.Response, r *conn.Request) error { return w.SetStatus(204) }),
		Trace: func(e conn.Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, strings.Fields(e.String())[2]+" "+e.Target)
		},
		TraceIf: wanted.Load,
	})
	defer cfg.Close()
	client, server := net.Pipe()
	ended := make(chan conn.Reason, 1)
	go func() { ended <- conn.New(server, cfg, 1).Serve() }()
	ask := func(target string) {
		t.Helper()
		if _, err := io.WriteString(client, "GET "+target+" HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		for buf, all := make([]byte, 1), ""; !strings.HasSuffix(all, "\r\n\r\n"); all += string(buf) {
			if _, err := io.ReadFull(client, buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask("/unheard")
	wanted.Store(true)
	ask("/heard")
	wanted.Store(false)
	ask("/unheard-again")
	client.Close()
	if why := <-ended; why != conn.ReasonClientClosed {
		t.Errorf("the connection ended for %v", why)
	}
	want := []string{"exchange /heard", "exchange /heard", "exchange /heard"} // its head, its response, its end
	if !slices.Equal(told, want) {
		t.Errorf("told were %q, want %q", told, want)
	}
}
