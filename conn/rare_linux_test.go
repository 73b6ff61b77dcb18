//go:build linux && !spillway_portable

// Connections whose requests come far apart: they are parked without a wait, and what wakes them is read without a deadline.

package conn

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// tcpPair returns both ends of a connection, of which the second is a Conn's.
func tcpPair(t *testing.T, cfg Config) (client net.Conn, c *Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	shared := Share(cfg)
	t.Cleanup(func() {
		client.Close()
		nc.Close()
		shared.Close()
	})
	return client, New(nc, shared, 1)
}

// awaitInQueue waits until something has come, and leaves it there.
func awaitInQueue(t *testing.T, nc net.Conn) {
	t.Helper()
	rc, err := nc.(syscall.Conn).SyscallConn()
	if err == nil {
		err = rc.Read(func(fd uintptr) bool {
			_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
			return err != syscall.EAGAIN
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A connection whose last request was rare would wait for the 64th of an hour otherwise. It has sent its response then, and holds no
// buffer.
func TestRareConnectionIsParkedAtOnce(t *testing.T) {
	client, c := tcpPair(t, Config{Handler: HandlerFunc(echoPath), Park: true, Limits: Limits{ParkAfter: time.Hour}})
	io.WriteString(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
	c.parked, c.idleSince = true, time.Since(c.cfg.began)-2*time.Hour // as behind a park
	if end := c.exchange(); end.verdict != VerdictReuse || !c.rare {
		t.Fatalf("verdict %v, rare %t", end.verdict, c.rare)
	}
	ended := make(chan ending)
	go func() { ended <- c.exchange() }()
	select {
	case end := <-ended:
		if end.verdict != VerdictPark {
			t.Errorf("verdict %v", end.verdict)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it waits")
	}
	if c.out.buf != nil || c.in.buf != nil {
		t.Errorf("parked with buffers of %d and %d bytes, %d of them not sent", cap(c.in.buf), cap(c.out.buf), len(c.out.buf))
	}
	client.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadFull(client, make([]byte, len("HTTP/1.1 200 OK\r\n"))); err != nil {
		t.Errorf("no response: %v", err)
	}
}

// One that cannot be parked, because it has been closed meanwhile, does not try for ever: it waits, and so it sees that.
func TestRareConnectionThatCannotBeParkedEnds(t *testing.T) {
	client, c := tcpPair(t, Config{Handler: HandlerFunc(echoPath), Park: true, Limits: Limits{ParkAfter: time.Hour}})
	io.WriteString(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
	c.parked, c.idleSince = true, time.Since(c.cfg.began)-2*time.Hour
	ended := make(chan Reason, 1)
	go func() {
		ended <- c.run(func(*Conn) ending {
			end := c.exchange()
			c.out.Flush()
			c.Abort()
			return end
		})
	}()
	select {
	case why := <-ended:
		if why != ReasonAborted {
			t.Errorf("it ended: %v", why)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
}

// Requests that follow each other end that: the next wait is one with a goroutine.
func TestRareConnectionWithRequestsThatFollow(t *testing.T) {
	client, c := tcpPair(t, Config{Handler: HandlerFunc(echoPath), Park: true, Limits: Limits{ParkAfter: time.Hour}})
	io.WriteString(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
	c.parked, c.idleSince = true, time.Since(c.cfg.began)-2*time.Hour
	for _, rare := range []bool{true, false} {
		if end := c.exchange(); end.verdict != VerdictReuse || c.rare != rare {
			t.Fatalf("verdict %v, rare %t, want %t", end.verdict, c.rare, rare)
		}
	}
	if c.readyToPark() {
		t.Error("parked at once")
	}
}

// What has woken a connection is in its window when it goes on, and no deadline was set for it. One that was woken by its time, or by
// Stop, holds no buffer.
func TestWokenConnectionTakesWhatHasCome(t *testing.T) {
	client, c := tcpPair(t, Config{Handler: HandlerFunc(echoPath), Park: true})
	c.work = nil // as parkUnder leaves it
	c.resume()
	if c.in.buf != nil || c.in.waiting() > 0 {
		t.Errorf("nothing has come: %d bytes in a buffer of %d", c.in.waiting(), len(c.in.buf))
	}
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	io.WriteString(client, request)
	awaitInQueue(t, c.nc)
	c.work = nil
	c.resume()
	if got := string(c.in.Window()); got != request {
		t.Errorf("window %q", got)
	}
	if end := c.awaitRequest(); end.verdict != VerdictReuse || c.parked {
		t.Errorf("verdict %v, parked %t", end.verdict, c.parked)
	}
}
