// The live page from outside: where it says that it is, whom it answers, that it holds up neither an end nor a restart; and what
// explain and replay say of bad input.

package command_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// livePage reads the line that says where the page is.
func livePage(t *testing.T, s *command.Server) string {
	t.Helper()
	line, err := s.Stdout.ReadString('\n')
	page, ok := strings.CutPrefix(line, "live page on ")
	if err != nil || !ok {
		t.Fatalf("the second line is %q, %v", line, err)
	}
	return strings.TrimSuffix(page, "\n")
}

// stream looks at a page, and returns what it tells.
func stream(t *testing.T, page string) *bufio.Scanner {
	t.Helper()
	res, err := http.Get(page + "/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	told := bufio.NewScanner(res.Body)
	told.Buffer(nil, 1<<20)
	if !told.Scan() {
		t.Fatalf("the stream tells nothing: %v", told.Err())
	}
	return told
}

// await reads what a stream tells until a line has all of these words.
func await(t *testing.T, told *bufio.Scanner, words ...string) {
	t.Helper()
	for told.Scan() {
		all := true
		for _, w := range words {
			all = all && strings.Contains(told.Text(), w)
		}
		if all {
			return
		}
	}
	t.Fatalf("the stream ends before it tells of %q: %v", words, told.Err())
}

func TestLivePage(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{}, {"-api", "nethttp"}, {"-tls-self-signed"}, {"-per-core"}, {"-proxy-protocol", "required"}, {"-trace"}} {
		t.Run(strings.Join(append([]string{"serve"}, flags...), " "), func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, append([]string{"-live", ":0"}, flags...)...)
			page := livePage(t, s)
			if !strings.HasPrefix(page, "http://127.0.0.1:") {
				t.Errorf("an address without a host is %s", page)
			}
			told := stream(t, page)
			res, err := http.Post(page+"/play?id=ignore", "", nil)
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("a button: %v, %v", res, err)
			}
			var answer bytes.Buffer
			answer.ReadFrom(res.Body)
			res.Body.Close()
			if strings.Contains(answer.String(), "error") {
				t.Errorf("a button: %s", &answer)
			}
			// how a row ends: what it was in between, the stream need not tell
			await(t, told, `"requests":2`, `"state":"closed"`, `"recorded":true`)
			req, _ := http.NewRequest("POST", page+"/play?id=ignore", nil)
			req.Header.Set("Origin", "http://evil.example")
			if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != 403 {
				t.Errorf("another origin gets %v, %v", res, err)
			} else {
				res.Body.Close()
			}
		}) // and the server ends well although somebody looks
	}
}

func TestLivePageIsRestarted(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0") // a port that is handed over has a number
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	s := command.Start(t, "-live", free.Addr().String())
	page := livePage(t, s)
	stream(t, page)
	s.Restart()
	var lines []string
	for range 2 {
		line, err := s.Stdout.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	if lines[0] != "listening on "+s.URL || lines[1] != "live page on "+page {
		t.Errorf("the new process says %q; the old one was on %s, and its page on %s", lines, s.URL, page)
	}
	if !sockets.Eventually(func() bool {
		res, err := http.Get(page + "/")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == 200
	}) {
		t.Error("the page is not there any more")
	}
}

// TestBadDialogues asks for what cannot be explained or played.
func TestBadDialogues(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(name, []byte("\x1b[2Jno dialogue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"explain /no/such", "explain -bogus", "explain a b", "explain -notation " + name, "explain " + filepath.Dir(name),
		"replay", "replay /no/such", "replay -bogus", "replay " + name, "replay " + name + " ftp://a", "replay -patience 0 " + name,
		"serve -live nonsense", "serve -live 127.0.0.1:x", "serve -live 256.0.0.1:0",
	} {
		var out, errs bytes.Buffer
		cmd := exec.Command(command.Path, strings.Fields(args)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		var exit *exec.ExitError
		err := cmd.Run()
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(errs.String(), "\n") != 1 || strings.Contains(errs.String(), "\x1b") || out.Len() > 0 {
			t.Errorf("spillway %s: %v\n%q\n%q", args, err, &errs, &out)
		}
	}
}

// TestReplayOfAnExport plays again what the page has exported.
func TestReplayOfAnExport(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-live", ":0")
	page := livePage(t, s)
	told := stream(t, page)
	for i, play := range []string{"ignore", "partial", "reject", "chunked", "expect", "two-lengths", "bad-chunk"} {
		res, err := http.Post(page+"/play?id="+play, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		await(t, told, fmt.Sprintf(`"id":%d,`, 2*i+1), `"state":"closed"`)
		export, err := http.Get(fmt.Sprintf("%s/export?as=dialogue&row=%d", page, 2*i+1))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(command.Path, "replay", "-", s.URL)
		var dialogue bytes.Buffer
		dialogue.ReadFrom(export.Body)
		export.Body.Close()
		cmd.Stdin = bytes.NewReader(dialogue.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.HasSuffix(out, []byte("\nas it was\n")) {
			t.Errorf("%s: %v\n%s\nwas\n%s", play, err, out, &dialogue)
		}
		await(t, told, fmt.Sprintf(`"id":%d,`, 2*i+2), `"state":"closed"`) // that one too
	}
}
