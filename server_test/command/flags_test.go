// The lab's flags: each is seen to do what it says, and what cannot be done is said in one line.

package command_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// TestBadFlags starts what cannot be started.
func TestBadFlags(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	socket := filepath.Join(dir, "taken")
	unix, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		want string // is in the line
	}{
		{"serve -bogus", "-bogus"},
		{"serve -bogus=1", "-bogus"},
		{"serve -addr", "-addr"},
		{"serve -addr=", "HOST:PORT"},
		{"serve -addr 127.0.0.1", "127.0.0.1"},
		{"serve -addr 127.0.0.1:65536", "65536"},
		{"serve -addr 127.0.0.1:x", "127.0.0.1:x"},
		{"serve -addr http://127.0.0.1:0", "http://127.0.0.1:0"},
		{"serve -addr 256.0.0.1:0", "256.0.0.1"},
		{"serve -addr " + taken.Addr().String(), "address already in use"},
		{"serve -addr unix:", "unix:PATH"},
		{"serve -addr unix:" + socket, "address already in use"},
		{"serve -addr unix:" + dir + "/file", "address already in use"},
		{"serve -addr unix:" + dir + "/no/such", "no such file or directory"},
		{"serve -api other", "other"},
		{"serve -idle-timeout 5", "-idle-timeout"},
		{"serve -idle-timeout -5s", "-idle-timeout"},
		{"serve -read-timeout x", "-read-timeout"},
		{"serve -stall-timeout -1s", "-stall-timeout"},
		{"serve -drain-limit 1k", "-drain-limit"},
		{"serve -drain-limit -1", "-drain-limit"},
		{"serve -max-conns 1.5", "-max-conns"},
		{"serve -max-body-bytes 9223372036854775808", "-max-body-bytes"},
		{"serve -max-header-bytes 9223372036854775807", "-max-header-bytes"},
		{"serve -max-conns 9223372036854775807", "-max-conns"},
		{"serve -trace=maybe", "-trace"},
		{"serve -tls-cert x", "-tls-key"},
		{"serve -tls-key x", "-tls-cert"},
		{"serve -tls-cert x -tls-key x -tls-self-signed", "-tls-self-signed"},
		{"serve -tls-cert no/such -tls-key no/such", "no/such"},
		{"serve -tls-cert " + dir + "/file -tls-key " + dir + "/file", dir + "/file"},
		{"version x", "x"},
		{"serve 127.0.0.1:0", "127.0.0.1:0"},
		{"serve -trace more", "more"},
		{"serve -proxy-protocol maybe", "-proxy-protocol"},
		{"serve -proxy-trusted 10.0.0.0/33", "10.0.0.0/33"},
		{"serve -proxy-trusted 10.0.0.1,balancer", "balancer"},
		{"serve -proxy-protocol required -addr unix:" + dir + "/new", "-proxy-trusted"},
		{"probe-nobody-knows", "probe-nobody-knows"},
	} {
		cmd := exec.Command(command.Path, strings.Fields(test.args)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if status := cmd.ProcessState.ExitCode(); status != 2 || stdout.Len() > 0 {
			t.Errorf("%s: exit status %d, %q on standard output", test.args, status, &stdout)
		}
		line, ok := strings.CutSuffix(stderr.String(), "\n")
		if !ok || strings.Contains(line, "\n") || !strings.Contains(line, test.want) {
			t.Errorf("%s: %q is not one line that has %q", test.args, &stderr, test.want)
		}
	}
}

// TestUnixSocket serves on a socket that has a path, and replaces one that nobody serves any more.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lab")
	for range 2 {
		s := command.StartOf(t, command.Path, "-addr", "unix:"+path)
		if s.URL != "unix:"+path {
			t.Errorf("listening on %s", s.URL)
		}
		c := s.Dial()
		c.Ask(sockets.Spell("POST", "/ignore", "content")).Want(t, 200, "ignored\n")
		c.Ask(sockets.Spell("POST", "/echo", "content")).Want(t, 200, "content")
		c.Send("POST /reject?max=1 HTTP/1.1\r\nHost: lab\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 1_000_000))
		c.Receive("POST").Want(t, 413, "too large: the limit is 1 bytes\n")
		c.WantEnd()
		s.Signal(syscall.SIGKILL) // leaves the socket
		s.Wait()
		s.Status = 0
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	s := command.StartOf(t, command.Path, "-addr", "unix:"+path)
	s.Signal(syscall.SIGTERM)
	s.Wait()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestTimeouts waits for what each timeout makes of a slow client.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	const timeout = 200 * time.Millisecond
	const others = "-trace -linger-timeout 200ms -idle-timeout 1h -read-header-timeout 1h -rate-grace 1h -drain-timeout 1h" // than the one that is tested
	for _, test := range []struct {
		flags  string
		send   string
		status int // of the response, 0 for none
		reason string
	}{
		{"-idle-timeout 200ms", "", 0, `idle timeout`},
		{"-read-header-timeout 200ms", "GET / HTTP", 408, `header timeout`},
		{"-read-header-timeout 200ms", "GET / HTTP/1.1\r\nHost: lab\r\nX: ", 408, `header timeout`},
		{"-read-timeout 200ms", "POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\nslow", 408, `leftover`},
		{"-rate-grace 200ms -min-read-rate 100", "POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\nslow", 408, `leftover`},
		{"-drain-timeout 200ms", "POST /ignore HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\nslow", 200, `leftover too slow`},
		{"-write-timeout 200ms", "GET /sleep?ms=250 HTTP/1.1\r\nHost: lab\r\n\r\n", 0, `write failed`},
	} {
		t.Run(test.flags, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, append(strings.Fields(others), strings.Fields(test.flags)...)...)
			c := s.Dial()
			began := time.Now()
			c.Send("%s", test.send)
			if test.status != 0 {
				if a := c.Receive("GET"); a.StatusCode != test.status {
					t.Errorf("%s, %q", a.Status, a.Content)
				}
			}
			c.WantEnd()
			if took := time.Since(began); took < timeout {
				t.Errorf("the connection ended after %v", took)
			}
			s.Await(`conn 1.*closed:.*` + test.reason)
		})
	}
}

// TestSlowReaders take no response, and are not waited for.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"-rate-grace 200ms -min-write-rate 100", "-write-timeout 200ms"} {
		s := command.Start(t, append(strings.Fields(flags), "-trace")...)
		c := s.Dial()
		c.Send("GET /bytes?n=1000000000 HTTP/1.1\r\nHost: lab\r\n\r\n")
		s.Await(`conn 1.*closed:.*write failed`)
	}
}

// TestStallTimeout sends all of its content before it reads any of it back: it is given up, and the response is cut short.
func TestStallTimeout(t *testing.T) {
	t.Parallel()
	const timeout, size = 300 * time.Millisecond, 30_000_000
	for _, api := range []string{"native", "nethttp"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, "-stall-timeout", timeout.String(), "-api", api, "-trace")
			c := s.Dial()
			began := time.Now()
			c.Send("POST /echo HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
			if took := time.Since(began); took < timeout || took >= 10*time.Second { // which is the default
				t.Errorf("given up after %v", took)
			}
			res, err := http.ReadResponse(c.In, &http.Request{Method: "POST"})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, res.Body); err == nil || n >= size {
				t.Errorf("%d bytes, %v", n, err)
			}
			s.Await(`conn 1 exchange 1: leftover: too long.*linger`)
		})
	}
}

// TestOldDeadlines serves on where a deadline of an earlier exchange has passed meanwhile. It sleeps for that to happen.
func TestOldDeadlines(t *testing.T) {
	t.Parallel()
	const timeout = time.Second // which a busy machine needs for the long responses
	for _, flag := range []string{"-rate-grace", "-write-timeout", "-read-timeout", "-drain-timeout"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			c := command.Start(t, flag, timeout.String()).Dial()
			c.Send("POST /ignore HTTP/1.1\r\nHost: lab\r\nContent-Length: 100000\r\n\r\n%s", strings.Repeat("x", 100_000))
			c.Receive("POST")
			c.Ask("GET /bytes?n=10000000 HTTP/1.1\r\nHost: lab\r\n\r\n") // more than fits between us: the server waits
			time.Sleep(timeout * 5 / 4)
			c.Ask(sockets.Spell("POST", "/echo", "content")).Want(t, 200, "content")
			c.Ask("GET /bytes?n=10000000 HTTP/1.1\r\nHost: lab\r\n\r\n")
			time.Sleep(timeout * 5 / 4)
			if a := c.Ask("NONSENSE\r\n\r\n"); a.StatusCode != 400 {
				t.Errorf("nonsense gets %s", a.Status)
			}
			c.WantEnd()
		})
	}
}

// TestTimeoutsOff turns every limit off, and is as slow as any of them would not allow.
func TestTimeoutsOff(t *testing.T) {
	t.Parallel()
	s := command.Start(t, strings.Fields("-read-header-timeout 0 -read-timeout 0 -write-timeout 0 -idle-timeout 0 "+
		"-max-header-bytes 0 -max-body-bytes 0 -drain-limit 0 -drain-timeout 0 -linger-timeout 0 "+
		"-min-read-rate 0 -min-write-rate 0 -rate-grace 0 -stall-timeout 0 -max-conns 0 -shutdown-timeout 0")...)
	c := s.Dial()
	c.WantKept()
	long := strings.Repeat("x", 200_000)
	if a := c.Ask("GET /inspect HTTP/1.1\r\nHost: lab\r\nX: " + long + "\r\n\r\n"); !strings.Contains(a.Content, long) {
		t.Errorf("a long field gets %s", a.Status)
	}
	c.Send("POST /ignore HTTP/1.1\r\nHost: lab\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 1_000_000))
	c.Receive("POST").Want(t, 200, "ignored\n")
	c.WantKept()
}

// TestSizeLimits is at each limit, and one byte beyond it.
func TestSizeLimits(t *testing.T) {
	t.Parallel()
	const head = "POST /ignore HTTP/1.1\r\nHost: lab\r\nContent-Length: 5\r\nX: \r\n\r\n"
	chunked := "POST /consume HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	for _, test := range []struct {
		flags   string
		request string
		status  int
		kept    bool
	}{
		{fmt.Sprintf("-max-header-bytes %d", len(head)), head + "hello", 200, true},
		{fmt.Sprintf("-max-header-bytes %d", len(head)-1), head + "hello", 431, false},
		{"-max-body-bytes 5", head + "hello", 200, true},
		{"-max-body-bytes 4", head + "hello", 413, true},
		{"-max-body-bytes 5", chunked + "0\r\n\r\n", 200, true},
		{"-max-body-bytes 5", chunked + "1\r\n!\r\n0\r\n\r\n", 413, true},
		{"-max-body-bytes 5", strings.Replace(chunked, "consume", "reject?max=6", 1) + "1\r\n!\r\n0\r\n\r\n", 413, true},
		{"-drain-limit 5", head + "hello", 200, true},
		{"-drain-limit 4", head + "hello", 200, false},
	} {
		t.Run(test.flags, func(t *testing.T) {
			c := command.Start(t, strings.Fields(test.flags)...).Dial()
			c.Send("%s", test.request)
			if a := c.Receive("POST"); a.StatusCode != test.status || a.Close == test.kept {
				t.Errorf("%s, Connection: close %t, %q", a.Status, a.Close, a.Content)
			}
			if test.kept {
				c.WantKept()
			} else {
				c.WantEnd()
			}
		})
	}
}

// TestLingerTimeout sends on after a close, for as long as the server lingers and longer.
func TestLingerTimeout(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-linger-timeout", "300ms", "-trace")
	c := s.Dial()
	began := time.Now()
	c.Ask("NONSENSE\r\n\r\n")
	c.WantEnd()
	c.Send("still here")
	s.Await(`conn 1: closed`)
	if took := time.Since(began); took < 300*time.Millisecond || took >= 5*time.Second { // which is the default
		t.Errorf("lingered %v", took)
	}
}

// TestConnectionsThatAreToEnd sends requests until a response says close, which the second does.
func TestConnectionsThatAreToEnd(t *testing.T) {
	t.Parallel()
	for flags, reason := range map[string]string{"-max-conn-requests 2": "max requests", "-max-conn-age 200ms": "max age"} {
		for _, api := range []string{"native", "nethttp"} {
			s := command.Start(t, append(strings.Fields(flags), "-api", api, "-trace")...)
			c := s.Dial()
			c.Ask("GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n")
			c.Send("GET /sleep?ms=250 HTTP/1.1\r\nHost: lab\r\n\r\n")
			if a := c.Receive("GET"); !a.Close {
				t.Errorf("%s, %s: the second response does not say close", flags, api)
			}
			c.WantEnd()
			s.Await(`conn 1.*closed:.*` + reason)
		}
	}
}

// TestMaxConns opens a connection too many: it is served when another has ended.
func TestMaxConns(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-max-conns", "2", "-trace")
	one, two, three := s.Dial(), s.Dial(), s.Dial()
	three.Send("GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n")
	for range 20 {
		one.WantKept()
		two.WantKept()
	}
	if s.Has(`conn 3`) {
		t.Errorf("a third connection was accepted:\n%s", s.Stderr.String())
	}
	two.Close()
	three.Receive("GET").Want(t, 200, "Hello, World!")
	one.WantKept()
	s.Await(`conn 3 exchange 1: response: 200`)
}

// TestTrace compares the story of a connection.
func TestTrace(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-trace")
	c := s.Dial()
	c.Ask(sockets.Spell("POST", "/consume", "content"))
	c.Ask(sockets.Spell("POST", "/ignore?a=%22\xff", "content"))
	c.Ask("GET /bytes?n=3 HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
	c.WantEnd()
	c.Close()
	s.Await(`conn 1.*closed`)
	want := []string{
		`conn 1: accepted from 127.0.0.1:` + strings.TrimPrefix(c.LocalAddr().String(), "127.0.0.1:"),
		`conn 1 exchange 1: head: POST "/consume", content 7`,
		`conn 1 exchange 1: response: 200, 17 bytes`,
		`conn 1 exchange 1: leftover: nothing, 0 bytes; verdict: reuse`,
		`conn 1 exchange 2: head: POST "/ignore?a=%22\xff", content 7`,
		`conn 1 exchange 2: response: 200, 8 bytes`,
		`conn 1 exchange 2: leftover: drained, 7 bytes; verdict: reuse`,
		`conn 1 exchange 3: head: GET "/bytes?n=3", content 0`,
		`conn 1 exchange 3: response: 200, 3 bytes`,
		`conn 1 exchange 3: leftover: nothing, 0 bytes; verdict: linger (client asked)`,
		`closed: linger (client asked)`,
	}
	got := strings.Split(strings.TrimSuffix(s.Stderr.String(), "\n"), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), s.Stderr.String())
	}
	for i := range want {
		if !strings.HasSuffix(got[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i+1, got[i], want[i])
		}
	}
}

// TestQuietLog checks that the clients' ordinary misbehaviour leaves no line without -trace, and that nothing but the
// first line ever stands on standard output.
func TestQuietLog(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	for _, nonsense := range []string{"NONSENSE\r\n\r\n", "", "GET / HTTP/1.1\r\n", "POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "GET /bytes?n=100000000 HTTP/1.1\r\nHost: lab\r\n\r\n"} {
		c := s.Dial()
		c.Send("%s", nonsense)
		c.Reset()
	}
	s.Signal(syscall.SIGTERM)
	if rest, err := io.ReadAll(s.Stdout); len(rest) > 0 || err != nil {
		t.Errorf("standard output goes on with %q, %v", rest, err)
	}
	s.Wait()
	if log := s.Stderr.String(); log != "" {
		t.Errorf("standard error:\n%s", log)
	}
}
