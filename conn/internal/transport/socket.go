// The seam between a connection and what carries it.

package transport

import (
	"io"
	"io/fs"
	"math"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// Socket is a net.Conn with deadlines that are cheap to move, and with the ways to move bytes that the system has beyond
// Read and Write. It can stand under TLS: a write that only ran into a moved deadline goes on here, so that TLS never sees
// half a record fail. One goroutine at a time may read, and one may write.
//
// Where thousands of connections are busy, what an exchange touches of one has to be fetched from memory, by the cache line: what
// every exchange touches stands together, and what a read or a write is about stands here and not in the frames of those it calls.
type Socket struct {
	net.Conn
	plain   bool // nothing stands between the Conn and the system
	below   bool // TLS stands on it, so that what it reads is not what its user reads
	hurries bool // reads do not wait
	times   bool // the read under way is to say when it begins to wait
	raw     raw
	want    want         // of the read under way
	out     outgoing     // of the write under way
	atOnce  int64        // bytes of it that did not wait
	moved   atomic.Int64 // bytes in either direction
	credit  atomic.Int64 // bytes that the client sent while a write waited: it is not idle
	waits   atomic.Int64 // how often a read or a write has waited, where that is known
	turns   [2]int       // bytes read, and written, since the goroutine last made way for others
	Reads   Direction
	Writes  Direction

	shut  func()
	tells atomic.Bool // moved follows a write while it is under way
	bin   Bin         // of the reader's
}

// Lender lends what Await reads into, for as long as that does not wait.
type Lender interface {
	Room() (p, behind []byte) // p has at least one byte; what does not fit into it may go into behind
	GiveBack()                // is called before a wait of which nobody knows the length, if Room need not be kept for it
}

// Init makes the socket use nc, which shut closes, whatever becomes of that: it may be called from any goroutine.
func (s *Socket) Init(nc net.Conn, shut func()) {
	s.Conn, s.shut = nc, shut
	s.plain = isPlain(nc)
	closes := shut
	if s.plain {
		closes = nil
	}
	s.Reads.init((*reading)(s), closes, s.plain, false)
	s.Writes.init((*writing)(s), closes, s.plain, breaksAtTimeouts(nc))
	if s.plain {
		s.raw.init(s)
	}
}

// reading and writing are a Socket as what sets the deadlines of its directions, without an object for each.
type (
	reading Socket
	writing Socket
)

func (s *reading) set(t time.Time) error { return s.Conn.SetReadDeadline(t) }
func (s *writing) set(t time.Time) error { return s.Conn.SetWriteDeadline(t) }

// isPlain reports whether a connection is the system's own, and not something that embeds it.
func isPlain(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// StandBelow says that a connection stands on the socket whose bytes are others. They are to be counted with Reads.Pay.
func (s *Socket) StandBelow() { s.below = true }

// Plain reports whether nothing stands between the connection and the system.
func (s *Socket) Plain() bool { return s.plain }

// Raw reports whether the socket is used through its descriptor, so that it waits without a buffer and can be parked.
func (s *Socket) Raw() bool { return s.raw.usable() }

// WithDescriptor calls f with the file descriptor, which is open for as long as f runs: another goroutine's Close waits. It
// returns what f returns, or false where there is none.
func (s *Socket) WithDescriptor(f func(fd int) bool) bool { return s.raw.withDescriptor(f) }

// Share says that somebody else has the connection too, and may set its deadlines.
func (s *Socket) Share() {
	s.Reads.Share()
	s.Writes.Share()
}

// Clear takes the deadlines off, for another Socket that will have the connection.
func (s *Socket) Clear() {
	s.Reads.Clear()
	s.Writes.Clear()
}

// Release leaves the deadlines to others.
func (s *Socket) Release() {
	s.Reads.Release()
	s.Writes.Release()
}

// Moved returns how many bytes the connection has moved in both directions.
func (s *Socket) Moved() int64 { return s.moved.Load() }

// Tell says whether Moved is to follow a write while it is under way, which costs more calls where the connection does not
// say how far it has come.
func (s *Socket) Tell(yes bool) { s.tells.Store(yes) }

// told is how many bytes of a write are told of at a time then: a client that takes 240 bytes a second, the least that is asked
// of it by default, is seen to move within the default time in which it must.
const told = 2 << 10

// Credit says that the client has sent bytes while a write waited.
func (s *Socket) Credit(n int64) { s.credit.Add(n) }

// Read returns at least one byte or an error.
func (s *Socket) Read(p []byte) (int, error) {
	if s.hurries {
		if n := s.raw.readReady(p); n > 0 {
			s.moved.Add(int64(n))
			return n, nil
		}
		return 0, os.ErrDeadlineExceeded
	}
	s.want = want{into: p}
	return s.pull()
}

// Hurry says whether reads wait. One that would have to, and does not, fails with os.ErrDeadlineExceeded; an error of the
// connection comes again at the next read that waits. It is for raw sockets, and for who reads.
func (s *Socket) Hurry(on bool) { s.hurries = on }

// Waits returns how often reads and writes of a raw socket have waited.
func (s *Socket) Waits() int64 { return s.waits.Load() }

// Await reads at least one byte into what is lent, or returns an error. n counts what went into behind too. A raw socket holds
// nothing of the lender's while it waits; of another nobody knows whether it will.
func (s *Socket) Await(l Lender) (int, error) {
	s.want = want{lender: l}
	return s.pull()
}

// Discard throws away at least one byte and at most n, or returns an error.
func (s *Socket) Discard(n int64) (int, error) {
	if s.raw.discards() {
		s.want = want{drop: n}
		return s.pull()
	}
	s.bin.Aim(n, !s.raw.usable())
	defer s.bin.GiveBack()
	got, err := s.Await(&s.bin)
	s.bin.Note(got)
	return got, err
}

// discardReady throws away at most n bytes that have come, also when their time is over. It is for sockets whose bytes the
// system can throw away.
func (s *Socket) discardReady(n int64) int {
	got := s.raw.dropReady(n)
	s.moved.Add(int64(got))
	return got
}

// want is what a read is for.
type want struct {
	into   []byte // where to read to
	lender Lender // or who lends that
	drop   int64  // or how much to throw away
}

// read does what is wanted once.
func (s *Socket) read() (int, error) {
	switch w := &s.want; {
	case s.raw.usable():
		return s.raw.read()
	case w.lender != nil:
		p, _ := w.lender.Room()
		return s.Conn.Read(p)
	default:
		return s.Conn.Read(w.into)
	}
}

// emptyReads is how often in a row a connection may read nothing without an error.
const emptyReads = 100

// pull reads until that brings something of what is wanted, or fails. Then nothing is wanted any more.
func (s *Socket) pull() (n int, err error) {
	for empty := 0; n <= 0 && err == nil; {
		s.beginRead()
		n, err = s.read()
		counts := int64(n)
		if s.below {
			counts = 0
		}
		var again bool
		switch again, err = s.Reads.leave(counts, err); {
		case n > 0:
			s.moved.Add(int64(n))
			s.makeWay(0, n)
		case err == nil && !again:
			if empty++; empty == emptyReads {
				err = io.ErrNoProgress
			}
			runtime.Gosched()
		}
	}
	s.want = want{}
	if n > 0 {
		return n, nil // an error comes again
	}
	return 0, err
}

// beginRead begins a read. A raw socket knows whether it waits.
func (s *Socket) beginRead() {
	if s.raw.usable() {
		s.times = s.Reads.begin()
	} else {
		s.Reads.enter(0)
	}
}

// turn is how many bytes a goroutine moves before it makes way for others: the scheduler does not see system calls that
// return at once.
const turn = 256 << 10

// makeWay lets other goroutines run after a turn.
func (s *Socket) makeWay(direction, n int) {
	if s.turns[direction] += n; s.turns[direction] >= turn {
		s.turns[direction] = 0
		runtime.Gosched()
	}
}

// Write writes all of p or returns an error.
func (s *Socket) Write(p []byte) (int, error) {
	n, err := s.WriteBoth(p, nil)
	return int(n), err
}

// WriteBoth writes all of p and q, in one system call where the system can, or returns an error.
func (s *Socket) WriteBoth(p, q []byte) (int64, error) {
	s.out = outgoing{p: p, q: q}
	return s.push()
}

// outgoing is what a write has still to send.
type outgoing struct {
	p, q []byte
	file *io.LimitedReader // or what is left of this
}

// took says that n bytes of p and q have been sent.
func (o *outgoing) took(n int) {
	first := min(n, len(o.p))
	o.p, o.q = o.p[first:], o.q[n-first:]
}

// write writes once, and reports whether all has been sent. It calls beginWait before it waits.
func (s *Socket) write() (n int64, done bool, err error) {
	o := &s.out
	switch {
	case o.file != nil:
		s.beginWait(0)
		n, err = s.Conn.(io.ReaderFrom).ReadFrom(o.file)
		return n, err == nil, err
	case s.raw.usable():
		n, err = s.raw.write()
	default:
		n, err = s.writeOnce(o.p, o.q)
		o.took(int(n))
	}
	return n, len(o.p)+len(o.q) == 0, err
}

func (s *Socket) writeOnce(p, q []byte) (int64, error) {
	s.beginWait(0)
	tells := s.tells.Load()
	if s.plain && len(p) > 0 && len(q) > 0 && !tells {
		both := net.Buffers{p, q}
		return both.WriteTo(s.Conn)
	}
	if len(p) == 0 {
		p = q
	}
	if tells {
		p = p[:min(len(p), told)]
	}
	n, err := s.Conn.Write(p)
	if n = max(n, 0); n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	return int64(n), err
}

// push writes until all is written, the deadline has passed, or the client has been too slow. Then nothing is to be sent any more.
func (s *Socket) push() (written int64, err error) {
	for done := false; !done && err == nil; {
		if s.Writes.Passed() {
			err = opError(s.Conn, "write", os.ErrDeadlineExceeded)
			break
		}
		s.atOnce = 0
		var n int64
		n, done, err = s.write()
		written += n
		s.moved.Add(n - s.atOnce)
		counts := n - s.atOnce
		if s.credit.Load() != 0 {
			counts += s.credit.Swap(0)
		}
		if _, err = s.Writes.leave(counts, err); !done {
			s.makeWay(1, int(n))
		}
	}
	s.out = outgoing{}
	return written, err
}

// beginWait sets the deadline of a write that may have to wait, after it has written so much at once: that was no wait,
// and pays for none.
func (s *Socket) beginWait(atOnce int64) {
	s.moved.Add(atOnce - s.atOnce)
	s.atOnce = atOnce
	s.Writes.enter(atOnce)
}

// SendsFiles reports whether the system can copy src to the connection, and returns it as a limited file.
func (s *Socket) SendsFiles(src io.Reader) (*io.LimitedReader, bool) {
	limited, ok := src.(*io.LimitedReader) // as io.CopyN makes
	if !ok {
		limited = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	_, isFile := limited.R.(interface {
		fs.File
		syscall.Conn
	})
	_, able := s.Conn.(io.ReaderFrom)
	return limited, isFile && able && s.plain
}

// SendFile copies at most n bytes of the file to the connection, and returns how many: fewer only at the file's end or
// with an error. The file is one that SendsFiles has returned.
func (s *Socket) SendFile(file *io.LimitedReader, n int64) (sent int64, err error) {
	piece := &io.LimitedReader{R: file.R, N: min(n, file.N)}
	whole := piece.N
	s.out = outgoing{file: piece}
	_, err = s.push()
	sent = whole - piece.N
	file.N -= sent
	return sent, err
}

// opError dresses an error as package net's own Read and Write do.
func opError(nc net.Conn, op string, err error) error {
	e := &net.OpError{Op: op, Source: nc.LocalAddr(), Addr: nc.RemoteAddr(), Err: err}
	if e.Source != nil {
		e.Net = e.Source.Network()
	}
	return e
}
