// Law of this file: whatever the link is like, the connection is a net.Conn.

package servertest_test

import (
	"net"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/servertest"
	"golang.org/x/net/nettest"
)

// A one-byte buffer is not among them: nettest writes 13 bytes to an echo before it reads, which blocks on TCP too if
// both directions hold fewer.
func TestNetConn(t *testing.T) {
	for name, link := range map[string]servertest.Link{
		"default":     {},
		"unbuffered":  {Buffer: -1},
		"odd buffer":  {Buffer: 777},
		"delayed":     {Delay: 50 * time.Microsecond},
		"rated":       {Rate: 200e6},
		"all of them": {Buffer: 3000, Rate: 300e6, Delay: 10 * time.Microsecond},
	} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c1, c2 = servertest.Pipe(link)
				return c1, c2, func() { c1.Close(); c2.Close() }, nil
			})
		})
	}
}

func TestNetConnOfListener(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		l := servertest.Listen()
		if c1, err = l.Dial(); err != nil {
			return
		}
		if c2, err = l.Accept(); err != nil {
			return
		}
		return c1, c2, func() { c1.Close(); c2.Close(); l.Close() }, nil
	})
}
