// The lab under systemd, or what it may take for it: sockets that are handed over, and what the service says of itself.

package command_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// TestSocketActivation lets systemd's own program listen, and start the lab when the first client has come, which is served.
func TestSocketActivation(t *testing.T) {
	t.Parallel()
	activate := sockets.Program(t, "systemd-socket-activate")
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			addr := filepath.Join(t.TempDir(), "s")
			if network == "tcp" {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				addr = l.Addr().String()
				l.Close()
			}
			var first *command.Client
			cmd := exec.Command(activate, "-l", addr, "--fdname=web", command.Path, "serve", "-addr", "fd:web")
			s := command.StartBy(t, cmd, func() {
				if !sockets.Eventually(func() bool {
					nc, err := net.Dial(network, addr)
					if err == nil {
						first = &command.Client{Client: sockets.On(t, nc)}
					}
					return err == nil
				}) {
					t.Fatalf("nobody listens on %s", addr)
				}
			})
			first.WantKept()
			s.Restart()
			s.Dial().WantKept()
		})
	}
}

// unit is one of systemd's in a page, with its name in the first line.
var unit = regexp.MustCompile("(?s)```ini\n# (\\S+)\n(.*?)```")

// TestUnits lets systemd's own program read the units in docs/operations.md, and judge how much harm the service could do.
func TestUnits(t *testing.T) {
	t.Parallel()
	analyze := sockets.Program(t, "systemd-analyze")
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var names []string
	for _, m := range unit.FindAllSubmatch(page, -1) {
		names = append(names, filepath.Join(dir, string(m[1])))
		text := strings.ReplaceAll(string(m[2]), "/usr/local/bin/spillway", command.Path)
		if err := os.WriteFile(names[len(names)-1], []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(names) != 2 {
		t.Fatalf("the page has the units %q", names)
	}
	out, err := exec.Command(analyze, append([]string{"verify"}, names...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, dir) || strings.Contains(line, "spillway") { // others are about the machine's own units
			t.Error(line)
		}
	}
	const mostExposed = 20 // in tenths
	out, err = exec.Command(analyze, "security", "--offline=true", fmt.Sprint("--threshold=", mostExposed), filepath.Join(dir, "spillway.service")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNotifications is told by the lab what systemd would be.
func TestNotifications(t *testing.T) {
	for _, test := range []struct{ name, path string }{
		{"a path", filepath.Join(t.TempDir(), "notify")},
		{"an abstract socket", "@spillway-" + filepath.Base(t.TempDir()) + "-notify"},
	} {
		t.Run(test.name, func(t *testing.T) {
			nc, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: test.path, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetReadDeadline(time.Now().Add(sockets.Patience))
			t.Setenv("NOTIFY_SOCKET", test.path)
			t.Setenv("WATCHDOG_USEC", "200000")
			s := command.Start(t)
			want := func(pattern string) {
				t.Helper()
				text := next(t, nc)
				for pattern != "WATCHDOG=1" && text == "WATCHDOG=1" {
					text = next(t, nc)
				}
				if !regexp.MustCompile("^" + pattern + "$").MatchString(text) {
					t.Errorf("got %q, want %q", text, pattern)
				}
			}
			want("READY=1")
			want("WATCHDOG=1")
			s.Restart()
			want(`RELOADING=1\nMONOTONIC_USEC=[1-9]\d+`)
			pid := regexp.MustCompile(`pid=(\d+)`).FindStringSubmatch(s.Stderr.String())[1]
			want(fmt.Sprintf(`MAINPID=%s\nREADY=1\nWATCHDOG=1`, pid))
			want("WATCHDOG=1") // from the new process: the old one says nothing more
			s.Signal(syscall.SIGTERM)
			want("STOPPING=1")
			s.Wait()
		})
	}
}

func next(t *testing.T, nc net.Conn) string {
	t.Helper()
	text := make([]byte, 1000)
	n, err := nc.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(text[:n])
}

// TestWrongEnvironment has values that nobody should set.
func TestWrongEnvironment(t *testing.T) {
	for _, test := range []struct {
		environment, flags, want string
		status                   int
	}{
		{"LISTEN_FDS=2 LISTEN_PID=$$", "-addr fd:web 3</dev/null 4</dev/null", `descriptor 3, "unknown", of LISTEN_FDS 2: socket operation on non-socket`, 2},
		{"LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web", "-addr fd:web 3</dev/null", `descriptor 3, "web", of LISTEN_FDS 1: socket operation on non-socket`, 2},
		{"LISTEN_FDS=many LISTEN_PID=$$", "-addr fd:web", `LISTEN_FDS "many" is not a number`, 2},
		{"LISTEN_FDS=-1 LISTEN_PID=$$", "-addr fd:web", `LISTEN_FDS "-1" is not a number`, 2},
		{"LISTEN_FDS=1 LISTEN_PID=me", "-addr fd:web", `LISTEN_PID "me" is not the number of a process`, 2},
		{"LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=a:b", "-addr fd:web", `LISTEN_FDNAMES "a:b" are 2 names for 1 descriptors`, 2},
		{"LISTEN_FDS=1 LISTEN_PID=1", "-addr fd:web", `no socket was handed over by the name "web"; none was at all`, 2},
		{"LISTEN_FDS=1", "-addr fd:web", `by the name "web"; none was at all`, 2},
		{"LISTEN_FDS=0 LISTEN_PID=$$", "-addr fd:web", `by the name "web"`, 2},
		{"SPILLWAY_LISTEN_FDS=x", "", `SPILLWAY_LISTEN_FDS "x" is not a number`, 2},
		{"SPILLWAY_READY_FD=x", "", `SPILLWAY_READY_FD "x" is not the number`, 1},
		{"SPILLWAY_READY_FD=3", "3</dev/null", `SPILLWAY_READY_FD "3" is not a pipe`, 1},
		{"WATCHDOG_USEC=soon", "", `WATCHDOG_USEC "soon" is not a number`, 1},
		{"WATCHDOG_USEC=0", "", `WATCHDOG_USEC "0" is not a number`, 1},
		{"", "-addr unix:@name -socket-mode 660", `"unix:@name" has no mode and no owner`, 2},
		{"", "-socket-mode 660", `has no mode and no owner`, 2},
		{"", "-addr unix:/tmp/never -socket-mode 888", `not the permissions of a file`, 2},
		{"", "-addr unix:/tmp/never -socket-owner :no-such-group", `the owner ":no-such-group"`, 2},
		{"", "-addr unix:/tmp/never -per-core", `cannot have a listener for each core`, 2},
	} {
		t.Run(test.environment+" "+test.flags, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(test.flags, "-addr") {
				test.flags = "-addr 127.0.0.1:0 " + test.flags
			}
			script := test.environment + ` exec "$0" serve ` + test.flags
			out, err := exec.Command("sh", "-c", script, command.Path).CombinedOutput()
			status, _ := err.(*exec.ExitError)
			if status == nil || status.ExitCode() != test.status {
				t.Fatalf("%v, want exit status %d\n%s", err, test.status, out)
			}
			if !strings.Contains(string(out), test.want) || strings.Count(string(out), "\n") != 1 {
				t.Errorf("got %q, want a line with %q", out, test.want)
			}
		})
	}
}
