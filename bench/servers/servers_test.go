// Every server, run as the benchmark runs it, answers its cases rightly.

package servers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/check"
)

// wrongIn names what is known to be answered wrongly.
var wrongIn = map[string]string{
	"fasthttp-stream leftover-64k":  "takes leftover content for requests",
	"fasthttp-stream leftover-200k": "takes leftover content for requests",
	"fasthttp-stream refused-16m":   "takes leftover content for requests",
	"fasthttp refused-16m":          "closes while the client sends",
}

// TestMain makes this program a server when it is started as one: floor B keeps a processor for itself.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "server" {
		if err := Run(os.Args[2], os.Args[3], os.Args[4], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestEveryServerAnswersItsCases(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for _, s := range All() {
		for _, c := range cases.All() {
			if s.Serve == nil || s.Lacks(&c) != "" || strings.HasPrefix(c.ID, "scale-") || strings.HasPrefix(c.ID, "upload-16m") {
				continue
			}
			t.Run(s.Name+" "+c.ID, func(t *testing.T) {
				notes, err := check.Case(startServer(t, s.Name, c.ID, dir), &c)
				if known := wrongIn[s.Name+" "+c.ID]; known != "" {
					t.Logf("known: %s: %v", known, err)
				} else if err != nil {
					t.Errorf("%v", err)
				}
				for _, note := range notes {
					t.Log(note)
				}
			})
		}
	}
}

// startServer starts a server process and returns its address.
func startServer(t *testing.T, name, caseID, dir string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "server", name, caseID, dir)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // a second otherwise
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

func TestNamesAreFound(t *testing.T) {
	for _, s := range All() {
		if found, err := Find(s.Name); err != nil || found.Title != s.Title {
			t.Errorf("Find(%s) = %v, %v", s.Name, found, err)
		}
		if (s.Serve == nil && !s.Peer) == (s.Command == nil) {
			t.Errorf("%s must have one of Serve, Peer and Command", s.Name)
		}
	}
	if _, err := Find("apache"); err == nil {
		t.Error("Find found a server that does not exist")
	}
}

func TestServerProcessAnswersQuestions(t *testing.T) {
	in, ask := io.Pipe()
	told, out := io.Pipe()
	ended := make(chan error)
	go func() { ended <- Run("floor-a", "get-1", t.TempDir(), in, out) }()
	lines := bufio.NewScanner(told)
	if !lines.Scan() {
		t.Fatal("no address")
	}
	c, err := cases.Find("get-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check.Case(lines.Text(), c); err != nil {
		t.Error(err)
	}
	for _, question := range []string{"memory", "release"} {
		io.WriteString(ask, question+"\n")
		var m Memory
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &m) != nil || m.Allocations == 0 || m.Heap == 0 || m.Goroutines == 0 {
			t.Errorf("%s: %s", question, lines.Text())
		}
	}
	ask.Close()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	for _, bad := range [][2]string{{"apache", "get-1"}, {"nginx", "get-1"}, {"floor-a", "get-2"}, {"floor-a", "tls"}} {
		if err := Run(bad[0], bad[1], t.TempDir(), strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("Run(%s, %s) = nil", bad[0], bad[1])
		}
	}
}

func TestNginxConfigurationIsWritten(t *testing.T) {
	dir := t.TempDir()
	c, err := cases.Find("tls")
	if err != nil {
		t.Fatal(err)
	}
	command, err := nginxCommand(&Env{Case: c, Dir: dir, Addr: "127.0.0.1:1"})
	if err != nil {
		t.Skip(err)
	}
	if !strings.Contains(strings.Join(command, " "), "nginx.conf") {
		t.Errorf("command %q", command)
	}
}
