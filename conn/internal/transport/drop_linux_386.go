//go:build linux && !spillway_portable

// On 386 recv is no system call of its own, and bytes that are thrown away are read.

package transport

import "syscall"

const canDrop = false

func dropOnce(uintptr, int) (int, syscall.Errno) { return 0, syscall.ENOSYS }
