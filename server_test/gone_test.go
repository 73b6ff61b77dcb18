// Clients that go, or that hold the server up, and what a handler is told of them; and what it may decide for itself.

package server_test

import (
	"context"
	"crypto/tls"
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
)

// liveHandler serves with a function of which the test wants the error.
func liveHandler(t *testing.T, limits server.Limits, serve func(w *server.Response, r *server.Request) error) (*liveServer, chan error) {
	result := make(chan error, 10)
	srv := &server.Server{Limits: limits}
	srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.Path == "/plaintext" {
			return liveLab(w, r)
		}
		err := serve(w, r)
		result <- err
		return err
	})
	return liveServe(t, srv), result
}

func liveResult(t *testing.T, result chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the handler does not end")
		return nil
	}
}

// errNotGone says that the context was not cancelled in a second.
var errNotGone = errors.New("not gone")

func untilGone(_ *server.Response, r *server.Request) error {
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-time.After(time.Second):
		return errNotGone
	}
}

// The context is cancelled when the client closes or resets, whatever of its bytes is unread; and not while it lives.
func TestContextFollowsTheClient(t *testing.T) {
	pair, pool := liveCertificate(t)
	const get, post = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
	for _, test := range []struct {
		name   string
		send   string
		behind int64 // bytes of filler that nobody reads
		tls    bool
	}{
		{"nothing unread", get, 0, false},
		{"pipelined requests", get + get + get, 0, false},
		{"much pipelined", get, 60e3, false},
		{"too much pipelined", get, 1e6, false},
		{"unread content", post, 1000, false},
		{"much unread content", post, 60e3, false},
		{"too much unread content", post, 300e3, false},
		{"TLS", get, 0, true},
		{"TLS and pipelined requests", get + get + get, 0, true},
		{"TLS and unread content", post, 30e3, true},
	} {
		for _, how := range []string{"close", "reset", "stay"} {
			if strings.HasPrefix(test.name, "too much") && (how == "close" || how == "reset" && !parks) {
				continue // the close waits behind what does not fit the system's receive buffer, the reset behind what is not read
			}
			t.Run(test.name+"/"+how, func(t *testing.T) {
				liveClean(t)
				result := make(chan error, 10)
				srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
					err := untilGone(w, r)
					result <- err
					return conn.ErrAbort
				})}
				if test.tls {
					srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
				}
				live := liveServe(t, srv)
				tcp, err := net.Dial("tcp", live.addr)
				if err != nil {
					t.Fatal(err)
				}
				nc := tcp
				if test.tls {
					nc = tls.Client(tcp, &tls.Config{RootCAs: pool, ServerName: "localhost"})
				}
				c := liveOn(t, nc)
				go func() {
					liveSend(c.Conn, test.behind, "%s", test.send)
					time.Sleep(100 * time.Millisecond)
					switch how {
					case "reset":
						tcp.(*net.TCPConn).SetLinger(0)
						tcp.Close()
					case "close":
						c.Close()
					}
				}()
				began := time.Now()
				got := liveResult(t, result)
				took := time.Since(began)
				want := context.Canceled
				if how == "stay" {
					want = errNotGone
				} else if took > 700*time.Millisecond {
					t.Errorf("cancelled after %v", took)
				}
				if got != want {
					t.Errorf("got %v, want %v", got, want)
				}
				c.Close()
			})
		}
	}
}

// A client that sends too little content, and one that takes too little of the response, end their exchange after the
// grace, and the handler is told. A handler that thinks is not taken for a slow client, and a rate can be turned off.
func TestMinimumRates(t *testing.T) {
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
		liveClean(t)
		live, result := liveHandler(t, limits, read)
		c := liveDial(t, live.addr)
		began := time.Now()
		c.send(10, post)
		c.wantAnswer("POST", 408, "")
		c.wantEnd()
		took := time.Since(began)
		if err := liveResult(t, result); !errors.Is(err, conn.ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler read %v", err)
		}
		if took < 300*time.Millisecond || took > 900*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("trickling upload", func(t *testing.T) {
		liveClean(t)
		live, result := liveHandler(t, limits, read)
		c := liveDial(t, live.addr)
		c.send(0, post)
		go func() {
			for c := c.Conn; ; time.Sleep(20 * time.Millisecond) { // 50 bytes per second
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		c.wantAnswer("POST", 408, "")
		if err := liveResult(t, result); !errors.Is(err, conn.ErrMinRate) {
			t.Errorf("the handler read %v", err)
		}
		c.Close()
	})
	t.Run("slow but fast enough", func(t *testing.T) {
		liveClean(t)
		live, result := liveHandler(t, limits, read)
		c := liveDial(t, live.addr)
		c.send(0, post)
		for range 20 { // about 500 bytes per second
			time.Sleep(100 * time.Millisecond)
			c.send(50, "")
		}
		c.wantAnswer("POST", 200, "")
		if err := liveResult(t, result); err != nil {
			t.Error(err)
		}
	})
	t.Run("thinking handler", func(t *testing.T) {
		liveClean(t)
		live, result := liveHandler(t, limits, func(w *server.Response, r *server.Request) error {
			for range 4 {
				time.Sleep(200 * time.Millisecond)
				if _, err := io.CopyN(io.Discard, r.Body, 250); err != nil {
					return err
				}
			}
			return nil
		})
		c := liveDial(t, live.addr)
		c.send(1000, post)
		c.wantAnswer("POST", 200, "")
		if err := liveResult(t, result); err != nil {
			t.Error(err)
		}
	})
	t.Run("turned off", func(t *testing.T) {
		liveClean(t)
		live, result := liveHandler(t, limits, func(w *server.Response, r *server.Request) error {
			r.SetMinReadRate(0)
			return read(w, r)
		})
		c := liveDial(t, live.addr)
		c.send(10, post)
		time.Sleep(700 * time.Millisecond)
		c.send(990, "")
		c.wantAnswer("POST", 200, "")
		if err := liveResult(t, result); err != nil {
			t.Error(err)
		}
		c.send(10, post) // the next exchange has it again only if its handler wants it so
		c.Close()
		liveResult(t, result)
	})
	t.Run("stalled download", func(t *testing.T) {
		liveClean(t)
		live, result := liveHandler(t, limits, func(w *server.Response, r *server.Request) error {
			return liveWriteX(w, 100e6, 64<<10, false)
		})
		c := liveDial(t, live.addr)
		began := time.Now()
		c.send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if err := liveResult(t, result); !errors.Is(err, conn.ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler wrote with %v", err)
		}
		if took := time.Since(began); took < 300*time.Millisecond || took > 1500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		for _, e := range live.waitEvents(t, int(conn.Closed), 1, 3*time.Second) {
			if e.Reason != conn.WriteFailed {
				t.Errorf("ended with %v", e)
			}
		}
		if _, _, err := liveAnswer(c.in, "GET"); err == nil {
			t.Error("the client takes the response for a whole one")
		}
	})
	t.Run("download with the rate turned off", func(t *testing.T) {
		liveClean(t)
		live, result := liveHandler(t, limits, func(w *server.Response, r *server.Request) error {
			w.SetMinWriteRate(0)
			return liveWriteX(w, 30e6, 64<<10, false)
		})
		c := liveDial(t, live.addr)
		c.send(0, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(900 * time.Millisecond)
		if _, content := c.answer("GET"); len(content) != 30e6 {
			t.Errorf("%d bytes", len(content))
		}
		if err := liveResult(t, result); err != nil {
			t.Error(err)
		}
	})
}

// A handler sets its own limits, for its own exchange only.
func TestPolicyOfAnExchange(t *testing.T) {
	liveClean(t)
	live, result := liveHandler(t, server.Limits{}, func(w *server.Response, r *server.Request) error {
		switch r.Path {
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
			return liveWriteX(w, 100e6, 64<<10, false)
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
			c := liveDial(t, live.addr)
			defer c.Close()
			began := time.Now()
			c.send(test.sends, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", test.path, test.size)
			c.wantAnswer("POST", test.status, "")
			liveResult(t, result)
			if !test.kept {
				c.wantEnd()
			} else {
				c.send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
				c.wantAnswer("GET", 200, "Hello, World!")
			}
			if took := time.Since(began); test.sends < test.size && (took < 200*time.Millisecond || took > time.Second) {
				t.Errorf("it took %v", took)
			}
		})
	}
	c := liveDial(t, live.addr)
	c.send(0, "GET /write-deadline HTTP/1.1\r\nHost: a\r\n\r\n")
	began := time.Now()
	if err := liveResult(t, result); !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, conn.ErrMinRate) {
		t.Errorf("a write met %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}

// What was read ahead does not come in time because it is there: the time for the content is over for it too.
func TestReadTimeoutHoldsWhileReadingAhead(t *testing.T) {
	for _, framing := range []string{"Content-Length: 1000000000", "Transfer-Encoding: chunked"} {
		t.Run(framing, func(t *testing.T) {
			liveClean(t)
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
			live := liveServe(t, srv)
			c := liveDial(t, live.addr)
			go func() {
				err := liveSend(c.Conn, 0, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", framing)
				for err == nil {
					if strings.HasPrefix(framing, "T") {
						err = liveSend(c.Conn, 100, "64\r\n")
					}
					if err == nil {
						err = liveSend(c.Conn, 0, "\r\n")
					}
				}
			}()
			began := time.Now()
			var slow *body.SlowError
			if err := liveResult(t, result); !errors.As(err, &slow) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the handler read %v", err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			c.wantAnswer("POST", 408, "")
			c.Close()
		})
	}
}

// A handler that writes much before it reads, to a client that writes all before it reads: what fits is held for the
// handler, and the exchange is whole.
func TestContentIsHeldWhileTheResponseStalls(t *testing.T) {
	liveClean(t)
	live, result := liveHandler(t, server.Limits{DrainBytes: 1 << 20}, func(w *server.Response, r *server.Request) error {
		w.Set("Content-Length", "20000000")
		if err := liveWriteX(w, 20e6, 64<<10, false); err != nil {
			return err
		}
		text, err := io.ReadAll(r.Body)
		if err == nil && string(text) != string(liveFiller)+string(liveFiller)+string(liveFiller) {
			err = errors.New("the content is another")
		}
		return err
	})
	nc, err := net.Dial("tcp", live.addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.(*net.TCPConn).SetReadBuffer(32 << 10)
	nc.(*net.TCPConn).SetWriteBuffer(16 << 10)
	c := liveOn(t, nc)
	n := int64(3 * len(liveFiller))
	for range 3 {
		c.send(n, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", n)
		if _, content := c.answer("POST"); len(content) != 20e6 {
			t.Fatalf("%d bytes", len(content))
		}
		if err := liveResult(t, result); err != nil {
			t.Fatal(err)
		}
	}
}

// More than fits is given up: the response arrives, and reads of the content fail with an error that says so.
func TestContentIsGivenUpWhileTheResponseStalls(t *testing.T) {
	liveClean(t)
	for _, framing := range []string{"fixed", "chunked"} {
		t.Run(framing, func(t *testing.T) {
			lim := server.Limits{StallTimeout: time.Second}
			live, result := liveHandler(t, lim, func(w *server.Response, r *server.Request) error {
				w.Set("Content-Length", "20000000")
				if err := liveWriteX(w, 20e6, 64<<10, false); err != nil {
					return err
				}
				_, err := io.Copy(io.Discard, r.Body)
				return err
			})
			c := liveDial(t, live.addr)
			began := time.Now()
			if framing == "fixed" {
				c.send(10e6, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
			} else {
				c.send(0, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
				for range 100 {
					c.send(100e3, "186a0\r\n")
					c.send(0, "\r\n")
				}
				c.send(0, "0\r\n\r\n")
			}
			sent := time.Since(began)
			if _, content := c.answer("POST"); len(content) != 20e6 {
				t.Fatalf("%d bytes", len(content))
			}
			if err := liveResult(t, result); !errors.Is(err, body.ErrAbandoned) {
				t.Errorf("a read met %v", err)
			}
			c.wantEnd()
			c.Close()
			t.Logf("sent in %v, done in %v", sent, time.Since(began))
			for _, e := range live.waitEvents(t, int(conn.Settled), 1, time.Second) {
				if e.Leftover != body.TooLong {
					t.Errorf("settled: %v", e)
				}
			}
		})
	}
}
