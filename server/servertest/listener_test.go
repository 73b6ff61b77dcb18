// Law of this file: no dialed connection is lost: it is accepted, or it is reset.

package servertest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/servertest"
)

func TestListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen(servertest.Link{Delay: time.Second})
		dial := func() end {
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			return end{c, t}
		}
		first, second := dial(), dial()
		first.sends("before Accept")
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s := end{nc.(*servertest.Conn), t}
		s.reads("before Accept")
		if got := s.RemoteAddr().String() + " " + second.LocalAddr().String() + " " + second.RemoteAddr().String() + " " +
			l.Addr().String(); got != "192.0.2.2:49152 192.0.2.2:49153 192.0.2.1:80 192.0.2.1:80" {
			t.Error("addresses:", got)
		}
		first.SetAddr(&net.UnixAddr{Name: "other", Net: "unix"})
		if got := s.RemoteAddr().String(); got != "other" {
			t.Error("set address:", got)
		}

		if err := l.Close(); err != nil {
			t.Error(err)
		}
		second.readFails(syscall.ECONNRESET)
		s.sends("accepted ones live on")
		first.reads("accepted ones live on")
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Error("second Close:", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error("Accept after Close:", err)
		}
		if _, err := l.Dial(); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error("Dial after Close:", err)
		}
		if c, err := l.DialContext(t.Context(), "tcp", "x"); c != nil || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error("DialContext after Close:", c, err)
		}
	})
}

func TestAcceptBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen()
		accepted := make(chan error)
		go func() {
			for {
				_, err := l.Accept()
				accepted <- err
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(time.Hour)
		l.Dial()
		if err := <-accepted; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		l.Close()
		if err := <-accepted; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestDialContext(t *testing.T) {
	l := servertest.Listen()
	defer l.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := l.DialContext(gone, "tcp", "x"); c != nil || !errors.Is(err, context.Canceled) {
		t.Error(c, err)
	}
}

// Somebody else's client and server talk over it, in fake time.
func TestNetHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen(servertest.Link{Delay: time.Second})
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			w.Write(b)
		})}
		go srv.Serve(l)
		tr := &http.Transport{DialContext: l.DialContext}
		start := time.Now()
		for range 2 {
			req, _ := http.NewRequest("POST", "http://example.test/", io.LimitReader(zeros{}, 100_000))
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, resp.Body); n != 100_000 || err != nil {
				t.Fatal(n, err)
			}
			resp.Body.Close()
		}
		if d := time.Since(start); d < 4*time.Second {
			t.Error("two exchanges took", d)
		}
		tr.CloseIdleConnections()
		srv.Close()
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
