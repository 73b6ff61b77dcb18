// Clients that are slower than the minimum rates allow, and those that are only slow.

package live_test

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// A client that sends too little content, and one that takes too little of the response, end their exchange after the
// grace, and the handler is told. A handler that thinks is not taken for a slow client, and a rate can be turned off.
func TestMinimumRates(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		if over.NoDeadlines {
			t.Skip("its deadlines do not work")
		}
		minimumRates(t, over)
	})
}

func minimumRates(t *testing.T, over servertest.Carrier) {
	limits := server.Limits{RateGrace: 300 * time.Millisecond}
	read := func(w *server.Response, r *server.Request) error {
		n, err := io.Copy(io.Discard, r.Body)
		var slow *body.SlowError
		if err != nil && (!errors.As(err, &slow) || slow.Got != n || slow.Want != 1000) {
			return errors.Join(errors.New("not a SlowError with the right counts"), err)
		}
		return err
	}
	const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
	t.Run("stalled upload", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, limits, read)
		c := live.Dial(t)
		began := time.Now()
		c.Send(10, post)
		c.WantAnswer("POST", 408, "")
		live.WantEndOf(c)
		took := time.Since(began)
		if err := sockets.Result(t, result); !errors.Is(err, conn.ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler read %v", err)
		}
		if took < 300*time.Millisecond || took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("trickling upload", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, limits, read)
		c := live.Dial(t)
		c.Send(0, post)
		go func() {
			for c := c.Conn; ; time.Sleep(20 * time.Millisecond) { // 50 bytes per second
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		c.WantAnswer("POST", 408, "")
		if err := sockets.Result(t, result); !errors.Is(err, conn.ErrMinRate) {
			t.Errorf("the handler read %v", err)
		}
		c.Close()
	})
	t.Run("stalled download", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, limits, func(w *server.Response, r *server.Request) error {
			return sockets.WriteX(w, 100e6, 64<<10, false)
		})
		c := live.Dial(t)
		began := time.Now()
		c.Send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if err := sockets.Result(t, result); !errors.Is(err, conn.ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler wrote with %v", err)
		}
		if took := time.Since(began); took < 300*time.Millisecond || took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, e := range live.WaitEvents(t, int(conn.EventClosed), 1, 3*time.Second) {
			if e.Reason != conn.ReasonWriteFailed {
				t.Errorf("ended with %v", e)
			}
		}
		if _, _, err := sockets.Answer(c.In, "GET"); err == nil {
			t.Error("the client takes the response for a whole one")
		}
	})
	if over.Name != sockets.Plain {
		return // the rest takes long, and says little of the connection
	}
	t.Run("slow but fast enough", func(t *testing.T) {
		t.Parallel()
		patient := limits
		patient.RateGrace = 1500 * time.Millisecond // shorter than it all takes, and longer than a busy machine stands still
		live, result := sockets.Handle(t, over, patient, read)
		c := live.Dial(t)
		c.Send(0, post)
		for range 20 { // about 500 bytes per second
			time.Sleep(100 * time.Millisecond)
			c.Send(50, "")
		}
		c.WantAnswer("POST", 200, "")
		if err := sockets.Result(t, result); err != nil {
			t.Error(err)
		}
	})
	t.Run("thinking handler", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, limits, func(w *server.Response, r *server.Request) error {
			for range 4 {
				time.Sleep(200 * time.Millisecond)
				if _, err := io.CopyN(io.Discard, r.Body, 250); err != nil {
					return err
				}
			}
			return nil
		})
		c := live.Dial(t)
		c.Send(1000, post)
		c.WantAnswer("POST", 200, "")
		if err := sockets.Result(t, result); err != nil {
			t.Error(err)
		}
	})
	t.Run("turned off", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, limits, func(w *server.Response, r *server.Request) error {
			r.SetMinReadRate(0)
			return read(w, r)
		})
		c := live.Dial(t)
		c.Send(10, post)
		time.Sleep(700 * time.Millisecond)
		c.Send(990, "")
		c.WantAnswer("POST", 200, "")
		if err := sockets.Result(t, result); err != nil {
			t.Error(err)
		}
		c.Send(10, post) // the next exchange has it again only if its handler wants it so
		c.Close()
		sockets.Result(t, result)
	})
	t.Run("download with the rate turned off", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, limits, func(w *server.Response, r *server.Request) error {
			w.SetMinWriteRate(0)
			return sockets.WriteX(w, 30e6, 64<<10, false)
		})
		c := live.Dial(t)
		c.Send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(900 * time.Millisecond)
		if _, content := c.Answer("GET"); len(content) != 30e6 {
			t.Errorf("%d bytes", len(content))
		}
		if err := sockets.Result(t, result); err != nil {
			t.Error(err)
		}
	})
}
