// The minimum rates to the millisecond, in fake time: who is only slow, or thinks, loses nothing.

package live_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// inFakeTime runs a handler and a client on the kit's network, whose connections are as it makes them, or bare. The client
// reads nothing until it is asked what it has read. The channel has what the handler returned.
func inFakeTime(t *testing.T, handler server.HandlerFunc, client func(c *servertest.Client, result <-chan error)) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"as it is": nil, "bare": servertest.BareConn} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				result := make(chan error, 9)
				l := servertest.Listen()
				on := net.Listener(l)
				if wrap != nil {
					on = servertest.Wrap(l, wrap)
				}
				srv := &server.Server{Limits: rateLimits, Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
					err := handler(w, r)
					result <- err
					return err
				})}
				served := make(chan error)
				go func() { served <- srv.Serve(on) }()
				nc, err := l.Dial()
				if err != nil {
					t.Fatal(err)
				}
				c := servertest.NewLateClient(t, nc)
				c.Timeout = time.Minute
				client(c, result)
				c.Close()
				srv.Close()
				<-served
			})
		})
	}
}

// A stalled upload is over when the grace is, and not earlier.
func TestStalledUploadInFakeTime(t *testing.T) {
	inFakeTime(t, readAtRate, func(c *servertest.Client, result <-chan error) {
		began := time.Now()
		c.Send(ratePost + "0123456789")
		err := <-result
		if took := time.Since(began); !errors.Is(err, conn.ErrMinRate) || took < rateLimits.RateGrace || took > rateLimits.RateGrace+50*time.Millisecond {
			t.Errorf("the handler read %v after %v", err, took)
		}
		if res := c.ReadResponseTo("POST"); res.Status != 408 {
			t.Errorf("the answer is a %d", res.Status)
		}
	})
}

// So is a download of which nothing is taken.
func TestStalledDownloadInFakeTime(t *testing.T) {
	inFakeTime(t, func(w *server.Response, r *server.Request) error {
		return sockets.WriteX(w, 100e6, 64<<10, false)
	}, func(c *servertest.Client, result <-chan error) {
		began := time.Now()
		c.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		err := <-result
		if took := time.Since(began); !errors.Is(err, conn.ErrMinRate) || took < rateLimits.RateGrace || took > 5*rateLimits.RateGrace {
			t.Errorf("the handler wrote with %v after %v", err, took)
		}
	})
}

// A client at twice the rate, for many times the grace.
func TestSlowButFastEnough(t *testing.T) {
	inFakeTime(t, readAtRate, func(c *servertest.Client, result <-chan error) {
		c.Send(ratePost)
		for range 20 { // 500 bytes per second
			time.Sleep(100 * time.Millisecond)
			c.SendBody(50)
		}
		wantKept(t, c, result)
	})
}

// A handler that thinks is not taken for a slow client.
func TestThinkingHandler(t *testing.T) {
	inFakeTime(t, func(w *server.Response, r *server.Request) error {
		for range 4 {
			time.Sleep(time.Hour)
			if _, err := io.CopyN(io.Discard, r.Body, 250); err != nil {
				return err
			}
		}
		return nil
	}, func(c *servertest.Client, result <-chan error) {
		c.Timeout = 5 * time.Hour
		c.Send(ratePost)
		c.SendBody(1000)
		wantKept(t, c, result)
	})
}

// A handler turns the rate off, for its own exchange only.
func TestReadRateTurnedOff(t *testing.T) {
	inFakeTime(t, func(w *server.Response, r *server.Request) error {
		if r.Number() == 1 {
			r.SetMinReadRate(0)
		}
		return readAtRate(w, r)
	}, func(c *servertest.Client, result <-chan error) {
		c.Send(ratePost)
		c.SendBody(10)
		time.Sleep(20 * time.Second)
		c.SendBody(990)
		wantKept(t, c, result)
		c.Send(ratePost)
		c.SendBody(10)
		if err := <-result; !errors.Is(err, conn.ErrMinRate) {
			t.Errorf("the next handler read %v", err)
		}
	})
}

func TestWriteRateTurnedOff(t *testing.T) {
	const size = 3_000_000
	inFakeTime(t, func(w *server.Response, r *server.Request) error {
		w.SetMinWriteRate(0)
		return sockets.WriteX(w, size, 64<<10, false)
	}, func(c *servertest.Client, result <-chan error) {
		c.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(20 * time.Second)
		if res := c.ReadResponse(); res.Size != size {
			t.Errorf("%d bytes", res.Size)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// wantKept checks that an upload was read whole and answered, and that the connection goes on.
func wantKept(t *testing.T, c *servertest.Client, result <-chan error) {
	t.Helper()
	if err := <-result; err != nil {
		t.Errorf("the handler read %v", err)
	}
	if res := c.ReadResponseTo("POST"); res.Status != 200 || strings.EqualFold(res.Get("Connection"), "close") {
		t.Errorf("the answer is a %d", res.Status)
	}
}
