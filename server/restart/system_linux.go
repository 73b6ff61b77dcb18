// The clock by which systemd tells when a reload began.

package restart

import (
	"syscall"
	"unsafe"
)

// monotonic returns CLOCK_MONOTONIC in microseconds.
func monotonic() int64 {
	const clockMonotonic = 1
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano() / 1000
}
