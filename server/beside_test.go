// What another goroutine may do to an exchange, at any time: it waits for nothing, it costs no other exchange anything, and
// it ends what it was meant to end.

package server_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// A Write waits for a client that reads nothing. Whoever sets its deadline or its rate, or aborts it, does not wait, and
// frees it: at once, or when the grace is over.
func TestStalledWriteIsFreedFromOutside(t *testing.T) {
	past := func(w *server.Response) error { return w.SetWriteDeadline(time.Now()) }
	for name, test := range map[string]struct {
		free  func(w *server.Response) error
		takes time.Duration
		is    error
	}{
		"deadline":      {past, 0, os.ErrDeadlineExceeded},
		"late deadline": {func(w *server.Response) error { return w.SetWriteDeadline(time.Now().Add(time.Second)) }, time.Second, os.ErrDeadlineExceeded},
		"rate":          {func(w *server.Response) error { return w.SetMinWriteRate(1 << 30) }, 5 * time.Second, conn.ErrMinRate},
		"abort":         {(*server.Response).Abort, 0, net.ErrClosed},
		"twice":         {func(w *server.Response) error { err := past(w); past(w); return err }, 0, os.ErrDeadlineExceeded}, // the first may have ended it
	} {
		for _, bare := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var failed chan error
				var lent chan *server.Response
				srv := &server.Server{Limits: server.Limits{MinWriteRate: -1}, Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
					lent <- w
					_, err := w.Write(make([]byte, 10<<20))
					failed <- err
					return err
				})}
				wrap := servertest.BareConn
				if !bare {
					wrap = nil
				}
				inBubble(t, wrap, srv, func(b *bubble) {
					failed, lent = make(chan error, 1), make(chan *server.Response, 1)
					io.WriteString(b.dial(), get)
					w := <-lent
					time.Sleep(time.Hour)
					began := time.Now()
					if err := test.free(w); err != nil || time.Since(began) > 0 {
						t.Errorf("it returned %v after %v", err, time.Since(began))
					}
					if err := <-failed; !errors.Is(err, test.is) || time.Since(began).Round(10*time.Millisecond) != test.takes {
						t.Errorf("the write met %v after %v", err, time.Since(began))
					}
					<-b.ends
					if test.free(w) != conn.ErrEnded {
						t.Error("it did something to an exchange that has ended")
					}
				})
			})
		}
	}
}
