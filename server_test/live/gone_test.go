// Clients that go, or that hold the server up, and what a handler is told of them; and what it may decide for itself.

package live_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// errNotGone says that the context was not cancelled in time.
var errNotGone = errors.New("not gone")

func untilGone(r *server.Request, wait time.Duration) error {
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-time.After(wait):
		return errNotGone
	}
}

// The context is cancelled when the client closes or resets, whatever of its bytes is unread; and not while it lives.
func TestContextFollowsTheClient(t *testing.T) {
	const get, post = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, test := range []struct {
			name   string
			send   string
			behind int64 // bytes of filler that nobody reads
		}{
			{"nothing unread", get, 0},
			{"pipelined requests", get + get + get, 0},
			{"much pipelined", get, 60e3},
			{"too much pipelined", get, 1e6},
			{"unread content", post, 1000},
			{"much unread content", post, 60e3},
			{"too much unread content", post, 300e3},
		} {
			for _, how := range []string{"close", "reset", "stay"} {
				if !seesGone(over, test.behind, how) {
					continue
				}
				t.Run(test.name+"/"+how, func(t *testing.T) {
					t.Parallel()
					want, wait := context.Canceled, 5*time.Second
					if how == "stay" {
						want, wait = errNotGone, 300*time.Millisecond
					}
					result := make(chan error, 10)
					live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
						err := untilGone(r, wait)
						result <- err
						return conn.ErrAbort
					})})
					c := live.Dial(t)
					sent := make(chan bool)
					go func() {
						defer close(sent)
						sockets.Send(c.Conn, test.behind, "%s", test.send)
					}()
					if how != "stay" {
						time.Sleep(50 * time.Millisecond) // what is sent may wait in the client until it closes
						if how != "reset" || !c.Reset() {
							c.Close()
						}
					}
					if got := sockets.Result(t, result); got != want {
						t.Errorf("got %v, want %v", got, want)
					}
					c.Close()
					<-sent
				})
			}
		}
	})
}

// seesGone reports whether a server can see that its client has gone behind so many bytes that it does not read: a close
// waits behind what does not fit the system's buffers, and where the system does not tell of it by itself, behind what has
// not been read. That a client stays is seen often enough with little.
func seesGone(over servertest.Carrier, unread int64, how string) bool {
	if how == "stay" {
		return unread <= 1000
	}
	return unread <= 60e3 || how == "reset" && over.Name == sockets.Plain && sockets.Parks
}

// A handler sets its own limits, for its own exchange only.
func TestPolicyOfAnExchange(t *testing.T) { sockets.Each(t, policyOfAnExchange) }

// anHour is longer than any client here waits: what ends sooner has been ended by the handler's own limits.
var anHour = server.Limits{DrainTimeout: time.Hour, RateGrace: time.Hour}

func policyOfAnExchange(t *testing.T, over servertest.Carrier) {
	live, result := sockets.Handle(t, over, anHour, func(w *server.Response, r *server.Request) error {
		switch r.RawPath {
		case "/limit":
			r.Body.Limit(100)
			_, err := io.Copy(io.Discard, r.Body)
			return err
		case "/refuse":
			r.SetDrain(0, 0)
		case "/drain":
			r.SetDrain(2e6, 5*time.Second)
		case "/drain-briefly":
			r.SetDrain(2e6, 200*time.Millisecond)
		case "/read-deadline":
			r.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			_, err := io.Copy(io.Discard, r.Body)
			return err
		case "/write-deadline":
			w.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
			return sockets.WriteX(w, 100e6, 64<<10, false)
		}
		return nil
	})
	for _, test := range []struct {
		path        string
		size, sends int64
		status      int
		kept        bool
	}{
		{"/limit", 100, 100, 200, true},
		{"/limit", 101, 101, 413, true},
		{"/limit", 1e6, 1e6, 413, false},
		{"/none", 1000, 1000, 200, true},
		{"/refuse", 1000, 1000, 200, false},
		{"/drain", 1e6, 1e6, 200, true},
		{"/drain", 3e6, 3e6, 200, false},
		{"/drain-briefly", 1000, 10, 200, false},
		{"/read-deadline", 1000, 10, 408, false},
	} {
		t.Run(test.path[1:], func(t *testing.T) {
			if over.NoDeadlines && test.status == 408 {
				t.Skip("the read that the handler gives up cannot be ended without the connection")
			}
			c := live.Dial(t)
			defer c.Close()
			began := time.Now()
			c.Send(test.sends, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", test.path, test.size)
			c.WantAnswer("POST", test.status, "")
			sockets.Result(t, result)
			if !test.kept {
				live.WantEndOf(c)
			} else {
				c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
				c.WantAnswer("GET", 200, "Hello, World!")
			}
			took := time.Since(began)
			soon := took < 200*time.Millisecond && !over.NoHalfClose // where there is an end to wait for
			if test.sends < test.size && soon {
				t.Errorf("it took %v", took)
			}
		})
	}
	c := live.Dial(t)
	c.Send(0, "GET /write-deadline HTTP/1.1\r\nHost: a\r\n\r\n")
	if err := sockets.Result(t, result); !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, conn.ErrMinRate) {
		t.Errorf("a write met %v", err)
	}
}

// What was read ahead does not come in time because it is there: the time for the content is over for it too.
func TestReadTimeoutHoldsWhileReadingAhead(t *testing.T) {
	for _, framing := range []string{"Content-Length: 1000000000", "Transfer-Encoding: chunked"} {
		t.Run(framing, func(t *testing.T) {
			sockets.Clean(t)
			result := make(chan error, 1)
			srv := &server.Server{NoPark: true} // so that the connection reads ahead to see the client go
			srv.Limits.ReadTimeout = 500 * time.Millisecond
			srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
				r.Context().Done()
				buf := make([]byte, 4<<10)
				for {
					if _, err := r.Body.Read(buf); err != nil {
						result <- err
						return err
					}
					time.Sleep(time.Millisecond)
				}
			})
			live := sockets.Serve(t, srv)
			c := sockets.Dial(t, live.Addr)
			go func() {
				err := sockets.Send(c.Conn, 0, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", framing)
				for err == nil {
					if strings.HasPrefix(framing, "T") {
						err = sockets.Send(c.Conn, 100, "64\r\n")
					}
					if err == nil {
						err = sockets.Send(c.Conn, 0, "\r\n")
					}
				}
			}()
			var slow *body.SlowError // without the limit the content would come for minutes
			if err := sockets.Result(t, result); !errors.As(err, &slow) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the handler read %v", err)
			}
			c.WantAnswer("POST", 408, "")
			c.Close()
		})
	}
}

// A handler that writes much before it reads, to a client that writes all before it reads: what fits is held for the
// handler, and the exchange is whole.
func TestContentIsHeldWhileTheResponseStalls(t *testing.T) {
	sockets.Clean(t)
	live, result := sockets.Handle(t, sockets.Plainly, server.Limits{DrainBytes: 1 << 20}, func(w *server.Response, r *server.Request) error {
		w.Set("Content-Length", "20000000")
		if err := sockets.WriteX(w, 20e6, 64<<10, false); err != nil {
			return err
		}
		text, err := io.ReadAll(r.Body)
		if err == nil && string(text) != string(sockets.Filler)+string(sockets.Filler)+string(sockets.Filler) {
			err = errors.New("the content is another")
		}
		return err
	})
	nc, err := net.Dial("tcp", live.Addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.(*net.TCPConn).SetReadBuffer(32 << 10)
	nc.(*net.TCPConn).SetWriteBuffer(16 << 10)
	c := sockets.On(t, nc)
	n := int64(3 * len(sockets.Filler))
	for range 3 {
		c.Send(n, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", n)
		if _, content := c.Answer("POST"); len(content) != 20e6 {
			t.Fatalf("%d bytes", len(content))
		}
		if err := sockets.Result(t, result); err != nil {
			t.Fatal(err)
		}
	}
}

// More than fits is given up: the response arrives, and reads of the content fail with an error that says so.
func TestContentIsGivenUpWhileTheResponseStalls(t *testing.T) {
	sockets.Clean(t)
	for _, framing := range []string{"fixed", "chunked"} {
		t.Run(framing, func(t *testing.T) {
			lim := server.Limits{StallTimeout: time.Second}
			live, result := sockets.Handle(t, sockets.Plainly, lim, func(w *server.Response, r *server.Request) error {
				w.Set("Content-Length", "20000000")
				if err := sockets.WriteX(w, 20e6, 64<<10, false); err != nil {
					return err
				}
				_, err := io.Copy(io.Discard, r.Body)
				return err
			})
			c := sockets.Dial(t, live.Addr)
			began := time.Now()
			if framing == "fixed" {
				c.Send(10e6, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
			} else {
				c.Send(0, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
				for range 100 {
					c.Send(100e3, "186a0\r\n")
					c.Send(0, "\r\n")
				}
				c.Send(0, "0\r\n\r\n")
			}
			sent := time.Since(began)
			if _, content := c.Answer("POST"); len(content) != 20e6 {
				t.Fatalf("%d bytes", len(content))
			}
			if err := sockets.Result(t, result); !errors.Is(err, body.ErrAbandoned) {
				t.Errorf("a read met %v", err)
			}
			c.WantEnd()
			c.Close()
			t.Logf("sent in %v, done in %v", sent, time.Since(began))
			for _, e := range live.WaitEvents(t, int(conn.EventSettled), 1) {
				if e.Leftover != body.LeftoverTooLong {
					t.Errorf("settled: %v", e)
				}
			}
		})
	}
}
