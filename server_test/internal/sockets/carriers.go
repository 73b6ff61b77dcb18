// A server and a client over every kind of connection that the test kit knows.

package sockets

import (
	"context"
	"net"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/servertest"
)

// Plain is the name of the carrier that is a plain TCP socket: tests that take long do so on that alone.
const Plain = "tcp"

// Plainly is that carrier.
var Plainly = servertest.Carriers()[0]

// Each runs a test over every carrier, at the same time as far as the machine allows, and fails if anything is left
// behind.
func Each(t *testing.T, test func(t *testing.T, over servertest.Carrier)) {
	Clean(t)
	t.Run("over", func(t *testing.T) {
		for _, over := range servertest.Carriers() {
			t.Run(over.Name, func(t *testing.T) {
				t.Parallel()
				test(t, over)
			})
		}
	})
}

// Over serves over a carrier until the test ends.
func Over(t testing.TB, over servertest.Carrier, srv *server.Server) *Server {
	t.Helper()
	l, dial := over.Open(t)
	if over.TLS != nil {
		srv.TLS = https.Config(over.TLS)
	}
	live := ServeOn(t, srv, l)
	live.Over, live.Reach = over, dial
	return live
}

// Dial opens a connection to the server.
func (l *Server) Dial(t testing.TB) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	nc, err := l.Reach(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return On(t, nc)
}

// WantEndOf is WantEnd, where the server can end its direction alone; where it cannot, it waits for its client to close, and
// nothing is to be seen before that.
func (l *Server) WantEndOf(c *Client) {
	c.Helper()
	if !l.Over.NoHalfClose {
		c.WantEnd()
	}
}

// Reset closes the client's connection with a reset, under TLS too, and reports whether it can.
func (c *Client) Reset() bool {
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
