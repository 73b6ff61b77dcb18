// The lab ends when it is told to, and finishes what it has begun.

package server_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignalWhileExchangesRun sends the signal while a request, an upload and a stream are half-way.
func TestSignalWhileExchangesRun(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := startLab(t, "-trace")
			idle, fresh, sleeping, uploading := s.dial(), s.dial(), s.dial(), s.dial()
			idle.wantKept()
			sleeping.send("GET /sleep?ms=1000 HTTP/1.1\r\nHost: lab\r\n\r\nGET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n")
			uploading.send("POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 8\r\n\r\nhalf")
			for _, line := range []string{`conn 2: accepted`, `conn 3 exchange 1: head`, `conn 4 exchange 1: head`} {
				s.await(line)
			}

			s.signal(sig)
			idle.wantEnd()
			fresh.wantEnd()
			if !eventually(func() bool {
				c, err := net.Dial(s.network, s.addr)
				if err == nil {
					c.Close()
				}
				return err != nil
			}) {
				t.Error("new connections are still accepted")
			}
			if s.has(`conn 4 exchange 1: response`) {
				t.Error("the upload was to be running still")
			}
			uploading.send("half")
			sleeping.receive("GET").want(t, 200, "slept\n") // and nobody has told the client that it sent one too many
			for c, want := range map[*labClient]string{sleeping: "Hello, World!", uploading: "consumed 8 bytes\n"} {
				a := c.receive("GET")
				a.want(t, 200, want)
				if !a.Close {
					t.Errorf("the response has no Connection: close")
				}
				c.wantEnd()
				c.Close()
			}
			s.wait()
			if s.status != 0 {
				t.Errorf("exit status %d", s.status)
			}
		})
	}
}

// TestShutdownTimeout has an exchange that takes longer than the server waits for it.
func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	s := startLab(t, "-trace", "-shutdown-timeout", "300ms")
	c := s.dial()
	c.send("GET /sleep?ms=3600000 HTTP/1.1\r\nHost: lab\r\n\r\n")
	s.await(`conn 1 exchange 1: head`)
	began := time.Now()
	s.signal(syscall.SIGTERM)
	s.wait()
	if took := time.Since(began); s.status != 0 || took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("exit status %d after %v", s.status, took)
	}
	s.await(`not all exchanges have ended`)
}

// TestSecondSignal ends the server at once, by the signal.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := startLab(t, "-trace", "-shutdown-timeout", "0")
	c := s.dial()
	c.send("GET /sleep?ms=3600000 HTTP/1.1\r\nHost: lab\r\n\r\n")
	s.await(`conn 1 exchange 1: head`)
	go func() {
		for eventually(func() bool { return s.cmd.Process.Signal(syscall.SIGTERM) == nil }) {
			time.Sleep(20 * time.Millisecond)
			if s.cmd.Process.Signal(syscall.Signal(0)) != nil {
				return
			}
		}
	}()
	s.wait()
	if s.status != -1 {
		t.Errorf("exit status %d", s.status)
	}
	s.status = 0
}

// TestShutdownHijacked leaves a connection open that a handler has taken over.
func TestShutdownHijacked(t *testing.T) {
	t.Parallel()
	s := startLab(t, "-shutdown-timeout", "300ms")
	c := s.dial()
	c.send("GET /hijack HTTP/1.1\r\nHost: lab\r\n\r\n")
	if head := readUntil(t, c, "\r\n\r\n"); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatal(head)
	}
	s.signal(syscall.SIGTERM)
	s.wait()
}

// TestManyConnections opens and closes connections in all kinds of states, and sees all of them end.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	s := startLab(t, "-trace")
	const n = 200
	var open []*labClient
	for i := range n {
		c := s.dial()
		switch i % 5 {
		case 0:
			c.wantKept()
		case 1:
			c.send("GET /plaintext HTTP/1.1\r\n")
		case 2:
			c.send("POST /ignore HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\nhalf")
		case 3:
			c.send("%s", strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n", 20))
		}
		open = append(open, c)
	}
	for i, c := range open {
		if i%2 == 0 {
			c.reset()
		} else {
			c.Close()
		}
	}
	if !eventually(func() bool { return strings.Count(s.stderr.String(), ": closed: ") == n }) {
		t.Errorf("%d of %d connections have ended", strings.Count(s.stderr.String(), ": closed: "), n)
	}
	if s.has(fmt.Sprintf("conn %d", n+1)) {
		t.Error("there are connections that nobody made")
	}
}
