//go:build !linux || spillway_portable

// Elsewhere than on Linux, and with the build tag spillway_portable, every socket is used through its net.Conn.

package transport

type raw struct{}

func (*raw) init(*Socket)                       {}
func (*raw) usable() bool                       { return false }
func (*raw) withDescriptor(func(int) bool) bool { return false }
func (*raw) discards() bool                     { return false }
func (*raw) gather(int64) bool                  { return false }
func (*raw) dropReady(int64) int                { return 0 }
func (*raw) read() (int, error)                 { panic("transport: no raw sockets here") }
func (*raw) readReady([]byte) int               { panic("transport: no raw sockets here") }
func (*raw) write() (int64, error)              { panic("transport: no raw sockets here") }
