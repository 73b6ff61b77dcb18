//go:build !linux || spillway_portable

// Elsewhere than on Linux, and with the build tag spillway_portable, every socket is used through its net.Conn.

package transport

import "net"

type raw struct{}

func (*raw) init(net.Conn, func(int64))         {}
func (*raw) usable() bool                       { return false }
func (*raw) withDescriptor(func(int) bool) bool { return false }
func (*raw) discards() bool                     { return false }
func (*raw) read([]byte) (int, error)           { panic("transport: no raw sockets here") }
func (*raw) readReady([]byte) int               { panic("transport: no raw sockets here") }
func (*raw) await(Lender) (int, error)          { panic("transport: no raw sockets here") }
func (*raw) discard(int64) (int, error)         { panic("transport: no raw sockets here") }
func (*raw) write(_, _ []byte) (int64, error)   { panic("transport: no raw sockets here") }
