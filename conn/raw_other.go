//go:build !linux || spillway_portable

// Elsewhere than on Linux, and with the build tag spillway_portable, every socket is used through its net.Conn.

package conn

import "net"

type raw struct{}

func (*raw) init(net.Conn, func(int64))              {}
func (*raw) usable() bool                            { return false }
func (*raw) descriptor() (int, bool)                 { return 0, false }
func (*raw) write(p, q []byte) (int64, error)        { panic("conn: no raw sockets here") }
func (*raw) read(_, _ []byte, _ *input) (int, error) { panic("conn: no raw sockets here") }

// poller parks nothing: an idle connection keeps its goroutine.
type poller struct{}
type place struct{}

func (*poller) add(*Conn, int) bool           { return false }
func (*poller) remove(*Conn)                  {}
func (*poller) watch(*Conn, int, func()) bool { return false }
func (*poller) unwatch(*Conn) func()          { return nil }
func (*poller) close()                        {}

func (*raw) discard(nc net.Conn, n int64) (int, error) { return discardByReading(nc, n) }
