// Law of this file: an operation looks, under the lock, at what has arrived; it waits or it answers, and every answer
// is one that TCP would give.

package servertest

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// DefaultBuffer is the number of bytes a direction holds when Link.Buffer is 0.
const DefaultBuffer = 64 << 10

// Link says what one direction of a connection is like. The zero Link is fast: 64 KiB of buffer, no limit on the rate
// and no delay.
type Link struct {
	// Buffer is how many bytes sent and not yet read the direction holds, in the sender's buffer, on the way and in
	// the receiver's buffer together, before Write blocks. 0 means DefaultBuffer. A negative Buffer means none: a
	// Write then hands bytes over only to a Read that is already waiting, and blocks until one is.
	Buffer int

	// Rate is in bytes per second. 0 means unlimited, as does a negative Rate or one of 1e9 and more (a byte takes
	// less than the clock can tell). The bytes of one Write arrive a few at a time, as many as take 10 ms but at
	// least 1 and at most 1460, each group when its last byte has come through.
	Rate int

	// Delay is the time from when a byte, a FIN or a RST leaves one end until it arrives at the other. 0, or less,
	// means none: then it arrives before the operation that sends it returns, unless Rate holds it back.
	Delay time.Duration
}

func (l Link) normal() Link {
	if l.Buffer == 0 {
		l.Buffer = DefaultBuffer
	}
	if l.Rate < 0 || l.Rate >= 1e9 {
		l.Rate = 0
	}
	l.Delay = max(l.Delay, 0)
	return l
}

// The addresses of connections and listeners that nobody has given others, in TEST-NET-1 (RFC 5737).
var (
	clientIP   = net.IPv4(192, 0, 2, 2)
	serverAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}
)

// firstPort is the port of a Pipe's client and of a Listener's first one.
const firstPort = 49152

// Conn is one end of an in-memory connection. It is a net.Conn; all its methods may be called concurrently. Errors
// other than io.EOF are *net.OpError, as those of a *net.TCPConn are.
type Conn struct {
	// wire.mu guards all but the pointers
	w        *wire
	peer     *Conn
	in, out  *stream
	addr     net.Addr
	readEnd  deadline
	writeEnd deadline

	abortive bool // Close resets, as SetLinger(0) said
	closed   bool // by Close or Abort, here
	rstSent  bool // nothing that arrives here matters any more; implies closed
	wasReset bool // a RST arrived; nothing is in either stream
	told     bool // a Write has reported it
}

var _ net.Conn = (*Conn)(nil)

// Pipe returns the two ends of a new connection. Nothing distinguishes them but their default addresses,
// 192.0.2.2:49152 for the client and 192.0.2.1:80 for the server. With one link both directions are like it, with two
// the first is from client to server and the second from server to client; more than two panic.
func Pipe(link ...Link) (client, server *Conn) {
	return newPipe(&net.TCPAddr{IP: clientIP, Port: firstPort}, serverAddr, link)
}

func newPipe(clientAddr, serverAddr net.Addr, link []Link) (client, server *Conn) {
	var up, down Link
	switch len(link) {
	case 0:
	case 1:
		up, down = link[0], link[0]
	case 2:
		up, down = link[0], link[1]
	default:
		panic("servertest: more than two links for one connection")
	}
	w := &wire{epoch: time.Now(), alarm: noAlarm}
	client, server = &w.client, &w.server
	w.up = stream{w: w, link: up.normal(), from: client, to: server}
	w.down = stream{w: w, link: down.normal(), from: server, to: client}
	for _, s := range [...]*stream{&w.up, &w.down} {
		s.readable.L, s.writable.L = &w.mu, &w.mu
		w.timed = w.timed || !s.instant()
	}
	w.client = Conn{w: w, peer: server, in: &w.down, out: &w.up, addr: clientAddr}
	w.server = Conn{w: w, peer: client, in: &w.up, out: &w.down, addr: serverAddr}
	return client, server
}

// Read waits for data, end of stream, a reset, the read deadline or Close, and takes what data has arrived. The errors
// are io.EOF when the peer has ended its stream and all of it was read, and *net.OpError for which errors.Is finds
// syscall.ECONNRESET when a RST has arrived (at every Read from then on), os.ErrDeadlineExceeded or net.ErrClosed. An
// empty p never waits.
func (c *Conn) Read(p []byte) (int, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for {
		c.w.advance()
		switch {
		case c.closed:
			return 0, c.opError("read", net.ErrClosed)
		case len(p) == 0:
			return 0, nil
		case c.readEnd.passed(c.w):
			return 0, c.opError("read", os.ErrDeadlineExceeded)
		case c.wasReset:
			return 0, c.opError("read", syscall.ECONNRESET)
		case c.in.ready > 0:
			return c.in.take(p), nil
		case c.in.finArrived:
			return 0, io.EOF
		}
		c.in.want += len(p)
		if c.in.link.Buffer < 0 {
			c.in.writable.Broadcast()
		}
		c.in.readable.Wait()
		c.in.want -= len(p)
	}
}

// Write returns when all of p is in the direction's buffer; it tells nothing of whether the peer has it. Concurrent
// Writes do not interleave. If it fails the count says how much of p was sent. The errors are *net.OpError for which
// errors.Is finds syscall.ECONNRESET at the first Write that fails because a RST has arrived, syscall.EPIPE at later
// ones and after CloseWrite, os.ErrDeadlineExceeded or net.ErrClosed.
//
// A Write to a peer that has closed succeeds, as the peer's FIN does not tell a close from a half-close; the RST that
// answers it makes later operations fail.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	turn := false
	for {
		c.w.advance()
		if err = c.writeError(); err != nil {
			break
		}
		if !c.out.writing {
			c.out.writing, turn = true, true
		}
		if turn {
			if n == len(p) {
				break
			}
			if k := min(len(p)-n, c.out.room()); k > 0 {
				c.out.send(p[n : n+k])
				if n += k; n == len(p) {
					c.w.advance()
					break
				}
				continue // not Wait: a RST may have come back at once
			}
		}
		c.out.writable.Wait()
	}
	if turn {
		c.out.writing = false
		c.out.writable.Broadcast()
	}
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

func (c *Conn) writeError() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.writeEnd.passed(c.w):
		return os.ErrDeadlineExceeded
	case c.wasReset && !c.told:
		c.told = true
		return syscall.ECONNRESET
	case c.wasReset, c.out.finSent:
		return syscall.EPIPE
	}
	return nil
}

// CloseWrite sends a FIN: the peer reads what was sent before, then io.EOF. Reading goes on. A blocked Write and later
// ones fail with syscall.EPIPE. Repeating it changes nothing. It fails with net.ErrClosed after Close or Abort and with
// syscall.ENOTCONN after a reset, in *net.OpError.
func (c *Conn) CloseWrite() error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.advance()
	switch {
	case c.closed:
		return c.opError("close", net.ErrClosed)
	case c.wasReset:
		return c.opError("shutdown", syscall.ENOTCONN)
	}
	c.out.sendFIN()
	c.w.advance()
	return nil
}

// Close ends both directions here. If received data is unread it sends a RST, which destroys what the peer has not read
// and what has not left yet; otherwise it sends a FIN behind all data, and answers data that arrives later with a RST.
// After SetLinger(0) it always sends a RST. It does not wait. Blocked operations and later ones fail with net.ErrClosed, and so does a second Close.
func (c *Conn) Close() error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.advance()
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.close(c.in.ready > 0 || c.abortive)
	return nil
}

// SetLinger makes Close a reset if sec is 0, as it does for a *net.TCPConn. Any other sec undoes that: Close never waits
// here. It fails with net.ErrClosed after Close or Abort.
func (c *Conn) SetLinger(sec int) error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	c.abortive = sec == 0
	return nil
}

// Abort ends both directions here and sends a RST instead of a FIN, as a *net.TCPConn does after SetLinger(0): the peer
// loses what it has not read, and what has not left is never sent. After Close or Abort it does nothing.
func (c *Conn) Abort() {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.advance()
	if !c.closed {
		c.close(true)
	}
}

func (c *Conn) close(reset bool) {
	c.closed = true
	c.readEnd.stop()
	c.writeEnd.stop()
	switch {
	case c.wasReset:
	case c.in.finArrived && c.out.finArrived: // both streams are complete: there is nothing left to reset
	case reset:
		c.sendRST(c.w.now())
	default:
		c.out.sendFIN()
	}
	c.in.readable.Broadcast()
	c.out.writable.Broadcast()
	c.in.writable.Broadcast() // on a link without a buffer the peer's Write now has room
	c.w.advance()
}

// sendRST sends a RST at t, once, from an end that is closed.
func (c *Conn) sendRST(t time.Duration) {
	if c.rstSent || c.wasReset {
		return
	}
	c.rstSent = true
	c.out.sendRST(t)
}

// receiveRST is the arrival of a RST; one that crosses our own finds no connection.
func (c *Conn) receiveRST() {
	if c.rstSent {
		return
	}
	c.wasReset = true
	c.in.kill()
	c.out.kill()
}

// WasReset reports whether a RST has arrived at this end, also after its own Close.
func (c *Conn) WasReset() bool {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.advance()
	return c.wasReset
}

// SetDeadline is SetReadDeadline and SetWriteDeadline in one.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadline(t, true, true) }

// SetReadDeadline makes Reads fail from t on, also one that is blocked, also with data to read, with an error that is
// os.ErrDeadlineExceeded and a net.Error whose Timeout is true. A t in the past works at once, the zero t means no
// deadline, and Reads work again after a later t is set. It fails with net.ErrClosed after Close or Abort.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(t, true, false) }

// SetWriteDeadline is for Writes what SetReadDeadline is for Reads. What a Write sent before it timed out stays sent.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(t, false, true) }

func (c *Conn) setDeadline(t time.Time, read, write bool) error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	if read {
		c.readEnd.move(c.w, t, &c.in.readable)
	}
	if write {
		c.writeEnd.move(c.w, t, &c.out.writable)
	}
	return nil
}

// LocalAddr returns this end's address, a *net.TCPAddr in 192.0.2.0/24 unless SetAddr has set another.
func (c *Conn) LocalAddr() net.Addr {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	return c.addr
}

// RemoteAddr returns the other end's address, its LocalAddr.
func (c *Conn) RemoteAddr() net.Addr { return c.peer.LocalAddr() }

// SetAddr sets the address of this end: its LocalAddr, and the RemoteAddr of the other.
func (c *Conn) SetAddr(a net.Addr) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.addr = a
}

// opError dresses err as package net does. wire.mu is held.
func (c *Conn) opError(op string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: c.addr.Network(), Source: c.addr, Addr: c.peer.addr, Err: err}
}
