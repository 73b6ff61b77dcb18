// Processes that cannot be replaced go on, and those that are to replace them end.

package restart_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/listen"
	"github.com/spillway-go/spillway/server/restart"
)

// patience is the role of a process that serves, and says for how long it waits for the process that is to replace it, which is
// never ready.
const patience = "SPILLWAY_RESTART_PATIENCE"

func TestMain(m *testing.M) {
	within, err := time.ParseDuration(os.Getenv(patience))
	switch {
	case err != nil:
		os.Exit(m.Run())
	case os.Getenv("SPILLWAY_READY_FD") != "":
		fmt.Println("started")
		time.Sleep(time.Minute)
		os.Exit(1)
	}
	ls, err := listen.On("127.0.0.1:0")
	if err == nil {
		p := restart.Process{
			Server: &server.Server{}, ReadyTimeout: within, Log: slog.New(slog.NewTextHandler(os.Stdout, nil)),
			Ready: func() { fmt.Println(ls[0].Addr()) },
		}
		err = p.Serve(ls...)
	}
	fmt.Println("ended:", err)
}

// process is a process whose lines are read one after the other.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Reader
}

func start(t *testing.T, within time.Duration) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%v", patience, within))
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	p.out = bufio.NewReader(pipe)
	return p
}

func (p *process) line() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// ends checks that the process and the one that it has started end.
func (p *process) ends() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	rest, _ := io.ReadAll(p.out) // to the end of both
	if err := p.cmd.Wait(); err != nil || string(rest) != "ended: <nil>\n" {
		p.t.Errorf("%v, %q", err, rest)
	}
}

func TestANewProcessThatIsNeverReady(t *testing.T) {
	p := start(t, 200*time.Millisecond)
	addr := p.line()
	p.cmd.Process.Signal(syscall.SIGUSR2)
	if line := p.line(); line != "started" {
		t.Fatal(line)
	}
	if line := p.line(); !strings.Contains(line, "restart failed") || !strings.Contains(line, "not ready within 200ms") {
		t.Error(line)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if answer, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404 ") {
		t.Errorf("%q, %v", answer, err)
	}
	c.Close()
	p.ends()
}

func TestAStopDuringARestart(t *testing.T) {
	p := start(t, time.Minute)
	p.line()
	for _, want := range []string{"started", "under way already"} {
		p.cmd.Process.Signal(syscall.SIGUSR2)
		if line := p.line(); !strings.Contains(line, want) {
			t.Fatalf("%q, want %q", line, want)
		}
	}
	p.ends()
}

func TestWhatTheServerCannotDoIsAnErrorAtOnce(t *testing.T) {
	ls, err := listen.On("127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{MaxConnsPerClient: 1, ClientPrefixLen: 129}
	if err := restart.Serve(srv, ls...); err == nil || !strings.Contains(err.Error(), "129") {
		t.Errorf("got %v", err)
	}
	for _, l := range ls {
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a listener's Accept returns %v", err)
		}
	}
	if err := restart.Serve(srv); err == nil || !strings.Contains(err.Error(), "no listeners") {
		t.Errorf("without listeners: %v", err)
	}
	p := restart.Process{Server: struct{ restart.Server }{srv}, DrainTime: time.Second}
	if err := p.Serve(ls...); err == nil || !strings.Contains(err.Error(), "has no Drain") {
		t.Errorf("without Drain: %v", err)
	}
}
