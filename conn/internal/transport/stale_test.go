// What a panic of a connection leaves behind.

package transport

import (
	"net"
	"testing"
)

// panicky is a connection whose first read and first write panic.
type panicky struct {
	net.Conn
	reads, writes int
	written       string
}

func (c *panicky) Read(p []byte) (int, error) {
	if c.reads++; c.reads == 1 {
		panic("as asked")
	}
	return copy(p, "abc"), nil
}

func (c *panicky) Write(p []byte) (int, error) {
	if c.writes++; c.writes == 1 {
		panic("as asked")
	}
	c.written += string(p)
	return len(p), nil
}

// recovers reports whether f panics.
func recovers(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

// TestOperationBehindAPanicIsAnother reads and writes where what the last operation was about has never been taken back.
func TestOperationBehindAPanicIsAnother(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	nc := &panicky{Conn: ours}
	s := new(Socket)
	s.Init(nc, func() { t.Error("shut") })
	bin := &Bin{}
	bin.Aim(3, false)
	if !recovers(func() { s.Await(bin) }) || !recovers(func() { s.WriteBoth([]byte("lost"), []byte("too")) }) {
		t.Fatal("no panic")
	}
	p := make([]byte, 3)
	if n, err := s.Read(p); string(p[:n]) != "abc" || err != nil {
		t.Errorf("%q, %v", p[:n], err)
	}
	if n, err := s.Write([]byte("sent")); n != 4 || err != nil || nc.written != "sent" {
		t.Errorf("%d, %v; %q was written", n, err, nc.written)
	}
}
