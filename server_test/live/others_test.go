// What happens beside an exchange costs it nothing: other clients' floods, other goroutines' deadlines. And what a handler
// has done is seen by its client, also by the race detector.

package live_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// A client that is alone has its turn, although others have sent requests that are waiting all the time, on one processor
// too. What is counted is how many exchanges in a row one connection has: time would say more of the machine, and so would
// how often the scheduler passes by.
func TestLoneRequestBesideAFlood(t *testing.T) {
	const flooders, asks, inARow = 100, 10, 128
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	sockets.Clean(t)
	var served, turns, latest atomic.Int64
	live := sockets.Serve(t, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if served.Add(1); latest.Swap(r.ConnID()) != r.ConnID() {
			turns.Add(1)
		}
		_, err := w.WriteString("hello")
		return err
	})})
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	many := []byte(strings.Repeat(request, 1000))
	lone := sockets.Dial(t, live.Addr)
	var crowd [flooders]net.Conn // which has connected before any of it sends
	for i := range crowd {
		crowd[i] = sockets.Dial(t, live.Addr).Conn
	}
	var over sync.WaitGroup
	for _, nc := range crowd {
		over.Go(func() { io.Copy(io.Discard, nc) })
		over.Go(func() {
			for {
				if _, err := nc.Write(many); err != nil {
					return
				}
			}
		})
	}
	for range asks {
		lone.Send(0, request)
		lone.WantAnswer("GET", 200, "hello")
	}
	live.Close()
	over.Wait()
	mean := float64(served.Load()) / float64(turns.Load())
	t.Logf("%d exchanges in %d turns: %.0f in a row", served.Load(), turns.Load(), mean)
	if mean > 1.5*inARow { // a turn may end early, or be followed by another of the same connection
		t.Errorf("a connection had %.0f exchanges in a row, want about %d", mean, inARow)
	}
}

// A goroutine that an exchange has left behind goes on setting its deadlines: the connection is kept all the same.
func TestDeadlinesInALoopLoseNoConnection(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		var loops sync.WaitGroup
		live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			loops.Go(func() {
				at := time.Now()
				for r.SetReadDeadline(at) == nil && r.SetMinReadRate(1<<40) == nil {
					if at = time.Now().Add(time.Hour); r.Number()%2 == 0 {
						at = time.Now() // is over: but this exchange has no content
					}
					w.SetWriteDeadline(time.Now().Add(time.Hour))
					runtime.Gosched()
				}
			})
			_, err := fmt.Fprint(w, r.Number())
			return err
		})})
		c := live.Dial(t)
		for n := 1; n <= 300; n++ {
			c.Send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			c.WantAnswer("GET", 200, fmt.Sprint(n))
		}
		loops.Wait() // each has met the end of its exchange
	})
}

// What an ordinary test does: a handler sets a variable, and who has its response reads it; and the client sets what the
// handler reads. The race detector must see what orders them.
func TestResponsesOrderWhatWasDoneBefore(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		var asked, done, big int
		live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			done += asked
			n, err := io.Copy(io.Discard, r.Body)
			big += int(n)
			if err == nil {
				err = sockets.WriteX(w, int64(asked), 64<<10, false)
			}
			return err
		})})
		c := live.Dial(t)
		sum, sent := 0, 0
		for _, n := range []int{1, 5000, 200_000, 3} {
			asked = n
			c.Send(int64(n), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", n)
			c.WantAnswer("POST", 200, "")
			sum, sent = sum+n, sent+n
			if done != sum || big != sent {
				t.Errorf("done %d, want %d; received %d, want %d", done, sum, big, sent)
			}
		}
		if over.Name != sockets.Plain {
			return
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for n := range 10 {
			asked, done = n, 0
			res, err := client.Get("http://" + live.Addr)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if done != n {
				t.Errorf("done %d, want %d", done, n)
			}
		}
	})
}

// Who only polls the context's error sees the client go.
func TestContextThatIsPolled(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		gone, asked := make(chan bool), make(chan bool)
		live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			close(asked)
			for end := time.Now().Add(sockets.Patience); r.Context().Err() == nil && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			gone <- r.Context().Err() != nil
			return nil
		})})
		c := live.Dial(t)
		c.Send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		<-asked
		c.Close()
		if !<-gone {
			t.Error("the handler has seen no end")
		}
	})
}

// A client that has sent its content and closed its direction is there while a handler reads that content, and gone then.
func TestHalfClosedClientIsReadToItsEnd(t *testing.T) {
	const size = 200_000
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		result := make(chan error, 1)
		live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			ctx := r.Context()
			ctx.Done()
			err := error(nil)
			for buf := make([]byte, size/20); err == nil; {
				_, err = io.ReadFull(r.Body, buf)
				if ctx.Err() != nil && r.Body.Remaining() > 0 {
					err = errors.New("cancelled inside the content")
				}
				time.Sleep(10 * time.Millisecond)
			}
			if err == io.EOF {
				err = untilGone(r, sockets.Patience)
			}
			result <- err
			return nil
		})})
		c := live.Dial(t)
		half, ok := c.Conn.(interface{ CloseWrite() error })
		if !ok {
			t.Skip("the client cannot close its direction")
		}
		c.Send(size, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
		if err := half.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if err := sockets.Result(t, result); err == nil || !strings.Contains(err.Error(), "context canceled") {
			t.Error(err)
		}
	})
}

// Errors of a connection name the operation and the addresses, as package net's do.
func TestErrorsNameTheConnection(t *testing.T) {
	sockets.Clean(t)
	result := make(chan error, 2)
	live := sockets.Serve(t, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		result <- err
		for err = nil; err == nil; {
			_, err = w.Write(make([]byte, 64<<10))
		}
		result <- err
		return err
	})})
	c := sockets.Dial(t, live.Addr)
	c.Send(10, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
	from := c.LocalAddr().String()
	time.AfterFunc(50*time.Millisecond, func() { c.Reset() })
	for _, op := range []string{"read", "write"} {
		err := sockets.Result(t, result)
		want := fmt.Sprintf(" tcp %s->%s: ", live.Addr, from)
		var named *net.OpError
		if !errors.As(err, &named) || !strings.HasPrefix(named.Op, op) || !strings.Contains(err.Error(), want) { // or writev
			t.Errorf("%v does not have %q", err, op+want)
		}
	}
}
