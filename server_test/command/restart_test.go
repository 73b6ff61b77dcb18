// A restart loses no request: not one on a kept connection, not an upload in mid-air, not one of a client that is just coming.

package command_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// restartLoad is what clients meet that try nothing twice.
type restartLoad struct {
	t             *testing.T
	network, addr string
	over          context.Context

	answered, uploads, announced, lost, reset atomic.Int64
}

func TestRestartsLoseNothing(t *testing.T) {
	for _, test := range []struct {
		name     string
		restarts int
		flags    []string
	}{
		{"native", 20, []string{"-addr", "127.0.0.1:0"}},
		{"nethttp", 20, []string{"-addr", "127.0.0.1:0", "-api", "nethttp"}},
		{"a socket for each core", 10, []string{"-addr", "127.0.0.1:0", "-per-core"}},
		{"a Unix socket", 10, []string{"-addr", "unix:" + filepath.Join(t.TempDir(), "s"), "-socket-mode", "600"}},
		{"an abstract socket", 3, []string{"-addr", "unix:@spillway-" + filepath.Base(t.TempDir()) + "-restarts"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() {
				test.restarts = 2
			}
			restartUnderLoad(t, test.restarts, test.flags)
		})
	}
}

func restartUnderLoad(t *testing.T, restarts int, flags []string) {
	// No client thinks for as long as the grace, so none ever meets an end that was not announced.
	s := command.StartOf(t, command.Path, append(flags, "-shutdown-grace", "5s", "-shutdown-timeout", "0")...)
	over, end := context.WithCancel(context.Background())
	defer end()
	l := &restartLoad{t: t, network: "tcp", addr: s.Addr, over: over}
	if strings.HasPrefix(s.URL, "unix:") {
		l.network = "unix"
	}
	var clients sync.WaitGroup
	for i := range 24 {
		clients.Go(func() {
			for over.Err() == nil {
				l.connection(i)
			}
		})
	}
	progress := func() {
		t.Helper()
		requests, uploads := l.answered.Load(), l.uploads.Load()
		if !sockets.Eventually(func() bool { return l.answered.Load() > requests+100 && l.uploads.Load() > uploads+2 }) {
			t.Fatal("the clients come no further")
		}
	}
	for range restarts {
		progress()
		s.Restart()
	}
	progress()
	end()
	clients.Wait()
	t.Logf("%d restarts, %d requests answered, %d of them uploads; %d connections announced their end; %d requests lost, %d by a reset",
		restarts, l.answered.Load(), l.uploads.Load(), l.announced.Load(), l.lost.Load(), l.reset.Load())
	s.Signal(syscall.SIGTERM)
	s.Wait()
	if l.announced.Load() == 0 {
		t.Error("no connection was ended: this shows nothing")
	}
	if path, is := strings.CutPrefix(s.URL, "unix:/"); is {
		if _, err := os.Stat("/" + path); err == nil {
			t.Error("the last process has left the socket's file")
		}
	}
}

// connection sends requests on one connection, for as long as it is kept; some clients send only one.
func (l *restartLoad) connection(kind int) {
	nc, err := net.Dial(l.network, l.addr)
	if err != nil {
		l.lose(err)
		return
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(sockets.Patience))
	in := bufio.NewReader(nc)
	for l.over.Err() == nil {
		time.Sleep(rand.N(20 * time.Millisecond)) // also in front of the first request
		upload := kind%4 == 0
		want := "Hello, World!"
		if upload {
			want, err = "consumed 500000 bytes\n", sendSlowly(nc)
		} else {
			_, err = fmt.Fprint(nc, "GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n")
		}
		if err != nil {
			l.lose(err)
			return
		}
		res, content, err := sockets.Answer(in, "GET")
		if err != nil || content != want {
			l.lose(fmt.Errorf("%q, %w", content, err))
			return
		}
		l.answered.Add(1)
		if upload {
			l.uploads.Add(1)
		}
		if res.Close {
			l.announced.Add(1)
			if _, err := in.ReadByte(); err == nil || sockets.IsReset(err) {
				l.t.Errorf("after Connection: close came %v", err)
			}
			return
		}
		if kind%4 == 1 {
			return
		}
	}
}

// sendSlowly uploads half a megabyte in pieces, for a tenth of a second.
func sendSlowly(nc net.Conn) error {
	const pieces = 20
	if _, err := fmt.Fprint(nc, "POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 500000\r\n\r\n"); err != nil {
		return err
	}
	for range pieces {
		time.Sleep(5 * time.Millisecond)
		if _, err := nc.Write(sockets.Filler[:500000/pieces]); err != nil {
			return err
		}
	}
	return nil
}

func (l *restartLoad) lose(err error) {
	l.lost.Add(1)
	if sockets.IsReset(err) {
		l.reset.Add(1)
	}
	l.t.Errorf("a request was lost: %v", err)
}

// TestRestartFails replaces the program by one that ends at once: the old process serves on, can be restarted when the program is
// whole again, and ends as if nothing had been.
func TestRestartFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, whole := filepath.Join(dir, "spillway"), filepath.Join(dir, "whole")
	for _, err := range []error{
		os.Link(command.Path, program), os.Link(command.Path, whole), os.WriteFile(dir+"/broken", []byte("#!/bin/sh\nexit 3\n"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := command.StartOf(t, program, "-addr", "127.0.0.1:0")
	if err := os.Rename(dir+"/broken", program); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGUSR2)
	s.Await(`level=ERROR msg="restart failed; this process goes on" error=".* was not ready when it ended: exit status 3"`)
	s.Dial().WantKept()
	if err := os.Rename(whole, program); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	s.Dial().WantKept()
}
