// The program is started, replaced three times while clients ask it, and stopped.

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ask returns the process that answers a request on a connection of its own.
func ask(addr string) (pid int, err error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := nc.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")); err != nil {
		return 0, err
	}
	in := bufio.NewScanner(nc)
	for in.Scan() {
		if _, err := fmt.Sscanf(in.Text(), "process %d", &pid); err == nil {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("no answer: %v", in.Err())
}

// askUntil asks until an answer is as it should be.
func askUntil(t *testing.T, addr string, good func(pid int, err error) bool) int {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if pid, err := ask(addr); good(pid, err) {
			return pid
		}
	}
	t.Fatal("the answer that should come does not")
	return 0
}

func TestRestarts(t *testing.T) {
	program := filepath.Join(t.TempDir(), "graceful")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(program, "-addr", addr)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := askUntil(t, addr, func(pid int, err error) bool { return err == nil })
	if pid != cmd.Process.Pid {
		t.Fatalf("process %d answers, and not %d", pid, cmd.Process.Pid)
	}
	t.Cleanup(func() {
		if t.Failed() {
			syscall.Kill(pid, syscall.SIGKILL) // nothing is left running
		}
	})
	stop := make(chan bool)
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := ask(addr); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		old := pid
		if err := syscall.Kill(old, syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		pid = askUntil(t, addr, func(pid int, err error) bool { return err == nil && pid != old })
		askUntil(t, addr, func(int, error) bool { return !runs(old) })
	}
	close(stop)
	clients.Wait()
	if p, err := os.FindProcess(pid); err != nil || p.Signal(syscall.SIGTERM) != nil {
		t.Fatal("the last process cannot be stopped")
	}
	askUntil(t, addr, func(pid int, err error) bool { return err != nil })
	if err := cmd.Wait(); err != nil {
		t.Errorf("the first process: %v\n%s", err, &log)
	}
}

// runs reports whether a process runs, and has not only not been waited for.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
