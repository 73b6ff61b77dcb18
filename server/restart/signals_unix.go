//go:build unix

// The signal that lets a process be replaced.

package restart

import (
	"os"
	"syscall"
)

var replacing = []os.Signal{syscall.SIGUSR2}

func closeOnExec(fd int) { syscall.CloseOnExec(fd) }
