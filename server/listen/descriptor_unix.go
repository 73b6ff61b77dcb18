//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

// Listeners are made of descriptors, and descriptors of listeners.

package listen

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// adopt makes a listener of a descriptor, which is used up.
func adopt(fd int, name string) (net.Listener, error) {
	accepts, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if errors.Is(err, syscall.EBADF) {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	switch {
	case err != nil:
		return nil, err
	case accepts == 0:
		return nil, errors.New("it is not a socket that is listened on")
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	return net.FileListener(file)
}

// copyOf returns another descriptor of a listener's socket. What net's File returns would not do: handing that on would make the
// socket block, also in this process.
func copyOf(l net.Listener) (file *os.File, err error) {
	socket, is := l.(syscall.Conn)
	if !is {
		return nil, errors.ErrUnsupported
	}
	rc, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	failed := rc.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		var own int
		if own, err = syscall.Dup(int(fd)); err == nil {
			syscall.CloseOnExec(own)
			file = os.NewFile(uintptr(own), "listener")
		}
	})
	return file, errors.Join(failed, err)
}
