//go:build linux && !spillway_portable && !386

// Sockets are read by recv and written by send, which take less than read and write do. With MSG_TRUNC recv throws bytes away
// without copying them; with MSG_NOSIGNAL send makes no signal of it when the client has gone, only an error.

package transport

import (
	"syscall"
	"unsafe"
)

const canDrop = true

// receiveOnce reads into p.
func receiveOnce(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	return int(n), errno
}

// dropOnce throws away at most n bytes.
func dropOnce(fd uintptr, n int) (int, syscall.Errno) {
	got, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, 0, uintptr(n), syscall.MSG_TRUNC, 0, 0)
	return int(got), errno
}

// sendOnce writes p, or the beginning of it.
func sendOnce(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}
