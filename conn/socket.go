// The seam between a connection and what carries it: how bytes come and go, and how long that may take.

package conn

import (
	"net"
	"os"
	"sync/atomic"
	"time"
)

// socket is a net.Conn whose deadlines are cheap to move. It can stand under TLS: a write that only ran into a moved
// deadline goes on here, so that TLS never sees half a record fail.
type socket struct {
	net.Conn
	raw    raw
	reads  deadline
	writes deadline

	writeBy   time.Time // the exchange's own deadline for its response; zero: none
	writeRate meter
	waiting   time.Time    // since when the write under way has waited; zero: it has not
	atOnce    int64        // what it had written before
	credit    atomic.Int64 // bytes that the client sent while a write waited: it is not idle
}

func (s *socket) init(nc net.Conn) {
	s.Conn = nc
	s.reads.set = nc.SetReadDeadline
	s.writes.set = nc.SetWriteDeadline
	s.raw.init(nc, s.beginWait)
}

// Read returns at least one byte or an error.
func (s *socket) Read(p []byte) (int, error) { return s.read(p, nil, nil) }

// read is Read. When p is full, bytes may go into behind too, where the socket is a raw one: n counts both. With idle, it reads
// into that input's buffer, and on a raw socket gives it back while it waits.
func (s *socket) read(p, behind []byte, idle *input) (n int, err error) {
	for {
		s.reads.arm()
		switch {
		case s.raw.usable():
			n, err = s.raw.read(p, behind, idle)
		case idle != nil:
			n, err = s.Conn.Read(idle.room())
		default:
			n, err = s.Conn.Read(p)
		}
		if n > 0 || !s.reads.early(err) {
			return n, err
		}
	}
}

// readPast is socket.read on the connection's stream. Under TLS nothing goes into behind.
func (c *Conn) readPast(p, behind []byte) (int, error) {
	if c.tls != nil {
		return c.stream.Read(p)
	}
	return c.sock.read(p, behind, nil)
}

// Write writes all of p or returns an error.
func (s *socket) Write(p []byte) (int, error) {
	n, err := s.write(p, nil)
	return int(n), err
}

// write writes all of p and q, in one system call where the system can, or returns an error.
func (s *socket) write(p, q []byte) (int64, error) {
	return s.push(func() (int64, error) {
		n, err := s.writeOnce(p, q)
		first := min(n, int64(len(p)))
		p, q = p[first:], q[n-first:]
		return n, err
	})
}

func (s *socket) writeOnce(p, q []byte) (int64, error) {
	if s.raw.usable() {
		return s.raw.write(p, q)
	}
	s.beginWait(0)
	if len(p) > 0 && len(q) > 0 {
		both := net.Buffers{p, q}
		return both.WriteTo(s.Conn)
	}
	if len(p) == 0 {
		p = q
	}
	n, err := s.Conn.Write(p)
	return int64(n), err
}

// push calls write until it has written all, the deadline has passed, or the client has been too slow. write calls
// beginWait before it waits, and goes on where it was when it is called again.
func (s *socket) push(write func() (int64, error)) (written int64, err error) {
	for {
		if !s.writeBy.IsZero() && !time.Now().Before(s.writeBy) {
			return written, os.ErrDeadlineExceeded
		}
		s.waiting, s.atOnce = time.Time{}, 0
		n, err := write()
		written += n
		var waited time.Duration
		if !s.waiting.IsZero() {
			waited = time.Since(s.waiting)
		}
		s.writeRate.count(0, s.atOnce)
		s.writeRate.count(waited, n-s.atOnce+s.credit.Swap(0))
		switch {
		case err == nil:
			return written, nil
		case s.writes.early(err):
		case isTimeout(err) && s.inTime():
			s.writes.tell(s.writeBy) // the wait that the deadline was for is over
		case isTimeout(err) && s.writeRate.exceeded():
			return written, s.writeRate.err()
		default:
			return written, err
		}
	}
}

// beginWait sets the deadline of a write that may have to wait, after it has written so much at once: that was no wait,
// and pays for none.
func (s *socket) beginWait(atOnce int64) {
	if s.writeRate.rate > 0 && s.waiting.IsZero() {
		s.waiting, s.atOnce = time.Now(), atOnce
	}
	s.writes.by(s.writeRate.limit(s.waiting, s.writeBy))
	s.writes.arm()
}

// inTime reports whether a write that ran into its deadline may go on, because the client has moved meanwhile.
func (s *socket) inTime() bool {
	return !s.writes.interrupted.Load() && !s.writeRate.exceeded() && (s.writeBy.IsZero() || time.Now().Before(s.writeBy))
}

// discardByReading throws away at least one byte and at most n.
func discardByReading(nc net.Conn, n int64) (int, error) {
	buf := getBuffer(largeBuffer)
	defer putBuffer(buf)
	return nc.Read(buf[:min(n, largeBuffer)])
}

// discard throws away at least one byte of the connection's stream, and at most n, or returns an error.
func (s *socket) discard(n int64) (int, error) {
	for {
		s.reads.arm()
		got, err := s.raw.discard(s.Conn, n)
		if got > 0 || !s.reads.early(err) {
			return got, err
		}
	}
}

// discard throws away at least one byte of the content, and at most n. Under TLS it must be read to be known.
func (c *Conn) discard(n int64) (int, error) {
	if c.tls != nil {
		return discardByReading(c.stream, n)
	}
	return c.sock.discard(n)
}
