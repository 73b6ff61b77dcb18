//go:build linux && !spillway_portable

// On 386 recv is no system call of its own: sockets are read as files are, and so are bytes that are thrown away.

package transport

import (
	"syscall"
	"unsafe"
)

const canDrop = false

// receiveOnce reads into p.
func receiveOnce(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func dropOnce(uintptr, int) (int, syscall.Errno) { return 0, syscall.ENOSYS }
