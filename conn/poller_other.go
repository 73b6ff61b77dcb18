//go:build !linux || spillway_portable

// Elsewhere than on Linux nothing is parked: an idle connection keeps its goroutine.

package conn

type poller struct{}
type place struct{}

func (*poller) add(*Conn, int) bool                     { return false }
func (*poller) remove(*Conn)                            {}
func (*poller) watch(*Conn, int, func(reset bool)) bool { return false }
func (*poller) unwatch(*Conn) func(reset bool)          { return nil }
func (*poller) close()                                  {}
