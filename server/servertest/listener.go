// Law of this file: a connection is made by Dial, waits in the queue, and is either accepted or reset by Close.

package servertest

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
)

// Listener is an in-memory net.Listener. As on TCP a connection is open, and can be written to, before it is accepted.
// All methods may be called concurrently.
type Listener struct {
	link  []Link
	mu    sync.Mutex // guards what follows
	ready sync.Cond  // waited on by Accept
	queue []*Conn    // dialed, not accepted; no limit
	port  int        // of the next client
	addr  net.Addr
	done  bool
}

var _ net.Listener = (*Listener)(nil)

// Listen returns a listener whose connections are what Pipe makes of the same links. Its address is 192.0.2.1:80, and
// its clients' are 192.0.2.2 with ports from 49152 up.
func Listen(link ...Link) *Listener {
	l := &Listener{link: link, port: firstPort, addr: serverAddr}
	l.ready.L = &l.mu
	return l
}

// Accept waits for a connection and returns its server end, a *Conn, in the order of dialing. After Close it fails with
// an *net.OpError that is net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.done {
		l.ready.Wait()
	}
	if l.done {
		return nil, l.opError("accept", net.ErrClosed)
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

// Dial opens a connection and returns its client end. It does not wait, neither for Accept nor for the link's Delay.
// After Close it fails with an *net.OpError that is syscall.ECONNREFUSED.
func (l *Listener) Dial() (*Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return nil, l.opError("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	client, server := newPipe(&net.TCPAddr{IP: clientIP, Port: l.port}, l.addr, l.link)
	if l.port++; l.port > 65535 {
		l.port = firstPort
	}
	l.queue = append(l.queue, server)
	l.ready.Signal()
	return client, nil
}

// DialContext is Dial in the form that http.Transport.DialContext and its like want. It fails with ctx's error, in an
// *net.OpError, if ctx is done, and ignores network and address.
func (l *Listener) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.opError("dial", err)
	}
	c, err := l.Dial()
	if err != nil {
		return nil, err // not c: a nil *Conn is not a nil net.Conn
	}
	return c, nil
}

// Close makes Accept fail, also where it is blocked, and resets the connections that were not accepted, as Linux does.
// Accepted ones live on. A second Close fails with net.ErrClosed.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return l.opError("close", net.ErrClosed)
	}
	l.done = true
	l.ready.Broadcast()
	for _, c := range l.queue {
		c.Abort()
	}
	l.queue = nil
	return nil
}

// Addr returns the listener's address, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr { return l.addr }

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: l.addr.Network(), Addr: l.addr, Err: err}
}
