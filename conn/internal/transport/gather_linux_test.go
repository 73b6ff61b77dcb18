// What the system gathers for a lingering connection is not lost sight of.

package transport

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// pair returns a socket of a server, and its client.
func pair(t *testing.T) (*Socket, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	s := new(Socket)
	s.Init(nc, func() { nc.Close() })
	return s, client
}

// arrived waits until the client's bytes are there.
func arrived(t *testing.T, s *Socket) {
	t.Helper()
	raw, err := s.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	s.Conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return n > 0 || err != syscall.EAGAIN
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A client that sends little is not taken for one that sends nothing: what has come when the time is over counts.
func TestWhatIsGatheredIsSeenInTime(t *testing.T) {
	for _, gathers := range []bool{false, true} {
		s, client := pair(t)
		if !s.raw.discards() {
			t.Skip("the system cannot throw bytes away here")
		}
		io.WriteString(client, "some")
		arrived(t, s)
		if !s.raw.gather(gathered) {
			t.Fatal("the system gathers nothing")
		}
		n, err := s.discardBy(time.Now(), 100, gathers)
		switch {
		case gathers && (n != 4 || err != nil):
			t.Errorf("%d bytes, %v", n, err)
		case !gathers && !IsTimeout(err):
			t.Errorf("nobody was to look, and there are %d bytes, %v", n, err)
		}
		if n, err := s.discardBy(time.Now(), 100, true); gathers && !IsTimeout(err) {
			t.Errorf("nothing has come, and there are %d bytes, %v", n, err)
		}
	}
}

// A client that sends all before it reads, and much more than is gathered, is neither kept waiting nor reset.
func TestLingeringTakesWhatComes(t *testing.T) {
	const content = 9<<20 + 1
	s, client := pair(t)
	over := make(chan bool)
	go func() {
		defer close(over)
		var l Lingerers
		l.Linger(s, Patience{Total: time.Hour, Idle: time.Hour, Bytes: 1 << 62, Much: true}, Together{Conns: 1, BytesPerSecond: 1 << 40})
	}()
	if n, err := client.Write(make([]byte, content)); err != nil {
		t.Fatalf("after %d bytes: %v", n, err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the client has read %d bytes, %v", n, err)
	}
	client.Close()
	<-over
	if s.Moved() != content {
		t.Errorf("%d bytes were read", s.Moved())
	}
}

// One that may read little more gathers no more than that.
func TestLingeringGathersNoMoreThanItReads(t *testing.T) {
	s, client := pair(t)
	go client.Write(make([]byte, 1000))
	var l Lingerers
	l.Linger(s, Patience{Total: time.Hour, Idle: time.Hour, Bytes: 1000, Much: true}, Together{Conns: 1, BytesPerSecond: 1 << 40})
	if s.Moved() != 1000 {
		t.Errorf("%d bytes were read", s.Moved())
	}
}

// What is gathered is in the system's memory: only so many connections do it.
func TestManyLingeringConnectionsGatherNothing(t *testing.T) {
	for others, gathers := range map[int]bool{0: true, mostGathering - 1: true, mostGathering: false} {
		s, client := pair(t)
		if !s.raw.discards() {
			t.Skip("the system cannot throw bytes away here")
		}
		var l Lingerers
		for range others {
			l.enter(new(Socket), mostGathering+1)
		}
		go client.Write(make([]byte, 10))
		l.Linger(s, Patience{Total: time.Hour, Idle: time.Hour, Bytes: 10, Much: true}, Together{Conns: mostGathering + 1, BytesPerSecond: 1 << 40})
		got := 0
		s.WithDescriptor(func(fd int) (ok bool) {
			got, _ = syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVLOWAT)
			return true
		})
		if (got == 10) != gathers {
			t.Errorf("beside %d others it is woken for %d bytes", others, got)
		}
	}
}
