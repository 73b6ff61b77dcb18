// Files go from the disk to the socket in the kernel: sendfile, seen from outside by strace.

package ecosystem

import (
	"bufio"
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
	"syscall"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/content"
	"github.com/spillway-go/spillway/server/nethttp"
)

const (
	filesEnv  = "SPILLWAY_ECOSYSTEM_FILES"        // the directory that the process of the test serves
	nativeEnv = "SPILLWAY_ECOSYSTEM_FILES_NATIVE" // not empty: by package content, and not by net/http's file server
)

// TestFileServerProcess is no test: it is the process that TestSendfile looks at. It serves until its input ends.
func TestFileServerProcess(t *testing.T) {
	dir := os.Getenv(filesEnv)
	if dir == "" {
		t.SkipNow()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("listening on %s\n", l.Addr())
	var srv interface {
		Serve(net.Listener) error
		Close() error
	} = nethttp.New(&http.Server{Handler: http.FileServer(http.Dir(dir))})
	if os.Getenv(nativeEnv) != "" {
		native, err := content.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		srv = &server.Server{Handler: native}
	}
	go srv.Serve(l)
	io.Copy(io.Discard, os.Stdin)
	srv.Close()
}

func TestSendfile(t *testing.T) {
	for name, native := range map[string]string{"net/http's file server": "", "package content": "1"} {
		t.Run(name, func(t *testing.T) { testSendfile(t, native) })
	}
}

func testSendfile(t *testing.T, native string) {
	strace := straceProgram(t)
	const size = 3 << 20
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file.bin"), make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "strace")
	addr, end := straced(t, strace, log, dir, native)
	w := wireTo(t, site{Addr: addr})
	var want int64
	for _, test := range []struct {
		fields string
		size   int64
	}{{"", size}, {"Range: bytes=1000-1001000\r\n", 1000001}, {"", size}} { // on one connection
		w.say("GET /file.bin HTTP/1.1\r\nHost: a\r\n" + test.fields + "\r\n")
		if n, err := io.Copy(io.Discard, w.response("GET").Body); n != test.size || err != nil {
			t.Errorf("%d bytes of %d, %v", n, test.size, err)
		}
		want += test.size
	}
	w.Close()
	end()
	var sent int64
	calls := wholeCalls(t, log)
	for _, m := range regexp.MustCompile(`(?m)^sendfile\(.*\) += (\d+)`).FindAllStringSubmatch(calls, -1) {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		sent += n
	}
	if sent != want {
		t.Errorf("sendfile carried %d bytes of %d; strace says\n%.3000s", sent, want, calls)
	}
}

// straceProgram returns the path of strace. Without it the test fails where everything must be there, and else is skipped
// in a way that cannot be overlooked.
func straceProgram(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: %s: %v ***\n\n", t.Name(), err)
	t.Skip(err)
	return ""
}

// straced runs a file server of this package under strace, and returns its address and what ends it.
func straced(t *testing.T, strace, log, dir, native string) (addr string, end func()) {
	t.Helper()
	cmd := exec.Command(strace, "-f", "-qq", "-o", log, "-e", "trace=sendfile,splice", os.Args[0], "-test.run=^TestFileServerProcess$")
	cmd.Env = append(os.Environ(), filesEnv+"="+dir, nativeEnv+"="+native, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			cmd.Wait()
		}
	})
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the process says %q, %v", line, err)
	}
	return addr, func() {
		t.Helper()
		stdin.Close()
		io.Copy(io.Discard, lines)
		ended = true
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// wholeCalls returns strace's log with one call on each line: where another thread's call comes between the beginning and
// the end of one, strace prints these on lines of their own.
func wholeCalls(t *testing.T, log string) string {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var whole strings.Builder
	begun := make(map[string]string) // by thread
	for line := range strings.Lines(string(text)) {
		thread, call, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		call = strings.TrimLeft(call, " ")
		if start, unfinished := strings.CutSuffix(call, "<unfinished ...>"); unfinished {
			begun[thread] = strings.TrimRight(start, " ")
			continue
		}
		if _, rest, resumed := strings.Cut(call, " resumed>"); resumed {
			call = begun[thread] + rest
		}
		whole.WriteString(call + "\n")
	}
	return whole.String()
}
