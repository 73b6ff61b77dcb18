// A server that drains behind HAProxy ends without a client's request failing, though HAProxy tries none twice.

package command_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

const haproxyConfig = `
defaults
	mode http
	retries 0
	timeout connect 5s
	timeout client 30s
	timeout server 30s
frontend clients
	bind unix@%[1]s
	default_backend app
backend app
	option httpchk GET /health
	http-check expect status 200
	default-server check inter 100ms fall 2 rise 2
	server a %[2]s
	server b %[3]s
`

// haproxy runs HAProxy in front of two servers, and returns its Unix socket.
func haproxy(t *testing.T, a, b string) string {
	t.Helper()
	program := sockets.Program(t, "haproxy")
	dir := t.TempDir()
	front, config := filepath.Join(dir, "front"), filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(config, fmt.Appendf(nil, haproxyConfig, front, a, b), 0o600); err != nil {
		t.Fatal(err)
	}
	var log command.Log
	cmd := exec.Command(program, "-db", "-f", config)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	if !sockets.Eventually(func() bool {
		nc, err := net.Dial("unix", front)
		if err == nil {
			nc.Close()
		}
		return err == nil
	}) {
		t.Fatalf("HAProxy does not listen:\n%s", log.String())
	}
	return front
}

func TestDrainBehindHAProxy(t *testing.T) {
	t.Parallel()
	a, b := command.Start(t, "-trace", "-drain-time", "4s"), command.Start(t)
	front := haproxy(t, a.Addr, b.Addr)
	var answered, failed atomic.Int64
	var clients sync.WaitGroup
	over := make(chan struct{})
	for range 8 {
		clients.Go(func() {
			nc, err := net.Dial("unix", front)
			if err != nil {
				t.Error(err)
				return
			}
			defer nc.Close()
			in := bufio.NewReader(nc)
			for {
				select {
				case <-over:
					return
				case <-time.After(5 * time.Millisecond):
				}
				nc.SetDeadline(time.Now().Add(sockets.Patience))
				fmt.Fprint(nc, "GET /sleep?ms=5 HTTP/1.1\r\nHost: lab\r\n\r\n")
				res, content, err := sockets.Answer(in, "GET")
				if err != nil || res.StatusCode != 200 {
					failed.Add(1)
					t.Errorf("got %q, %v", content, err)
					return
				}
				answered.Add(1)
			}
		})
	}
	more := func() {
		t.Helper()
		if n := answered.Load(); !sockets.Eventually(func() bool { return answered.Load() > n+200 || failed.Load() > 0 }) {
			t.Error("the clients come no further")
		}
	}
	more()
	a.Await(`head: GET "/sleep`) // both serve
	a.Signal(syscall.SIGTERM)
	a.Wait()
	more()
	close(over)
	clients.Wait()
	t.Logf("%d requests answered, %d failed", answered.Load(), failed.Load())
}
