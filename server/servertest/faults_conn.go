// A connection on which things go wrong.

package servertest

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// passingError is an error of Accept that net.Error calls temporary.
type passingError struct{}

func (passingError) Error() string   { return "servertest: no connection for now" }
func (passingError) Timeout() bool   { return false }
func (passingError) Temporary() bool { return true }

// strangeTimeout is a timeout as multiplexers and userspace stacks report it: not an os.ErrDeadlineExceeded.
type strangeTimeout struct{}

func (strangeTimeout) Error() string   { return "servertest: it took too long" }
func (strangeTimeout) Timeout() bool   { return true }
func (strangeTimeout) Temporary() bool { return true }

var (
	errPassing net.Error = passingError{}
	errPrivate           = errors.New("servertest: an error that nobody knows")
	errTimeout net.Error = strangeTimeout{}
)

// errFaults are what operations fail with.
var errFaults = []error{
	syscall.ECONNRESET, syscall.EPIPE, errPrivate, errTimeout, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded,
}

// passes reports whether the connection goes on behind an error.
func passes(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// mostOperations is how many operations in one direction a connection carries out. A server that needs more, on a
// connection of a test, does not wait where it should.
const mostOperations = 1 << 20

// faultyConn is a connection with faults.
type faultyConn struct {
	net.Conn
	faults   Faults
	number   int
	deaf     bool // to deadlines
	injected *Injected
	closed   chan struct{}
	closing  sync.Once

	reads, writes, deadlines, ends operations
}

// operations are those of one kind.
type operations struct {
	mu     sync.Mutex // guards what follows
	rng    *rand.Rand
	count  int
	failed error // what all of them say from now on
}

// draw is what may happen to one operation. All of it is drawn for each, so that what happens to the next does not
// depend on this one.
type draw struct {
	count   int
	failed  error
	chance  [5]float64 // for the kinds of faults
	size    float64    // how much of the bytes, of a stall or of a shift
	second  float64    // the same, for the second
	flavour int        // which error
}

func (o *operations) draw() draw {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	if o.count > mostOperations && o.failed == nil {
		o.failed = errors.New("servertest: the server does not wait")
	}
	d := draw{count: o.count, failed: o.failed}
	for i := range d.chance {
		d.chance[i] = o.rng.Float64()
	}
	d.size, d.second, d.flavour = o.rng.Float64(), o.rng.Float64(), o.rng.IntN(1<<20)
	return d
}

// fail makes all operations from now on fail.
func (o *operations) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		o.failed = err
	}
}

func (d *draw) error() error { return errFaults[d.flavour%len(errFaults)] }

// part returns a part of n, from least to n-1, or 0 where there is none.
func part(n, least int, size float64) int {
	if n <= least {
		return 0
	}
	return least + int(size*float64(n-least))
}

// halfClosing is a faultyConn whose connection can half-close.
type halfClosing struct{ *faultyConn }

func newFaultyConn(c net.Conn, f Faults, number int, injected *Injected) net.Conn {
	n := uint64(number)
	faulty := &faultyConn{Conn: c, faults: f, number: number, injected: injected, closed: make(chan struct{})}
	faulty.deaf = f.draws(n, 4).Float64() < f.DeafDeadline
	for i, o := range []*operations{&faulty.reads, &faulty.writes, &faulty.deadlines, &faulty.ends} {
		o.rng = f.draws(n, uint64(i))
	}
	if _, ok := c.(interface{ CloseWrite() error }); ok {
		return &halfClosing{faulty}
	}
	return faulty
}

func (c *faultyConn) note(kind FaultKind, d draw, n int, wait time.Duration, err error) {
	c.injected.add(Fault{Kind: kind, Conn: c.number, Number: d.count, Bytes: n, Wait: wait, Err: err})
}

// opError dresses an error as package net does.
func (c *faultyConn) opError(op string, err error) error {
	if err == io.ErrUnexpectedEOF || err == errPrivate {
		return err
	}
	return &net.OpError{Op: op, Net: c.RemoteAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// stall waits, or lets others go first, where the draw wants it.
func (c *faultyConn) stall(kind FaultKind, chance float64, d draw) {
	switch {
	case d.chance[0] < chance:
		wait := time.Duration(d.second * float64(c.faults.LongestStall))
		c.note(kind, d, 0, wait, nil)
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.closed:
		}
	case d.chance[1] < c.faults.Yield:
		c.note(Yield, d, 0, 0, nil)
		for range 1 + d.flavour%100 {
			runtime.Gosched()
		}
	}
}

// Read reads, unless something goes wrong.
func (c *faultyConn) Read(p []byte) (int, error) {
	d := c.reads.draw()
	c.stall(StalledRead, c.faults.StalledRead, d)
	switch {
	case d.failed != nil:
		return 0, d.failed
	case len(p) == 0:
		return c.Conn.Read(p)
	case d.chance[2] < c.faults.EmptyRead:
		c.note(EmptyRead, d, 0, 0, nil)
		return 0, nil
	case d.chance[3] < c.faults.FailedRead:
		return c.failRead(p, d)
	case d.chance[4] < c.faults.ShortRead && len(p) > 1:
		p = p[:part(min(len(p), 200), 1, d.size)] // most messages of a test are short
		n, err := c.Conn.Read(p)
		c.note(ShortRead, d, n, 0, nil)
		return n, err
	}
	return c.Conn.Read(p)
}

// failRead fails, at once or with the bytes that come next.
func (c *faultyConn) failRead(p []byte, d draw) (n int, err error) {
	if d.flavour%2 == 0 {
		if n, err = c.Conn.Read(p); err != nil {
			return n, err
		}
	}
	err = c.opError("read", errFaults[d.flavour/2%len(errFaults)])
	if !passes(err) {
		c.reads.fail(err)
	}
	c.note(FailedRead, d, n, 0, err)
	return n, err
}

// Write writes, unless something goes wrong.
func (c *faultyConn) Write(p []byte) (int, error) {
	d := c.writes.draw()
	c.stall(StalledWrite, c.faults.StalledWrite, d)
	short := part(len(p), 0, d.size)
	switch {
	case d.failed != nil:
		return 0, d.failed
	case d.chance[2] < c.faults.ShortWrite:
		n, err := c.Conn.Write(p[:short])
		if err == nil {
			if err = c.opError("write", d.error()); !passes(err) {
				c.writes.fail(err)
			}
			c.note(ShortWrite, d, n, 0, err)
		}
		return n, err
	case d.chance[3] < c.faults.SilentWrite && len(p) > 0:
		n, err := c.Conn.Write(p[:short])
		if err == nil {
			c.note(SilentWrite, d, n, 0, nil)
		}
		return n, err
	}
	return c.Conn.Write(p)
}

// SetDeadline sets both deadlines.
func (c *faultyConn) SetDeadline(t time.Time) error { return c.setDeadline(t, c.Conn.SetDeadline) }

// SetReadDeadline sets the deadline of reads.
func (c *faultyConn) SetReadDeadline(t time.Time) error {
	return c.setDeadline(t, c.Conn.SetReadDeadline)
}

// SetWriteDeadline sets the deadline of writes.
func (c *faultyConn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(t, c.Conn.SetWriteDeadline)
}

// setDeadline sets a deadline, unless something goes wrong. That there is none any more is never wrong by a little.
func (c *faultyConn) setDeadline(t time.Time, set func(time.Time) error) error {
	d := c.deadlines.draw()
	shift := 1 + time.Duration(d.size*float64(c.faults.Shift))
	switch {
	case c.deaf:
		c.note(DeafDeadline, d, 0, 0, nil)
		return nil
	case d.chance[0] < c.faults.FailedDeadline:
		c.note(FailedDeadline, d, 0, 0, errNoDeadlines)
		return errNoDeadlines
	case d.chance[2] < c.faults.LateDeadline && !t.IsZero():
		c.note(LateDeadline, d, 0, shift, nil)
		if now := time.Now(); t.Before(now) {
			t = now
		}
		return set(t.Add(shift))
	case d.chance[3] < c.faults.EarlyDeadline && !t.IsZero():
		c.note(EarlyDeadline, d, 0, shift, nil)
		return set(t.Add(-shift))
	}
	return set(t)
}

// Close closes the connection, and ends what stalls.
func (c *faultyConn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// CloseWrite half-closes, unless something goes wrong.
func (c *halfClosing) CloseWrite() error {
	d := c.ends.draw()
	if d.chance[0] < c.faults.FailedCloseWrite {
		err := c.opError("close", syscall.ENOTCONN)
		c.note(FailedCloseWrite, d, 0, 0, err)
		return err
	}
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}
