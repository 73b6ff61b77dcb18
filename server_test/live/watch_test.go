// Handlers that watch their client, on connections of every kind.

package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// A client gets the response of a handler that has watched it before it sends anything more, also where the read that watches
// cannot be interrupted; and what that read brings is the next request.
func TestWatchedClientsAreAnsweredAtOnce(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			r.Context().Done()
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, "%s, %d bytes, number %d", r.RawPath, n, r.Number())
			return err
		})})
		c := live.Dial(t)
		for i := 1; i < 10; i += 2 {
			c.Send(0, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
			c.WantAnswer("GET", 200, fmt.Sprintf("/a, 0 bytes, number %d", i))
			c.Send(1000, "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
			c.WantAnswer("POST", 200, fmt.Sprintf("/b, 1000 bytes, number %d", i+1))
		}
		c.Close()
	})
}

// Who only polls the context's Err is told that the client has gone.
func TestPolledContext(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, how := range []string{"close", "reset"} {
			t.Run(how, func(t *testing.T) {
				polls := make(chan bool, 1)
				live, result := sockets.Handle(t, over, server.Limits{}, func(w *server.Response, r *server.Request) error {
					for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
						if err := r.Context().Err(); err != nil {
							return err
						}
						select {
						case polls <- true:
						default:
						}
					}
					return errNotGone
				})
				c := live.Dial(t)
				c.Send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				<-polls
				if how != "reset" || !c.Reset() {
					c.Close()
				}
				if err := sockets.Result(t, result); err != context.Canceled {
					t.Errorf("got %v", err)
				}
			})
		}
	})
}

// Content that a client has sent before it closed its sending side can be read before the context is cancelled.
func TestContextWaitsForTheContentOfAHalfClosedClient(t *testing.T) {
	const size = 200e3
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		live, result := sockets.Handle(t, over, server.Limits{}, func(w *server.Response, r *server.Request) error {
			ctx, n := r.Context(), 0
			ctx.Done()
			for p := make([]byte, 10e3); ; time.Sleep(time.Millisecond) {
				m, err := r.Body.Read(p)
				n += m
				switch {
				case err == io.EOF && n == size:
					return untilGone(r, 5*time.Second)
				case err != nil:
					return fmt.Errorf("after %d bytes: %w", n, err)
				case n < size && ctx.Err() != nil:
					return fmt.Errorf("cancelled after %d bytes", n)
				}
			}
		})
		c := live.Dial(t)
		half, ok := c.Conn.(interface{ CloseWrite() error })
		if !ok {
			t.Skip("the client cannot close one direction")
		}
		c.Send(size, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", int(size))
		if err := half.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if err := sockets.Result(t, result); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		c.Close()
	})
}
