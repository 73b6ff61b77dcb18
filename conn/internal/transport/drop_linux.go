//go:build linux && !spillway_portable && !386

// Received bytes can be thrown away without being copied: recv with MSG_TRUNC.

package transport

import "syscall"

const canDrop = true

// dropOnce throws away at most n bytes.
func dropOnce(fd uintptr, n int) (int, syscall.Errno) {
	got, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, 0, uintptr(n), syscall.MSG_TRUNC, 0, 0)
	return int(got), errno
}
