// What the registry's lock costs for each connection, with as many others as there may be.

package server

import (
	"net"
	"testing"

	"github.com/spillway-go/spillway/conn"
)

// BenchmarkSharedRegistry makes and registers a connection and takes it out again, as accepting and its end do.
func BenchmarkSharedRegistry(b *testing.B) {
	var r registry
	r.init(0)
	shared := conn.Share(conn.Config{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.remove(r.add(new(net.TCPConn), shared))
		}
	})
}

// BenchmarkSharedRegistryLock does what both do while they hold the lock.
func BenchmarkSharedRegistryLock(b *testing.B) {
	var r registry
	r.init(0)
	shared := conn.Share(conn.Config{})
	all := make([]*conn.Conn, 100_000)
	for i := range all {
		all[i] = r.add(new(net.TCPConn), shared)
	}
	for i := 0; b.Loop(); i++ {
		c := all[i%len(all)]
		r.remove(c)
		r.mu.Lock()
		r.conns[c] = struct{}{}
		r.mu.Unlock()
	}
}
