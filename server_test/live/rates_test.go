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
// grace, and the handler is told.
func TestMinimumRates(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		if over.NoDeadlines {
			t.Skip("its deadlines do not work")
		}
		minimumRates(t, over)
	})
}

// rateLimits have a grace that real clients can wait for.
var rateLimits = server.Limits{RateGrace: 300 * time.Millisecond}

// readAtRate reads the content. An error must be a *SlowError that counts right.
func readAtRate(w *server.Response, r *server.Request) error {
	n, err := io.Copy(io.Discard, r.Body)
	var slow *body.SlowError
	if err != nil && (!errors.As(err, &slow) || slow.Got != n || slow.Want != 1000) {
		return errors.Join(errors.New("not a SlowError with the right counts"), err)
	}
	return err
}

const ratePost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"

func minimumRates(t *testing.T, over servertest.Carrier) {
	t.Run("stalled upload", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, rateLimits, readAtRate)
		c := live.Dial(t)
		began := time.Now()
		c.Send(10, ratePost)
		c.WantAnswer("POST", 408, "")
		live.WantEndOf(c)
		took := time.Since(began)
		if err := sockets.Result(t, result); !errors.Is(err, conn.ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler read %v", err)
		}
		if took < 300*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("trickling upload", func(t *testing.T) {
		t.Parallel()
		live, result := sockets.Handle(t, over, rateLimits, readAtRate)
		c := live.Dial(t)
		c.Send(0, ratePost)
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
		live, result := sockets.Handle(t, over, rateLimits, func(w *server.Response, r *server.Request) error {
			return sockets.WriteX(w, 100e6, 64<<10, false)
		})
		c := live.Dial(t)
		began := time.Now()
		c.Send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if err := sockets.Result(t, result); !errors.Is(err, conn.ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler wrote with %v", err)
		}
		if took := time.Since(began); took < 300*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		for _, e := range live.WaitEvents(t, int(conn.EventClosed), 1) {
			if e.Reason != conn.ReasonWriteFailed {
				t.Errorf("ended with %v", e)
			}
		}
		if _, _, err := sockets.Answer(c.In, "GET"); err == nil {
			t.Error("the client takes the response for a whole one")
		}
	})
}
