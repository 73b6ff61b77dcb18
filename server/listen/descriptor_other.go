//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

// Elsewhere listeners are not handed from one process to another.

package listen

import (
	"errors"
	"net"
	"os"
)

func adopt(int, string) (net.Listener, error) { return nil, errors.ErrUnsupported }

func copyOf(net.Listener) (*os.File, error) { return nil, errors.ErrUnsupported }
