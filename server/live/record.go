// The recorder: a listener whose connections note what goes through them, while somebody looks.

package live

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server/live/anatomy"
)

// Listener returns a listener whose connections are recorded if they are accepted while somebody looks. Others are l's own, and
// as fast as those. It goes below TLS, whose bytes it shows as they are on the wire.
func (w *Watch) Listener(l net.Listener) net.Listener { return &listener{l, w.page} }

type listener struct {
	net.Listener
	page *Page
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil || !l.page.looked.Load() {
		return nc, err
	}
	s := newStory(time.Now())
	s.conv = &anatomy.Conversation{Proxy: true}
	return &recorded{Conn: nc, page: l.page, story: s}, nil
}

// SetDeadline sets the deadline of Accept, which a shutdown needs to serve what waits in the system's queue.
func (l *listener) SetDeadline(t time.Time) error {
	if timed, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		return timed.SetDeadline(t)
	}
	return errors.ErrUnsupported
}

// SyscallConn is what lets a shutdown look into the system's queue.
func (l *listener) SyscallConn() (syscall.RawConn, error) {
	if socket, ok := l.Listener.(syscall.Conn); ok {
		return socket.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// recorded is a connection that notes what goes through it.
type recorded struct {
	net.Conn
	page  *Page
	story *story

	naming sync.Once
	remote net.Addr
	place  any    // in the page's pending; nil: none
	begun  bool   // it is known whether it begins with a PROXY header
	front  []byte // what has come before that is known
}

// introduction returns what an event says the addresses are of a connection that begins with a PROXY header, when that has come
// whole; else nil.
func (c *recorded) introduction(b []byte) any {
	if c.begun {
		return nil
	}
	c.front = append(c.front, b...)
	h, n, err := parser.ParseProxyHeader(c.front)
	if err == nil && n == 0 {
		return nil // more must come
	}
	c.begun, c.front = true, nil
	if err != nil || !h.Source.IsValid() {
		return nil
	}
	return addressOf(net.TCPAddrFromAddrPort(h.Source), net.TCPAddrFromAddrPort(h.Destination))
}

// NetConn returns the connection below, whose other methods are so found.
func (c *recorded) NetConn() net.Conn { return c.Conn }

// RemoteAddr returns the client's address. Whoever asks first may have to wait for it, and from then on an event can name the
// connection. All clients of a Unix socket have equal addresses, so that each connection has its copy.
func (c *recorded) RemoteAddr() net.Addr {
	c.naming.Do(func() {
		c.remote = c.Conn.RemoteAddr()
		if u, ok := c.remote.(*net.UnixAddr); ok && u != nil {
			same := *u
			c.remote = &same
		}
		c.wait(addressOf(c.remote, c.Conn.LocalAddr()))
	})
	return c.remote
}

// wait lets the story be found by the connection's addresses.
func (c *recorded) wait(place any) {
	p := c.page
	p.mu.Lock()
	defer p.mu.Unlock()
	if place == nil || c.story.row != nil {
		return
	}
	if p.pending == nil {
		p.pending = map[any]*story{}
	}
	delete(p.pending, c.place)
	p.pending[place], c.place = c.story, place
}

// note changes the story, and has it shown.
func (c *recorded) note(change func(s *story, version uint64)) {
	p := c.page
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.story.over || c.story.conv == nil && c.story.row != nil && c.story.row.Ended != 0 {
		return
	}
	change(c.story, p.change())
	if r := c.story.row; r != nil {
		r.In, r.Out, r.version = c.story.in, c.story.out, p.version
	}
}

// Read reads, and notes what came.
func (c *recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	now := time.Now()
	if n > 0 {
		c.note(func(s *story, v uint64) { s.data("in", now, b[:n], v) })
		c.wait(c.introduction(b[:n]))
	}
	var timeout net.Error
	switch {
	case err == nil || errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, net.ErrClosed):
	case err == io.EOF:
		c.note(func(s *story, v uint64) { s.tell("fin", "the client has ended its direction", now, v) })
	default:
		c.note(func(s *story, v uint64) { s.tell("rst", "the client has reset the connection", now, v) })
	}
	return n, err
}

// Write writes, and notes what went.
func (c *recorded) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	now := time.Now()
	if n > 0 {
		c.note(func(s *story, v uint64) { s.data("out", now, b[:n], v) })
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		c.note(func(s *story, v uint64) { s.tell("note", "a write has failed", now, v) })
	}
	return n, err
}

// Close closes the connection.
func (c *recorded) Close() error {
	c.page.mu.Lock()
	delete(c.page.pending, c.place)
	c.page.mu.Unlock()
	return c.Conn.Close()
}
