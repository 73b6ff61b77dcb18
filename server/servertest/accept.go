// A listener for tests that need no server of ours, and one that changes what another accepts.

package servertest

import (
	"bufio"
	"net"
	"testing"
)

// Serve answers every connection to a port of the loopback interface in the same way, each in a goroutine of its own, and
// returns the address. A connection is closed when conduct returns. No more are accepted when the test ends.
func Serve(t testing.TB, conduct func(c *net.TCPConn, in *bufio.Reader)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				conduct(c.(*net.TCPConn), bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr().String()
}

// Wrap returns a listener that has the methods of net.Listener alone, and whose connections are what wrap makes of l's.
func Wrap(l net.Listener, wrap func(net.Conn) net.Conn) net.Listener { return &wrapped{l, wrap} }

// wrapped is a listener whose connections go through a function.
type wrapped struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

// Accept waits for a connection and returns what becomes of it.
func (l *wrapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}
