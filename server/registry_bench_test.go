// What connections cost that they share before they are served: the goroutine of their listener, and the registry's lock.

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

// BenchmarkSharedAccept accepts connections that wait already, as a listener's goroutine does, and registers them.
func BenchmarkSharedAccept(b *testing.B) {
	const batch = 500
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var r registry
	r.init(0)
	shared := conn.Share(conn.Config{})
	var ends []net.Conn
	b.ResetTimer()
	for i := range b.N {
		if i%batch == 0 {
			b.StopTimer()
			for _, end := range ends {
				end.(*net.TCPConn).SetLinger(0) // so that no port has to wait
				end.Close()
			}
			ends = ends[:0]
			for range min(batch, b.N-i) {
				nc, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				ends = append(ends, nc)
			}
			b.StartTimer()
		}
		nc, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		r.remove(r.add(nc, shared))
		ends = append(ends, nc)
	}
	b.StopTimer()
	for _, end := range ends {
		end.Close()
	}
}
