// The server as a process of its own: the test program, run again.

package sockets

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
)

// These tell a test program to be a server, and with how many descriptors.
const (
	roleVariable  = "SPILLWAY_ROLE"
	filesVariable = "SPILLWAY_FILES"
)

// playServer serves the lab's routes in a process of its own, until its standard input ends. The environment says with how
// many descriptors.
func playServer() {
	if n, err := strconv.ParseUint(os.Getenv(filesVariable), 10, 64); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			panic(err)
		}
	}
	srv := &server.Server{Handler: server.HandlerFunc(Lab), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	srv.Limits.ReadHeaderTimeout = time.Minute
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go srv.Serve(l)
	io.Copy(io.Discard, os.Stdin)
	srv.Close()
}

// Process runs this program as a server, under the command if there is one, and returns its address and process id. The
// function ends it and returns what it has logged.
func Process(t testing.TB, files int, command ...string) (addr string, pid int, end func() string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(command, self)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), roleVariable+"=server", fmt.Sprintf("%s=%d", filesVariable, files))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceValue(func() string {
		in.Close()
		if err := cmd.Wait(); err != nil || strings.Contains(log.String(), "DATA RACE") {
			t.Errorf("the server's process: %v\n%.5000s", err, log.String())
		}
		return log.String()
	})
	t.Cleanup(func() { end() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), cmd.Process.Pid, end
}
