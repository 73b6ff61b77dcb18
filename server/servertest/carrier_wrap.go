// The wrappers of the matrix: connections and listeners that can do less than a socket, or hide what they can.

package servertest

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"time"
)

// Bare returns a listener that has the methods of net.Listener alone, whatever l has, and whose connections have those of
// net.Conn alone. So many wrappers are: a limit on connections, a PROXY protocol, a multiplexer's streams.
func Bare(l net.Listener) net.Listener { return Wrap(l, BareConn) }

// BareConn returns a connection that has the methods of net.Conn alone, whatever c has.
func BareConn(c net.Conn) net.Conn { return &onlyConn{c} }

// onlyConn hides every other method.
type onlyConn struct{ net.Conn }

// errNoDeadlines is what failingDeadlines says.
var errNoDeadlines = errors.New("servertest: this connection has no deadlines")

// failingDeadlines is a connection that cannot have deadlines, and says so.
type failingDeadlines struct{ net.Conn }

func withFailingDeadlines(c net.Conn) net.Conn { return &failingDeadlines{c} }

func (*failingDeadlines) SetDeadline(time.Time) error      { return errNoDeadlines }
func (*failingDeadlines) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (*failingDeadlines) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// deafDeadlines is a connection that cannot have deadlines, and does not say so.
type deafDeadlines struct{ net.Conn }

func withDeafDeadlines(c net.Conn) net.Conn { return &deafDeadlines{c} }

func (*deafDeadlines) SetDeadline(time.Time) error      { return nil }
func (*deafDeadlines) SetReadDeadline(time.Time) error  { return nil }
func (*deafDeadlines) SetWriteDeadline(time.Time) error { return nil }

// embeddingListener keeps the methods of a *net.TCPListener, and so do its connections those of a *net.TCPConn: whoever
// looks for the socket finds it, and must find the wrapper's own methods first.
type embeddingListener struct{ *net.TCPListener }

// Accept waits for a connection and wraps it.
func (l *embeddingListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &embeddingConn{c}, nil
}

// embeddingConn changes every byte on its way, so that what goes past its own Read and Write is seen at once. Both ends of a
// connection must be wrapped.
type embeddingConn struct{ *net.TCPConn }

// veil is what is done to each byte, and undone.
var veil = bytes.Repeat([]byte{0xa5}, 64<<10)

func veiled(p, into []byte) {
	for len(p) > 0 {
		n := subtle.XORBytes(into, p, veil)
		p, into = p[n:], into[n:]
	}
}

// Read reads what the other end's Write has written.
func (c *embeddingConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	veiled(p[:n], p[:n])
	return n, err
}

// Write writes what the other end's Read can read.
func (c *embeddingConn) Write(p []byte) (int, error) {
	under := make([]byte, len(p))
	veiled(p, under)
	return c.TCPConn.Write(under)
}

// veiledClient is the client's end: it has no methods that go past its own Read and Write, since clients of all makes use
// it, and some look for those.
type veiledClient struct {
	net.Conn
	under *net.TCPConn
}

// CloseWrite ends the client's direction.
func (c *veiledClient) CloseWrite() error { return c.under.CloseWrite() }

// SetLinger with 0 makes Close a reset.
func (c *veiledClient) SetLinger(sec int) error { return c.under.SetLinger(sec) }

// dialEmbedding dials for a client of an embeddingListener.
func dialEmbedding(dial DialFunc) DialFunc {
	return func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		under := c.(*net.TCPConn)
		return &veiledClient{&embeddingConn{under}, under}, nil
	}
}
