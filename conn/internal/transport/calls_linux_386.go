//go:build linux && !spillway_portable

// On 386 recv and send are no system calls of their own: sockets are read and written as files are, and bytes that are thrown away
// are read too.

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

// sendOnce writes p, or the beginning of it.
func sendOnce(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}
