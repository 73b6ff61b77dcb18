// Every connection that ends while its client may still be sending ends here (RFC 9112 §9.6): if the connection were
// closed with input unread, the system would answer the client with a reset, and a reset can destroy the response
// before the client has read it.

package conn

import (
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
	"github.com/spillway-go/spillway/parser"
)

// linger sends what is left to send, closes the sending side, and throws away what comes until the client has closed, one
// of the times is over or the bytes are spent.
func (c *Conn) linger(most time.Duration) {
	if c.out.Flush() != nil || c.in.ended && c.in.gone != errNoReturn {
		return
	}
	c.state.Store(lingering)
	if c.tls != nil && c.tls.CloseWrite() != nil {
		return
	}
	if c.in.stuck {
		transport.CloseWrite(c.bottom()) // for the client, which may be what the read waits for
		c.sock.Reads.By(time.Now().Add(min(most, c.cfg.LingerIdle)))
		if _, err := c.in.unstick(); err != nil || c.in.ended {
			return
		}
	}
	c.releaseAll()
	below := &c.sock
	if nc := c.bottom(); c.tlsIsGiven() {
		below = new(transport.Socket)
		below.Init(nc, func() { c.guarding("close", func() { nc.Close() }) })
	}
	lim := &c.cfg.Limits
	c.cfg.lingerers.Linger(below, transport.Patience{Total: most, Idle: lim.LingerIdle, Bytes: lim.LingerBytes, Much: c.in.used},
		transport.Together{Conns: lim.MaxLingering, BytesPerSecond: lim.LingerRate})
}

// releaseAll gives back all that a connection has no use for once it only waits for its end.
func (c *Conn) releaseAll() {
	c.in.release()
	c.out.Release()
	c.head, c.req, c.res = parser.Head{}, request{}, response{c: c}
}
