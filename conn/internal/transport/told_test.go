// How far a write has come can be seen while it waits.

package transport

import (
	"io"
	"net"
	"testing"
	"time"
)

// only has the methods of net.Conn alone.
type only struct{ net.Conn }

// connected returns the two ends of a connection over loopback.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

func TestMovedFollowsAWrite(t *testing.T) {
	const size = 64 << 20 // more than fits between the two
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"plain": func(nc net.Conn) net.Conn { return nc },
		"bare":  func(nc net.Conn) net.Conn { return only{nc} },
	} {
		t.Run(name, func(t *testing.T) {
			client, nc := connected(t)
			s := new(Socket)
			s.Init(wrap(nc), func() { nc.Close() })
			s.Tell(true)
			wrote := make(chan int64, 1)
			go func() {
				n, _ := s.WriteBoth(make([]byte, 1000), make([]byte, size))
				wrote <- n
			}()
			for read := int64(0); read < size/2; read += 1 << 20 {
				if _, err := io.CopyN(io.Discard, client, 1<<20); err != nil {
					t.Fatal(err)
				}
				for end := time.Now().Add(10 * time.Second); s.Moved() < read; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d bytes were read, and %d have moved", read, s.Moved())
					}
				}
			}
			select {
			case <-wrote:
				t.Fatal("the write is over")
			default:
			}
			go io.Copy(io.Discard, client)
			if n := <-wrote; n != size+1000 || s.Moved() != n {
				t.Errorf("%d bytes were written, and %d have moved", n, s.Moved())
			}
		})
	}
}
