//go:build race && !spillway_portable

// The race detector knows what package net's sockets order: what was done before a write comes before what is done after a
// read. Raw system calls tell it nothing, so these functions do.

package transport

import "syscall"

// haveRead says that n bytes were read from fd. The system call's own wrapper tells the detector so; it is made to read
// nothing, successfully.
func haveRead(fd uintptr, p, behind []byte, n int) {
	syscall.Read(int(fd), nil)
	touch(p[:min(n, len(p))])
	touch(behind[:max(0, min(n-len(p), len(behind)))])
}

// willWrite says that something is about to be written. No descriptor is needed for that.
func willWrite() { syscall.Write(-1, nil) }

// haveWritten says that the first n bytes of p and q were written.
func haveWritten(p, q []byte, n int) {
	see(p[:min(n, len(p))], "")
	see(q[:max(0, min(n-len(p), len(q)))], "")
}

// touch has the detector see p written: a copy tells it of all bytes at once, which takes a sixtieth of telling it of each.
func touch(p []byte) { copy(p, p) }

// see has the detector see p read, all at once, as a comparison of strings tells it.
//
//go:noinline
func see(p []byte, other string) bool { return string(p) == other }
