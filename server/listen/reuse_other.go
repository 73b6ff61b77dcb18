//go:build !linux

// Elsewhere than on Linux the system does not spread connections among several sockets on one port.

package listen

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

func reusePort(_, _ string, _ syscall.RawConn) error {
	return fmt.Errorf("listen: a listener for each core, on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
