// Every connection that ends while its client may still be sending ends here (RFC 9112 §9.6): if the connection were
// closed with input unread, the system would answer the client with a reset, and a reset can destroy the response
// before the client has read it.

package conn

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/spillway-go/spillway/parser"
)

// linger sends what is left to send, closes the sending side, and throws away what comes until the client has closed, one
// of the times is over or the bytes are spent.
func (c *Conn) linger(most time.Duration) {
	if c.out.Flush() != nil || c.in.ended {
		return
	}
	c.state.Store(lingering)
	if c.tls != nil && c.tls.CloseWrite() != nil {
		return
	}
	nc := c.bottom()
	if closeWrite(nc) != nil {
		return
	}
	c.releaseAll()
	place := c.cfg.lingerers.enter(nc, c.cfg.MaxLingering)
	defer c.cfg.lingerers.leave(place)
	var r raw
	r.init(nc, nil)
	end := time.Now().Add(most)
	for left := c.cfg.LingerBytes; left > 0; {
		until := time.Now().Add(c.cfg.LingerIdle)
		if end.Before(until) {
			until = end
		}
		nc.SetReadDeadline(until)
		n, err := r.discard(nc, left)
		if err != nil {
			return
		}
		left -= int64(n)
	}
}

func closeWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// lingerers are the connections of a server that linger, the oldest first.
type lingerers struct {
	mu  sync.Mutex
	all list.List // of net.Conn
}

// enter adds a connection. If there are more than most then, the oldest is closed.
func (l *lingerers) enter(nc net.Conn, most int) *list.Element {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := l.all.PushBack(nc)
	if l.all.Len() > most {
		oldest := l.all.Front()
		l.all.Remove(oldest)
		oldest.Value.(net.Conn).Close()
	}
	return place
}

func (l *lingerers) leave(place *list.Element) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Remove(place)
}

// releaseAll gives back all that a connection has no use for once it only waits for its end.
func (c *Conn) releaseAll() {
	c.in.release()
	c.out.Release()
	c.head, c.req, c.res = parser.Head{}, Request{c: c}, Response{c: c}
}

// bottom returns the connection that lies under TLS, or the connection itself.
func (c *Conn) bottom() net.Conn {
	if already, ok := c.nc.(*tls.Conn); ok {
		return already.NetConn()
	}
	return c.nc
}

// resetOnClose makes the close that follows a reset: the only way to tell the client of a response whose end is the end of
// the connection that this is not the end.
func (c *Conn) resetOnClose() {
	if l, ok := c.bottom().(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
}
