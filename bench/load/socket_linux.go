// The generator's sockets: as near to the system calls as Go allows, with TLS on top where the case has it.

package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/cases"
)

// errAgain tells that a call would have had to wait.
var errAgain = errors.New("load: try again")

// socket is a connected socket that never waits.
type socket struct {
	fd  int
	tls *tls.Conn // nil: plain
}

// dial connects, waiting for it, and sends what the connection begins with.
func dial(addr *net.TCPAddr, begin string, config *tls.Config) (socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return socket{}, fmt.Errorf("load: socket: %w", err)
	}
	s := socket{fd: fd}
	if err := s.open(addr, begin, config); err != nil {
		unix.Close(fd)
		return socket{}, err
	}
	return s, nil
}

func (s *socket) open(addr *net.TCPAddr, begin string, config *tls.Config) error {
	to := &unix.SockaddrInet4{Port: addr.Port}
	copy(to.Addr[:], addr.IP.To4())
	for {
		err := unix.Connect(s.fd, to)
		if err == nil || err == unix.EISCONN {
			break
		}
		if err != unix.EINTR && err != unix.EALREADY {
			return fmt.Errorf("load: connect: %w", err)
		}
	}
	if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("load: TCP_NODELAY: %w", err)
	}
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if begin != "" { // which a new connection takes at once
		if _, err := unix.Write(s.fd, []byte(begin)); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	if config == nil {
		return nil
	}
	under := &rawConn{fd: s.fd, patient: true}
	s.tls = tls.Client(under, config)
	if err := s.tls.Handshake(); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	under.patient = false
	return nil
}

func (s *socket) close() { unix.Close(s.fd) }

// read returns at least one byte, or an error: io.EOF, errAgain or the system's.
func (s *socket) read(p []byte) (int, error) {
	if s.tls == nil {
		return rawRead(s.fd, p)
	}
	n, err := s.tls.Read(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, errAgain
	}
	if n > 0 {
		err = nil
	}
	return n, err
}

// write writes as much as it can, and returns errAgain if that is not all. With TLS it writes all.
func (s *socket) write(p []byte) (int, error) {
	if s.tls == nil {
		return rawWrite(s.fd, p)
	}
	return s.tls.Write(p)
}

func rawRead(fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return received(int(n), errno)
}

func received(n int, errno syscall.Errno) (int, error) {
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0, errAgain
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func rawWrite(fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0, errAgain
	case errno != 0:
		return 0, errno
	case int(n) < len(p):
		return int(n), errAgain
	}
	return int(n), nil
}

// rawConn is what TLS reads from and writes to. A read that would have to wait fails with a temporary error, after which
// TLS can go on where it was.
type rawConn struct {
	fd      int
	patient bool // reads wait: the handshake
}

func (c *rawConn) Read(p []byte) (int, error) {
	for {
		n, err := rawRead(c.fd, p)
		if err != errAgain {
			return n, err
		}
		if !c.patient {
			return 0, os.ErrDeadlineExceeded
		}
		c.wait(unix.POLLIN)
	}
}

func (c *rawConn) Write(p []byte) (int, error) {
	for sent := 0; ; {
		n, err := rawWrite(c.fd, p[sent:])
		sent += n
		if err != errAgain {
			return sent, err
		}
		c.wait(unix.POLLOUT)
	}
}

func (c *rawConn) wait(events int16) {
	unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: events}}, 1000)
}

func (c *rawConn) Close() error                     { return nil }
func (c *rawConn) LocalAddr() net.Addr              { return nil }
func (c *rawConn) RemoteAddr() net.Addr             { return nil }
func (c *rawConn) SetDeadline(time.Time) error      { return nil }
func (c *rawConn) SetReadDeadline(time.Time) error  { return nil }
func (c *rawConn) SetWriteDeadline(time.Time) error { return nil }

// tlsConfig trusts anybody: the certificate was made a minute ago by the program that runs the server.
func tlsConfig(c *cases.Case) *tls.Config {
	if !c.TLS {
		return nil
	}
	return &tls.Config{ServerName: cases.Host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519}} // the cheapest handshake: with 10,000 connections it takes longest
}
