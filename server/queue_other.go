//go:build !linux

package server

import "net"

func queued(net.Listener) bool { return false }
