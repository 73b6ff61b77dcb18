// Package command runs the command cmd/spillway as anybody runs it: a process of its own, on a real socket, seen from
// outside only. The TestMain of a package that uses it is [Main].
package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// Path is where the built command is, and Plain where it is built without the race detector, which needs memory of its own.
var Path, Plain string

// Main builds the command and runs a package's tests.
func Main(m *testing.M) { sockets.Main(m, build) }

// build builds the command that the tests run, and returns what removes it.
func build() (remove func()) {
	dir, err := os.MkdirTemp("", "spillway")
	if err != nil {
		panic(err)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // of the processes that the tests start
	Path, Plain = filepath.Join(dir, "spillway"), filepath.Join(dir, "spillway")
	buildOne("-o", Path)
	if sockets.Race {
		Path = filepath.Join(dir, "spillway-race")
		buildOne("-race", "-o", Path)
	}
	return func() { os.RemoveAll(dir) }
}

// buildOne builds it for the sockets that the tests are built for.
func buildOne(args ...string) {
	if !sockets.Parks {
		args = append(args, "-tags", "spillway_portable")
	}
	args = append([]string{"build"}, append(args, "github.com/spillway-go/spillway/cmd/spillway")...)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go %v: %v\n%s", args, err, out)
		os.Exit(1)
	}
}

// LookAtSources lets go test see that the results depend on files that only the build has read, so that they are not
// taken from its cache when those have changed. Tests run in their own directories, two below the module's.
var LookAtSources = sync.OnceFunc(func() {
	for _, dir := range []string{"cmd", "server", "conn", "body", "parser"} {
		filepath.WalkDir(filepath.Join("..", "..", dir), func(_ string, _ os.DirEntry, err error) error { return err })
	}
})

// Server is a running spillway serve. It is stopped when the test ends, and may not have failed until then.
type Server struct {
	URL    string        // http://HOST:PORT, or https://HOST:PORT
	Addr   string        // HOST:PORT, or PATH
	Stdout *bufio.Reader // behind its first line
	Stderr Log
	Status int // of the exit, once stopped

	t       *testing.T
	cmd     *exec.Cmd
	later   []*os.Process // those that have taken its place, one after the other
	network string        // tcp or unix
	once    sync.Once
}

// Start starts the lab on a free port.
func Start(t *testing.T, flags ...string) *Server {
	return StartOf(t, Path, append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
}

// StartOf starts the lab of one of the built commands, with these flags alone.
func StartOf(t *testing.T, command string, flags ...string) *Server {
	t.Helper()
	return StartBy(t, exec.Command(command, append([]string{"serve"}, flags...)...), func() {})
}

// StartBy starts the lab by a command of any kind, and calls meanwhile before it waits for the lab's first line.
func StartBy(t *testing.T, cmd *exec.Cmd, meanwhile func()) *Server {
	t.Helper()
	LookAtSources()
	s := &Server{t: t, cmd: cmd}
	s.cmd.Stderr = &s.Stderr
	pipe, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	meanwhile()
	s.Stdout = bufio.NewReader(pipe)
	line, err := s.Stdout.ReadString('\n')
	where, ok := strings.CutPrefix(line, "listening on ")
	if err != nil || !ok {
		t.Fatalf("the first line is %q, %v; standard error:\n%s", line, err, s.Stderr.String())
	}
	s.URL = strings.TrimSuffix(where, "\n")
	if s.Addr, ok = strings.CutPrefix(s.URL, "unix:"); ok {
		s.network = "unix"
	} else {
		_, addr, _ := strings.Cut(s.URL, "://")
		s.network, s.Addr = "tcp", addr
	}
	return s
}

// stop ends the server by SIGTERM, and checks that it ends well.
func (s *Server) stop() {
	s.Signal(syscall.SIGTERM)
	s.Wait()
	if s.Status != 0 {
		s.t.Errorf("exit status %d", s.Status)
	}
	if log := s.Stderr.String(); strings.Contains(log, "DATA RACE") || strings.Contains(log, "\ngoroutine ") {
		s.t.Errorf("standard error:\n%s", log)
	}
}

// Process is the server's process: the newest, after restarts.
func (s *Server) Process() *os.Process {
	if n := len(s.later); n > 0 {
		return s.later[n-1]
	}
	return s.cmd.Process
}

// Signal sends the process a signal.
func (s *Server) Signal(sig os.Signal) error { return s.Process().Signal(sig) }

// Wait waits for the server's end, and for that of those that have taken its place.
func (s *Server) Wait() {
	s.once.Do(func() {
		timer := time.AfterFunc(sockets.Patience, func() { s.Signal(syscall.SIGQUIT) }) // it prints its goroutines
		defer timer.Stop()
		io.Copy(io.Discard, s.Stdout)
		s.cmd.Wait()
		s.Status = s.cmd.ProcessState.ExitCode()
		s.waitForLater()
	})
}

// Log is a log that can be read while it is written.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns the log so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Has reports whether a line of the server's standard error matches.
func (s *Server) Has(pattern string) bool {
	return regexp.MustCompile("(?m)" + pattern).MatchString(s.Stderr.String())
}

// Await waits until a line of the server's standard error matches.
func (s *Server) Await(pattern string) {
	s.t.Helper()
	if !sockets.Eventually(func() bool { return s.Has(pattern) }) {
		s.t.Fatalf("no line %q on standard error:\n%s", pattern, s.Stderr.String())
	}
}

// Memory returns a number from the server's /proc/PID/status, in bytes: VmRSS or VmHWM.
func (s *Server) Memory(name string) int64 {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skip("the system does not tell a process's memory")
	}
	found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		s.t.Fatalf("no %s in\n%s", name, status)
	}
	kb, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kb << 10
}

// Note is what /uploads returns.
type Note struct {
	ID    string `json:"id"`
	Bytes int64  `json:"bytes"`
	Error string `json:"error"`
}

// AwaitNote waits for the note of an upload.
func (s *Server) AwaitNote(id string) (n Note) {
	s.t.Helper()
	c := s.Dial()
	defer c.Close()
	if !sockets.Eventually(func() bool {
		a := c.Ask("GET /uploads?id=" + id + " HTTP/1.1\r\nHost: lab\r\n\r\n")
		return a.StatusCode == 200 && json.Unmarshal([]byte(a.Content), &n) == nil
	}) {
		s.t.Fatalf("no note of the upload %s", id)
	}
	return n
}
