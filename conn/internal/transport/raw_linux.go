//go:build linux && !spillway_portable

// On Linux a plain TCP or Unix socket is read and written through its descriptor: the first attempt costs one system call
// and nothing else, and only one that finds the socket not ready has to do with deadlines, clocks and the scheduler.

package transport

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

const (
	// rawBytes is how much one system call moves at most: the scheduler is not told of it, and cannot interrupt it. Over
	// loopback many short writes cost more than one, but so does one of more than 16 segments, 1,047,728 bytes.
	rawBytes = 63 << 14
	// firstBytes go out with the head of what is longer, and wake the client up before the rest is copied.
	firstBytes = 16 << 10
)

// raw does a socket's reads and writes.
type raw struct {
	s          *Socket         // whose part it is
	rc         syscall.RawConn // nil: the socket is not of the kind
	tryR, tryW func(fd uintptr) bool
	hasty      bool // nothing is waited for
	got        int
	put        int64 // bytes that the write under way has written
	rErr, wErr syscall.Errno
}

func (r *raw) init(s *Socket) {
	if rc, err := s.Conn.(syscall.Conn).SyscallConn(); err == nil {
		r.s, r.rc, r.tryR, r.tryW = s, rc, r.tryRead, r.tryWrite
	}
}

func (r *raw) usable() bool { return r.rc != nil }

// withDescriptor calls f with the file descriptor, if the socket is open.
func (r *raw) withDescriptor(f func(fd int) bool) (ok bool) {
	failed := r.rc == nil || r.rc.Control(func(fd uintptr) { ok = f(int(fd)) }) != nil
	return ok && !failed
}

// readReady reads into p, and waits for nothing.
func (r *raw) readReady(p []byte) int {
	r.s.want, r.hasty, r.got = want{into: p}, true, 0
	err := r.rc.Read(r.tryR)
	r.s.want, r.hasty = want{}, false
	if err != nil || r.rErr != 0 {
		return 0
	}
	return r.got
}

// discards reports whether the system can throw bytes away without copying them.
func (r *raw) discards() bool {
	if !r.usable() {
		return false
	}
	_, tcp := r.s.Conn.(*net.TCPConn)
	return tcp && canDrop
}

// gather lets those who wait for bytes sleep until so many are there, no more fit in, or none will follow, and makes room for as many.
// It reports whether the system does: what a read finds is not changed by it.
func (r *raw) gather(n int64) bool {
	return r.discards() && r.withDescriptor(func(fd int) bool {
		return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, int(n)) == nil
	})
}

// dropReady throws away at most n bytes, and waits for nothing.
func (r *raw) dropReady(n int64) (got int) {
	r.withDescriptor(func(fd int) bool {
		got, _ = dropOnce(uintptr(fd), int(min(n, rawBytes)))
		return got > 0
	})
	return max(got, 0)
}

// read does what is wanted: it reads, or throws away, at least one byte, or returns an error.
func (r *raw) read() (int, error) {
	err := r.rc.Read(r.tryR)
	if err == nil && r.rErr == 0 && r.got > 0 {
		return r.got, nil
	}
	return 0, r.failure("read", err, r.rErr)
}

// failure returns why nothing was read, or not all was written.
func (r *raw) failure(op string, err error, errno syscall.Errno) error {
	switch {
	case err != nil:
		return opError(r.s.Conn, op, bare(err))
	case errno != 0:
		return opError(r.s.Conn, op, os.NewSyscallError(op, errno))
	}
	return io.EOF
}

// bare takes off what a RawConn says of itself.
func bare(err error) error {
	if op, is := err.(*net.OpError); is {
		return op.Err
	}
	return err
}

// tryRead reads once, and reports whether there was something to read.
func (r *raw) tryRead(fd uintptr) bool {
	w := &r.s.want
	p, behind := w.into, []byte(nil)
	if w.lender != nil {
		p, behind = w.lender.Room()
	}
	n, errno := 0, syscall.EINTR
	for errno == syscall.EINTR {
		n, errno = readOnce(fd, p, behind, w.drop)
	}
	if errno != syscall.EAGAIN || r.hasty {
		if errno == 0 {
			haveRead(fd, p, behind, n)
		}
		r.got, r.rErr = n, errno
		return true
	}
	if w.lender != nil {
		w.lender.GiveBack()
	}
	r.s.waits.Add(1)
	if r.s.times {
		r.s.Reads.wait()
	}
	return false
}

// readOnce reads into p and behind, or throws away up to drop bytes.
func readOnce(fd uintptr, p, behind []byte, drop int64) (int, syscall.Errno) {
	switch {
	case drop > 0:
		return dropOnce(fd, int(min(drop, rawBytes)))
	case len(behind) > 0 && len(p) < rawBytes:
		v := [2]syscall.Iovec{{Base: unsafe.SliceData(p)}, {Base: unsafe.SliceData(behind)}}
		v[0].SetLen(len(p))
		v[1].SetLen(len(behind))
		n, _, errno := syscall.RawSyscall(syscall.SYS_READV, fd, uintptr(unsafe.Pointer(&v)), 2)
		return int(n), errno
	}
	return receiveOnce(fd, p[:min(len(p), rawBytes)])
}

// write writes what is to be sent, or returns an error and how many bytes were written.
func (r *raw) write() (int64, error) {
	r.put, r.wErr = 0, 0
	err := r.rc.Write(r.tryW)
	if err == nil && r.wErr == 0 {
		return r.put, nil
	}
	return r.put, r.failure("write", err, r.wErr)
}

// tryWrite writes what the socket takes, and reports whether that was all, or failed.
func (r *raw) tryWrite(fd uintptr) bool {
	for o := &r.s.out; len(o.p)+len(o.q) > 0; {
		willWrite()
		n, errno := writeOnce(fd, o.p, o.q)
		switch errno {
		case 0:
			haveWritten(o.p, o.q, n)
			r.put += int64(n)
			o.took(n)
		case syscall.EINTR:
		case syscall.EAGAIN:
			r.s.waits.Add(1)
			r.s.beginWait(r.put)
			return false
		default:
			r.wErr = errno
			return true
		}
	}
	return true
}

// writeOnce makes one system call, for both buffers, or for the first and the beginning of the second.
func writeOnce(fd uintptr, p, q []byte) (int, syscall.Errno) {
	if len(p) == 0 {
		p, q = q, nil
	}
	if len(q) == 0 || len(p) >= rawBytes {
		return sendOnce(fd, p[:min(len(p), rawBytes)])
	}
	v := [2]syscall.Iovec{{Base: unsafe.SliceData(p)}, {Base: unsafe.SliceData(q)}}
	v[0].SetLen(len(p))
	most := rawBytes - len(p)
	if len(q) > most {
		most = firstBytes
	}
	v[1].SetLen(min(len(q), most))
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&v)), 2)
	return int(n), errno
}
