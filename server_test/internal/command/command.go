// The lab, run as anybody runs it: the command's own process, on a real socket, seen from outside only.

package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
)

// patience is how long anything may take that is expected to happen. Only a failing test waits so long.
const patience = 20 * time.Second

// command is the built cmd/spillway, and plainCommand is built without the race detector, which needs memory of its own.
var command, plainCommand string

// buildLabs builds the command that the tests run, and returns what removes it.
func buildLabs() (remove func()) {
	dir, err := os.MkdirTemp("", "spillway")
	if err != nil {
		panic(err)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // of the processes that the tests start
	command, plainCommand = filepath.Join(dir, "spillway"), filepath.Join(dir, "spillway")
	buildLab("-o", command)
	if raceEnabled {
		command = filepath.Join(dir, "spillway-race")
		buildLab("-race", "-o", command)
	}
	return func() { os.RemoveAll(dir) }
}

func buildLab(args ...string) {
	args = append([]string{"build"}, append(args, "../cmd/spillway")...)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go %v: %v\n%s", args, err, out)
		os.Exit(1)
	}
}

// lookAtSources lets go test see that the results depend on files that only the build has read, so that they are not
// taken from its cache when those have changed.
var lookAtSources = sync.OnceFunc(func() {
	for _, dir := range []string{"cmd", "server", "conn", "body", "parser"} {
		filepath.WalkDir(filepath.Join("..", dir), func(_ string, _ os.DirEntry, err error) error { return err })
	}
})

// labServer is a running spillway serve. It is stopped when the test ends, and may not have failed until then.
type labServer struct {
	t       *testing.T
	cmd     *exec.Cmd
	url     string // http://HOST:PORT
	addr    string // HOST:PORT, or PATH
	network string // tcp or unix
	stderr  labLog
	stdout  *bufio.Reader
	once    sync.Once
	status  int // of the exit, once stopped
}

// startLab starts the lab on a free port.
func startLab(t *testing.T, flags ...string) *labServer {
	return startLabOf(t, command, append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
}

func startLabOf(t *testing.T, command string, flags ...string) *labServer {
	t.Helper()
	lookAtSources()
	s := &labServer{t: t, cmd: exec.Command(command, append([]string{"serve"}, flags...)...)}
	s.cmd.Stderr = &s.stderr
	pipe, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.stdout = bufio.NewReader(pipe)
	line, err := s.stdout.ReadString('\n')
	where, ok := strings.CutPrefix(line, "listening on ")
	if err != nil || !ok {
		t.Fatalf("the first line is %q, %v; standard error:\n%s", line, err, s.stderr.String())
	}
	s.url = strings.TrimSuffix(where, "\n")
	if s.addr, ok = strings.CutPrefix(s.url, "unix:"); ok {
		s.network = "unix"
	} else {
		s.network, s.addr = "tcp", strings.TrimPrefix(s.url, "http://")
	}
	return s
}

// stop ends the server by SIGTERM, and checks that it ends well.
func (s *labServer) stop() {
	s.signal(syscall.SIGTERM)
	s.wait()
	if s.status != 0 {
		s.t.Errorf("exit status %d", s.status)
	}
	if log := s.stderr.String(); strings.Contains(log, "DATA RACE") || strings.Contains(log, "\ngoroutine ") {
		s.t.Errorf("standard error:\n%s", log)
	}
}

func (s *labServer) signal(sig os.Signal) { s.cmd.Process.Signal(sig) }

// wait waits for the server's end.
func (s *labServer) wait() {
	s.once.Do(func() {
		timer := time.AfterFunc(patience, func() { s.cmd.Process.Signal(syscall.SIGQUIT) }) // it prints its goroutines
		defer timer.Stop()
		io.Copy(io.Discard, s.stdout)
		s.cmd.Wait()
		s.status = s.cmd.ProcessState.ExitCode()
	})
}

// labLog is a log that can be read while it is written.
type labLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *labLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *labLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// has reports whether a line of the server's standard error matches.
func (s *labServer) has(pattern string) bool {
	return regexp.MustCompile("(?m)" + pattern).MatchString(s.stderr.String())
}

// await waits until a line of the server's standard error matches.
func (s *labServer) await(pattern string) {
	s.t.Helper()
	if !eventually(func() bool { return s.has(pattern) }) {
		s.t.Fatalf("no line %q on standard error:\n%s", pattern, s.stderr.String())
	}
}

// eventually polls a condition until it holds, and reports whether it came to that.
func eventually(holds func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}

// memory returns a number from the server's /proc/PID/status, in bytes: VmRSS or VmHWM.
func (s *labServer) memory(name string) int64 {
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

// uploadNote is what /uploads returns.
type uploadNote struct {
	ID    string `json:"id"`
	Bytes int64  `json:"bytes"`
	Error string `json:"error"`
}

// awaitNote waits for the note of an upload.
func (s *labServer) awaitNote(id string) (n uploadNote) {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	if !eventually(func() bool {
		a := c.ask("GET /uploads?id=" + id + " HTTP/1.1\r\nHost: lab\r\n\r\n")
		return a.StatusCode == 200 && json.Unmarshal([]byte(a.body), &n) == nil
	}) {
		s.t.Fatalf("no note of the upload %s", id)
	}
	return n
}

// labClient is a raw connection to the lab. Everything on it is over within patience.
type labClient struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

func (s *labServer) dial() *labClient {
	s.t.Helper()
	nc, err := net.Dial(s.network, s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(patience))
	s.t.Cleanup(func() { nc.Close() })
	return &labClient{nc, s.t, bufio.NewReader(nc)}
}

// send sends text as it is.
func (c *labClient) send(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.Conn, format, args...); err != nil {
		c.t.Fatalf("cannot send: %v", err)
	}
}

// labAnswer is a response, read to its end.
type labAnswer struct {
	*http.Response
	body string
}

// receive reads the next response, to a request with this method.
func (c *labClient) receive(method string) labAnswer {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("the response is cut after %q: %v", b, err)
	}
	return labAnswer{res, string(b)}
}

// ask sends a request as it is and reads the response.
func (c *labClient) ask(request string) labAnswer {
	c.t.Helper()
	c.send("%s", request)
	method, _, _ := strings.Cut(request, " ")
	return c.receive(method)
}

// wantEnd checks that the server ends the connection, without a reset and without another byte.
func (c *labClient) wantEnd() {
	c.t.Helper()
	if b, err := io.ReadAll(c.in); err != nil || len(b) > 0 {
		c.t.Errorf("before the connection's end: %q, %v", b, err)
	}
}

// wantKept checks that the connection still serves.
func (c *labClient) wantKept() {
	c.t.Helper()
	if a := c.ask("GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n"); a.body != "Hello, World!" {
		c.t.Errorf("the next request got %s, %q", a.Status, a.body)
	}
}

// want checks a status and a body.
func (a labAnswer) want(t *testing.T, status int, body string) {
	t.Helper()
	if a.StatusCode != status || a.body != body {
		t.Errorf("got %d, %q; want %d, %q", a.StatusCode, a.body, status, body)
	}
}

// reset closes the connection so that the server sees a reset.
func (c *labClient) reset() {
	c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// halfClose ends the sending direction.
func (c *labClient) halfClose() { c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// sendUntilRefused sends p again and again, until the connection takes no more.
func (c *labClient) sendUntilRefused(p []byte) (sent int64) {
	for {
		n, err := c.Write(p)
		sent += int64(n)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.t.Error("the connection does not end")
			}
			return sent
		}
	}
}
