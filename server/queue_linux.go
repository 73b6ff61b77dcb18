// The system's queue of accepted connections, as a shutdown sees it.

package server

import (
	"net"
	"syscall"
	"unsafe"
)

// queued reports whether connections wait in the system's queue.
func queued(l net.Listener) (some bool) {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	rc.Control(func(fd uintptr) {
		const readable = 1
		poll := struct {
			fd              int32
			events, revents int16
		}{int32(fd), readable, 0}
		var now syscall.Timespec
		n, _, _ := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		some = n == 1 && poll.revents&readable != 0
	})
	return some
}
