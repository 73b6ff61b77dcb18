// A shutdown loses no request.
//
// What can be proved of a client: the server announces the end of a connection by Connection: close in a response, or by
// closing its side. It does the latter to a connection without such a response no earlier than ShutdownGrace after
// Shutdown was called, and what has come a millisecond before that it has seen. So a request whose last byte was given to
// the system earlier must be answered, unless an
// earlier response on its connection has announced the end. A request that is sent later may cross the announcement on
// its way; its client must see a clean end then, and never a reset.

package live_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// lateClients is what the clients of one shutdown met.
type lateClients struct {
	t      *testing.T
	live   *sockets.Server
	begun  atomic.Pointer[time.Time] // when Shutdown was called
	grace  time.Duration
	ended  context.Context // is done when the listener is gone
	tokens atomic.Int64

	answered  atomic.Int64
	during    atomic.Int64 // of these, sent after Shutdown was called
	announced atomic.Int64 // connections whose end a response announced
	crossed   atomic.Int64 // requests that crossed the announcement
	queued    atomic.Int64 // requests of connections that nobody accepted
}

// lateRequests are sent at random. The %d is a token that the response must repeat.
var lateRequests = []string{
	"GET /plaintext HTTP/1.1\r\nHost: a\r\nX-Token: %d\r\n\r\n",
	"GET /sleep?ms=20 HTTP/1.1\r\nHost: a\r\nX-Token: %d\r\n\r\n",
	"GET /stream?n=30000&chunk=1000 HTTP/1.1\r\nHost: a\r\nX-Token: %d\r\n\r\n",
	"POST /consume HTTP/1.1\r\nHost: a\r\nX-Token: %d\r\nContent-Length: 3000\r\n\r\n" + strings.Repeat("c", 3000),
	"POST /ignore HTTP/1.1\r\nHost: a\r\nX-Token: %d\r\nContent-Length: 10000\r\n\r\n" + strings.Repeat("i", 10000),
}

func TestShutdownUnderLoadLosesNoRequest(t *testing.T) {
	for _, over := range servertest.Carriers() {
		t.Run(over.Name, func(t *testing.T) {
			rounds, clients := 20, 200
			switch {
			case over.Name != sockets.Plain:
				rounds, clients = 1, 40 // what crosses what depends on a machine that keeps up
			case testing.Short():
				rounds = 3
			}
			for range rounds {
				t.Run("", func(t *testing.T) { shutdownUnderLoad(t, over, clients) })
			}
		})
	}
}

func shutdownUnderLoad(t *testing.T, over servertest.Carrier, n int) {
	sockets.Clean(t)
	live := sockets.Over(t, over, &server.Server{})
	ended, end := context.WithCancel(context.Background())
	defer end()
	l := &lateClients{t: t, live: live, grace: 99 * time.Millisecond, ended: ended}
	var clients sync.WaitGroup
	for i := range n {
		clients.Go(func() { l.run(i%4 == 3) })
	}
	time.Sleep(100*time.Millisecond + rand.N(100*time.Millisecond))
	now := time.Now()
	l.begun.Store(&now)
	if err := live.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	took := time.Since(now)
	end()
	clients.Wait()
	t.Logf("%d clients: %d requests answered, %d of them sent after the call; %d connections announced their end; %d requests "+
		"crossed it; %d connections were never accepted; the shutdown took %v",
		n, l.answered.Load(), l.during.Load(), l.announced.Load(), l.crossed.Load(), l.queued.Load(), took)
}

// run sends requests until the server is gone: on one connection for as long as it lasts, or each on one of its own.
func (l *lateClients) run(single bool) {
	for {
		nc, err := l.live.Reach(l.ended)
		if err != nil {
			return // the listener is closed, or about to be
		}
		nc.SetDeadline(time.Now().Add(20 * time.Second))
		in := bufio.NewReader(nc)
		for first := true; l.request(nc, in, first); first = false {
			if single {
				break
			}
			time.Sleep(rand.N(40 * time.Millisecond))
		}
		nc.Close()
	}
}

// request sends one request and reads its response. It reports whether the connection goes on.
func (l *lateClients) request(nc net.Conn, in *bufio.Reader, first bool) bool {
	token := fmt.Sprint(l.tokens.Add(1))
	text := strings.Replace(lateRequests[rand.IntN(len(lateRequests))], "%d", token, 1)
	method, _, _ := strings.Cut(text, " ")
	_, failed := nc.Write([]byte(text))
	sent, begun := time.Now(), l.begun.Load()
	var got string
	if failed == nil {
		res, content, err := sockets.Answer(in, method)
		if failed = err; err == nil {
			l.answered.Add(1)
			if begun != nil {
				l.during.Add(1)
			}
			if got = res.Header.Get("X-Token"); got != token {
				l.t.Errorf("the response to %s has the token %q", token, got)
			}
			if strings.HasPrefix(text, "POST /consume") && content != "consumed 3000 bytes\n" {
				l.t.Errorf("consumed: %q", content)
			}
			if res.Close {
				l.announced.Add(1)
				if _, err := in.ReadByte(); err == nil || sockets.IsReset(err) {
					l.t.Errorf("after Connection: close came %v", err)
				}
			}
			return !res.Close
		}
	}
	if begun = l.begun.Load(); begun == nil {
		l.t.Errorf("a request was lost before any shutdown: %v", failed)
		return false
	}
	late := sent.Sub(*begun)
	switch {
	case first && (late > 0 || l.live.Over.NoQueue) && sockets.IsReset(failed):
		l.queued.Add(1)
	case late < l.grace:
		l.t.Errorf("lost: a request that was sent %v after the shutdown's begin (first on its connection: %v): %v", late, first, failed)
	case sockets.IsReset(failed):
		l.t.Errorf("a request that was sent %v after the shutdown's begin met a reset: %v", late, failed)
	default:
		l.crossed.Add(1)
	}
	return false
}

// A request that is on its way to a connection that sleeps, when the shutdown begins, is answered: whether the connection
// is parked, has a goroutine, or has never spoken.
func TestShutdownGraceOfIdleConnections(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, test := range []struct {
			name   string
			parked bool
			fresh  bool
		}{
			{"just idle", false, false},
			{"parked", true, false},
			{"never spoke", false, true},
			{"never spoke and parked", true, true},
		} {
			if test.parked && (!sockets.Parks || over.Name != sockets.Plain && over.Name != "unix") {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				srv := &server.Server{}
				if !test.parked {
					srv.Limits.ParkAfter = time.Hour
				}
				live := sockets.Over(t, over, srv)
				c, quiet := live.Dial(t), live.Dial(t)
				if !test.fresh {
					c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
					c.WantAnswer("GET", 200, "Hello, World!")
				}
				if !sockets.Eventually(func() bool { s := live.Stats(); return s.Idle == 2 && (s.Parked == 2) == test.parked }) {
					t.Errorf("before the shutdown: %+v", live.Stats())
				}
				ended := make(chan error, 1)
				began := time.Now()
				go func() { ended <- live.Shutdown(context.Background()) }()
				time.Sleep(30 * time.Millisecond)
				c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
				if res := c.WantAnswer("GET", 200, "Hello, World!"); !res.Close {
					t.Error("the response does not say Connection: close")
				}
				live.WantEndOf(c)
				c.Close()
				quiet.WantEnd()
				quiet.Close()
				if took := time.Since(began); took < 90*time.Millisecond {
					t.Errorf("the quiet connection was closed after %v", took)
				}
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// A response whose head went out before the shutdown cannot announce the end. A request that was sent during it is
// answered.
func TestShutdownAnswersWhatFollowsARunningResponse(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		release := make(chan struct{})
		live := sockets.Over(t, over, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			if r.RawPath == "/slow" {
				w.WriteString("begin ")
				w.Flush()
				<-release
			}
			_, err := w.WriteString("end")
			return err
		})})
		c := live.Dial(t)
		c.Send(0, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		c.In.Peek(1)
		ended := make(chan error, 1)
		go func() { ended <- live.Shutdown(context.Background()) }()
		time.Sleep(20 * time.Millisecond)
		c.Send(0, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
		time.Sleep(150 * time.Millisecond)
		close(release)
		if res := c.WantAnswer("GET", 200, "begin end"); res.Close {
			t.Error("the first response's head was sent before the shutdown")
		}
		if res := c.WantAnswer("GET", 200, "end"); !res.Close {
			t.Error("the second response does not announce the end")
		}
		live.WantEndOf(c)
		c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// What the system has accepted before the listener is closed is served, as soon as the connection limit lets it in.
func TestShutdownServesTheQueue(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		if over.NoQueue || over.TLS != nil {
			t.Skip("the system's queue cannot be asked, or who waits in it cannot send")
		}
		live := sockets.Over(t, over, &server.Server{MaxConns: 1})
		first := live.Dial(t)
		first.Send(0, "GET /sleep?ms=50 HTTP/1.1\r\nHost: a\r\n\r\n")
		live.WaitEvents(t, int(conn.EventHeadParsed), 1)
		second := live.Dial(t)
		second.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		ended := make(chan error, 1)
		go func() { ended <- live.Shutdown(context.Background()) }()
		first.WantAnswer("GET", 200, "slept\n")
		first.Close()
		second.WantAnswer("GET", 200, "Hello, World!")
		second.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// At the deadline the rest is closed, and the error says how many connections that were.
func TestShutdownDeadline(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		live := sockets.Over(t, over, &server.Server{})
		for range 3 {
			c := live.Dial(t)
			c.Send(0, "GET /sleep?ms=5000 HTTP/1.1\r\nHost: a\r\n\r\n")
		}
		live.WaitEvents(t, int(conn.EventHeadParsed), 3)
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		err := live.Shutdown(ctx)
		if err == nil || !strings.Contains(err.Error(), "ended 3 connections") {
			t.Errorf("Shutdown: %v", err)
		}
		for _, e := range live.WaitEvents(t, int(conn.EventClosed), 3) {
			if e.Reason != conn.ReasonAborted {
				t.Errorf("connection %d ended with %v (%v)", e.Conn, e.Verdict, e.Reason)
			}
		}
	})
}

// A listener of which the system's queue cannot be asked loses what waits there when it is closed, and such a client sees
// that its connection was never accepted.
func TestShutdownRefusesWhatItCannotServe(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		live := sockets.Over(t, over, &server.Server{})
		c := live.Dial(t)
		c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		c.WantAnswer("GET", 200, "Hello, World!")
		c.Close()
		if err := live.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		nc, err := live.Reach(ctx)
		if err == nil {
			late := sockets.On(t, nc)
			if sockets.Send(late.Conn, 0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n") == nil {
				_, _, err = sockets.Answer(late.In, "GET")
			} else {
				err = errors.New("cannot send")
			}
		}
		if err == nil {
			t.Error("a client that came after the shutdown was answered")
		}
	})
}
