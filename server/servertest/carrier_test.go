// The promises are tested on every carrier, and on listeners that cannot keep them: those must be found out.

package servertest_test

import (
	"context"
	"net"
	"testing"

	"github.com/spillway-go/spillway/server/servertest"
)

func TestPromises(t *testing.T) {
	for _, c := range servertest.Carriers() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			servertest.TestListener(t, c)
		})
	}
}

// These connections do one thing wrong.
type (
	holding struct{ net.Conn } // Write keeps the last byte of what is long
	abrupt  struct{ net.Conn } // Close is a reset
)

func (c holding) Write(p []byte) (int, error) {
	if len(p) > 1000 {
		n, err := c.Conn.Write(p[:len(p)-1])
		return n + 1, err
	}
	return c.Conn.Write(p)
}

func (c abrupt) Close() error {
	c.Conn.(*servertest.Conn).Abort()
	return nil
}

func TestSpoiltListenersAreFoundOut(t *testing.T) {
	for _, tt := range []struct {
		promise string
		spoil   func(net.Conn) net.Conn
	}{
		{"ContentIsIntact", func(c net.Conn) net.Conn { return holding{c} }},
		{"RefusalArrives", func(c net.Conn) net.Conn { return abrupt{c} }},
		{"EarlyAnswerArrivesAtAClientThatWritesFirst", func(c net.Conn) net.Conn { return abrupt{c} }},
	} {
		t.Run(tt.promise, func(t *testing.T) {
			said := failure(t, func(t testing.TB) {
				servertest.TryPromise(t, tt.promise, servertest.Carrier{Open: func(testing.TB) (net.Listener, servertest.DialFunc) {
					l := servertest.Listen()
					return servertest.Wrap(l, tt.spoil), func(ctx context.Context) (net.Conn, error) { return l.DialContext(ctx, "", "") }
				}})
			})
			if said == "" {
				t.Error("it was not found out")
			}
		})
	}
}
