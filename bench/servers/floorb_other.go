// Floor B needs the calls of Linux.

//go:build !linux

package servers

import (
	"errors"
	"net"
)

func serveFloorB(net.Listener, *Env) error { return errors.New("floor B needs Linux") }
