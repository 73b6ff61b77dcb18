// The tests over real sockets run over every kind of connection that the test kit knows.

package server_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/servertest"
)

// livePlainly is the carrier of a plain TCP socket, and livePlain its name: tests that take long do so on that alone.
var livePlainly = servertest.Carriers()[0]

const livePlain = "tcp"

// liveEach runs a test over every carrier, at the same time as far as the machine allows, and fails if anything is left
// behind.
func liveEach(t *testing.T, test func(t *testing.T, over servertest.Carrier)) {
	liveClean(t)
	t.Run("over", func(t *testing.T) {
		for _, over := range servertest.Carriers() {
			t.Run(over.Name, func(t *testing.T) {
				t.Parallel()
				test(t, over)
			})
		}
	})
}

// liveOver serves over a carrier until the test ends.
func liveOver(t testing.TB, over servertest.Carrier, srv *server.Server) *liveServer {
	t.Helper()
	l, dial := over.Open(t)
	if over.TLS != nil {
		srv.TLS = https.Config(over.TLS)
	}
	live := liveServeOn(t, srv, l)
	live.over, live.reach = over, dial
	return live
}

// dial opens a connection to the server.
func (l *liveServer) dial(t testing.TB) *liveClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	nc, err := l.reach(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return liveOn(t, nc)
}

// wantEndOf is wantEnd, where the server can end its direction alone; where it cannot, it waits for its client to close, and
// nothing is to be seen before that.
func (l *liveServer) wantEndOf(c *liveClient) {
	c.Helper()
	if !l.over.NoHalfClose {
		c.wantEnd()
	}
}

// reset closes the client's connection with a reset, under TLS too, and reports whether it can.
func (c *liveClient) reset() bool {
	nc := c.Conn
	if upper, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = upper.NetConn()
	}
	switch nc := nc.(type) {
	case interface{ Abort() }:
		nc.Abort()
	case interface{ SetLinger(int) error }:
		nc.SetLinger(0)
		c.Conn.Close()
	default:
		return false
	}
	return true
}

// A listener of which the system's queue cannot be asked loses what waits there when it is closed, and such a client sees
// that its connection was never accepted.
func TestShutdownRefusesWhatItCannotServe(t *testing.T) {
	liveEach(t, func(t *testing.T, over servertest.Carrier) {
		live := liveOver(t, over, &server.Server{})
		c := live.dial(t)
		c.send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		c.wantAnswer("GET", 200, "Hello, World!")
		c.Close()
		if err := live.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		nc, err := live.reach(ctx)
		if err == nil {
			late := liveOn(t, nc)
			if liveSend(late.Conn, 0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n") == nil {
				_, _, err = liveAnswer(late.in, "GET")
			} else {
				err = errors.New("cannot send")
			}
		}
		if err == nil {
			t.Error("a client that came after the shutdown was answered")
		}
	})
}
