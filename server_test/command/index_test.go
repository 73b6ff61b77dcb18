// What / lists: every route, each with a line for a shell that shows what it says. And what the commands say of themselves.

package command_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// entry is a route in the list, and the line below it.
var entry = regexp.MustCompile(`(?m)^(/\S*)  [^:\n]+: .+\n    (.*curl .*)$`)

// shows is what the routes' lines must print, on standard output or on standard error.
var shows = map[string][]string{
	"/":          {"\n/plaintext  "},
	"/plaintext": {"HTTP/1.1 200 OK", "Hello, World!"},
	"/consume":   {"consumed 5 bytes"},
	"/ignore":    {"ignored\n", "Re-using existing connection", "Hello, World!"},
	"/fail":      {"HTTP/1.1 500 ", "Re-using existing connection", "Hello, World!"},
	"/partial":   {"read 4 bytes"},
	"/reject":    {"HTTP/1.1 413 ", "too large: the limit is 1000 bytes"},
	"/echo":      {"6\r\nhello\n\r\n0\r\n"},
	"/inspect":   {`"query":"a=b"`, `"body_bytes":5`},
	"/bytes":     {"100"}, // percent
	"/stream":    {"4\r\nxxxx\r\n4\r\nxxxx\r\n2\r\nxx\r\n0\r\n"},
	"/status":    {"HTTP/1.1 418 "},
	"/sleep":     {"slept"},
	"/hijack":    {"HTTP/1.1 101 ", "Upgrade: echo"},
	"/health":    {"HTTP/1.1 200 OK", "ok\n"},
	"/uploads":   {`{"id":"one","bytes":5,"error":""}`},
}

// TestTheListOfRoutes runs every line that the list has.
func TestTheListOfRoutes(t *testing.T) {
	t.Parallel()
	sockets.Program(t, "curl")
	for _, flags := range []string{"", "-api nethttp", "-tls-self-signed", "-api nethttp -tls-self-signed"} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, strings.Fields(flags)...)
			a := s.Dial().Ask("GET / HTTP/1.1\r\nHost: " + s.Addr + "\r\n\r\n")
			if a.StatusCode != 200 || a.Header.Get("Content-Type") != plainText || !strings.Contains(a.Content, "-trace") {
				t.Fatalf("%s, %v\n%s", a.Status, a.Header, a.Content)
			}
			entries := entry.FindAllStringSubmatch(a.Content, -1)
			if len(entries) != len(shows) {
				t.Errorf("%d routes are listed, want %d:\n%s", len(entries), len(shows), a.Content)
			}
			for _, e := range entries {
				path, _, _ := strings.Cut(e[1], "?")
				out := runLine(t, e[2])
				for _, want := range shows[path] {
					if !strings.Contains(out, want) {
						t.Errorf("%s does not show %q:\n%.2000s", e[2], want, out)
					}
				}
				if shows[path] == nil {
					t.Errorf("%s: what should %s show?", path, e[2])
				}
			}
		})
	}
}

// runLine runs a line in a shell that has no home, where curl would have settings.
func runLine(t *testing.T, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(line, " -m 1 ") { // which ends what has no end of its own
		t.Errorf("%s: %v", line, err)
	}
	return string(out)
}

// A Host that is none is not copied into lines for a shell, and the help lists the same routes.
func TestTheListOfRoutesElsewhere(t *testing.T) {
	t.Parallel()
	help, err := exec.Command(command.Path, "serve", "-h").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range []string{"native", "nethttp"} {
		a := command.Start(t, "-api", api).Dial().Ask("GET / HTTP/1.1\r\nHost: $(reboot)'\r\n\r\n")
		if a.StatusCode != 200 && a.StatusCode != 400 || strings.Contains(a.Content, "reboot") {
			t.Errorf("%s\n%s", a.Status, a.Content)
		}
		if a.StatusCode == 200 && !strings.HasSuffix(string(help), a.Content) {
			t.Errorf("the help does not end with\n%s", a.Content)
		}
	}
}

// TestHelp asks for the usage, which is no failure, and gives no command, which is one.
func TestHelp(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{"-h": "serve", "help": "serve", "serve -h": "-shutdown-timeout", "serve --help": "-trace", "-help": "version", "version": runtime.Version()} {
		out, err := exec.Command(command.Path, strings.Fields(args)...).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
	out, err := exec.Command(command.Path).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "usage:") {
		t.Errorf("without a command: %v\n%s", err, out)
	}
}
