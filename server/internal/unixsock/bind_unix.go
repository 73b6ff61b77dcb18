//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

// A socket is bound, then given its mode and owner, and only then listened on: until that connections are refused.

package unixsock

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// longestQueue is what is asked for; the system cuts it to what it allows.
const longestQueue = 1<<16 - 1

func listen(path string, who Access) (*net.UnixListener, error) {
	fd, err := bind(path, who)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	if err := syscall.Listen(fd, longestQueue); err != nil {
		os.Remove(path)
		return nil, os.NewSyscallError("listen", err)
	}
	l, err := net.FileListener(file)
	if err != nil {
		os.Remove(path)
		return nil, err
	}
	own := l.(*net.UnixListener)
	own.SetUnlinkOnClose(true)
	return own, nil
}

// bind returns a socket that has its path, mode and owner, and that nobody can connect to yet.
func bind(path string, who Access) (fd int, err error) {
	syscall.ForkLock.RLock()
	fd, err = syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		syscall.Close(fd)
		return -1, os.NewSyscallError("bind", err)
	}
	if err := who.allow(path); err != nil {
		syscall.Close(fd)
		os.Remove(path)
		return -1, err
	}
	return fd, nil
}

// refused reports whether an error of connecting says that nobody listens.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// lock keeps other processes that use it from listening in a directory until unlock is called. Where that cannot be, it does
// nothing.
func lock(dir string) (unlock func()) {
	d, err := os.Open(dir)
	if err != nil {
		return func() {}
	}
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
	}
	return func() { d.Close() }
}
