// The lab ends when it is told to, and finishes what it has begun.

package command_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// TestSignalWhileExchangesRun sends the signal while a request, an upload and a stream are half-way.
func TestSignalWhileExchangesRun(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, "-trace")
			idle, fresh, sleeping, uploading := s.Dial(), s.Dial(), s.Dial(), s.Dial()
			idle.WantKept()
			sleeping.Send("GET /sleep?ms=1000 HTTP/1.1\r\nHost: lab\r\n\r\nGET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n")
			uploading.Send("POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 8\r\n\r\nhalf")
			for _, line := range []string{`conn 2: accepted`, `conn 3 exchange 1: head`, `conn 4 exchange 1: head`} {
				s.Await(line)
			}

			s.Signal(sig)
			idle.WantEnd()
			fresh.WantEnd()
			if !sockets.Eventually(func() bool {
				c, err := net.Dial("tcp", s.Addr)
				if err == nil {
					c.Close()
				}
				return err != nil
			}) {
				t.Error("new connections are still accepted")
			}
			if s.Has(`conn 4 exchange 1: response`) {
				t.Error("the upload was to be running still")
			}
			uploading.Send("half")
			sleeping.Receive("GET").Want(t, 200, "slept\n") // and nobody has told the client that it sent one too many
			for c, want := range map[*command.Client]string{sleeping: "Hello, World!", uploading: "consumed 8 bytes\n"} {
				a := c.Receive("GET")
				a.Want(t, 200, want)
				if !a.Close {
					t.Errorf("the response has no Connection: close")
				}
				c.WantEnd()
				c.Close()
			}
			s.Wait()
			if s.Status != 0 {
				t.Errorf("exit status %d", s.Status)
			}
		})
	}
}

// TestShutdownTimeout has an exchange that takes longer than the server waits for it.
func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-trace", "-shutdown-timeout", "300ms")
	c := s.Dial()
	c.Send("GET /sleep?ms=3600000 HTTP/1.1\r\nHost: lab\r\n\r\n")
	s.Await(`conn 1 exchange 1: head`)
	began := time.Now()
	s.Signal(syscall.SIGTERM)
	s.Wait()
	if took := time.Since(began); s.Status != 0 || took < 300*time.Millisecond || took >= 10*time.Second { // which is the default
		t.Errorf("exit status %d after %v", s.Status, took)
	}
	s.Await(`not all exchanges have ended`)
}

// TestSecondSignal ends the server at once, by the signal.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-trace", "-shutdown-timeout", "0")
	c := s.Dial()
	c.Send("GET /sleep?ms=3600000 HTTP/1.1\r\nHost: lab\r\n\r\n")
	s.Await(`conn 1 exchange 1: head`)
	go func() {
		for sockets.Eventually(func() bool { return s.Signal(syscall.SIGTERM) == nil }) {
			time.Sleep(20 * time.Millisecond)
			if s.Signal(syscall.Signal(0)) != nil {
				return
			}
		}
	}()
	s.Wait()
	if s.Status != -1 {
		t.Errorf("exit status %d", s.Status)
	}
	s.Status = 0
}

// TestShutdownHijacked leaves a connection open that a handler has taken over.
func TestShutdownHijacked(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-shutdown-timeout", "300ms")
	c := s.Dial()
	c.Send("GET /hijack HTTP/1.1\r\nHost: lab\r\n\r\n")
	if head := readUntil(t, c, "\r\n\r\n"); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatal(head)
	}
	s.Signal(syscall.SIGTERM)
	s.Wait()
}

// TestManyConnections opens and closes connections in all kinds of states, and sees all of them end.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-trace")
	const n = 200
	var open []*command.Client
	for i := range n {
		c := s.Dial()
		switch i % 5 {
		case 0:
			c.WantKept()
		case 1:
			c.Send("GET /plaintext HTTP/1.1\r\n")
		case 2:
			c.Send("POST /ignore HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\nhalf")
		case 3:
			c.Send("%s", strings.Repeat("GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n", 20))
		}
		open = append(open, c)
	}
	for i, c := range open {
		if i%2 == 0 {
			c.Reset()
		} else {
			c.Close()
		}
	}
	if !sockets.Eventually(func() bool { return strings.Count(s.Stderr.String(), ": closed: ") == n }) {
		t.Errorf("%d of %d connections have ended", strings.Count(s.Stderr.String(), ": closed: "), n)
	}
	if s.Has(fmt.Sprintf("conn %d", n+1)) {
		t.Error("there are connections that nobody made")
	}
}

// TestDrainTime has health checks fail before the server stops to accept connections.
func TestDrainTime(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"native", "nethttp"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, "-api", api, "-drain-time", "2s")
			const health = "GET /health HTTP/1.1\r\nHost: lab\r\n\r\n"
			c := s.Dial()
			c.Ask(health).Want(t, 200, "ok\n")
			s.Signal(syscall.SIGTERM)
			if !sockets.Eventually(func() bool { return c.Ask(health).StatusCode == 503 }) {
				t.Error("the health check does not fail")
			}
			late := s.Dial()
			late.WantKept()
			late.WantKept()
			s.Wait()
		})
	}
}

// TestTermWhileReplaced stops the service while a process that was replaced ends an upload: that is not cut off.
func TestTermWhileReplaced(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-trace", "-shutdown-timeout", "0")
	c := s.Dial()
	c.Send("POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 8\r\n\r\nhalf")
	s.Await(`conn 1 exchange 1: head`)
	old := s.Process()
	s.Restart()
	if err := errors.Join(old.Signal(syscall.SIGTERM), s.Signal(syscall.SIGTERM)); err != nil {
		t.Fatal(err)
	}
	c.Send("half")
	c.Receive("POST").Want(t, 200, "consumed 8 bytes\n")
	s.Wait()
}
