//go:build !unix

// Elsewhere no signal lets a process be replaced.

package restart

import "os"

var replacing []os.Signal

func closeOnExec(int) {}
