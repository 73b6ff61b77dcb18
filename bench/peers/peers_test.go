// Every peer, run as the benchmark runs it, answers its cases rightly.

//go:build linux

package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/check"
	"github.com/spillway-go/spillway/bench/servers"
)

// TestMain makes this program a server when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-server" {
		main()
		return
	}
	os.Exit(m.Run())
}

// wrongIn names what is known to be answered wrongly.
var wrongIn = map[string]string{"hertz refused-16m": "closes while the client sends"}

func TestEveryPeerAnswersItsCases(t *testing.T) {
	dir := t.TempDir()
	if err := servers.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for name := range serve {
		s, err := servers.Find(name)
		if err != nil || !s.Peer {
			t.Fatalf("%s is not listed as a peer: %v", name, err)
		}
		for _, c := range cases.All() {
			if s.Lacks(&c) != "" || strings.HasPrefix(c.ID, "scale-") || strings.HasPrefix(c.ID, "upload-16m") {
				continue
			}
			t.Run(name+" "+c.ID, func(t *testing.T) {
				_, err := check.Case(start(t, name, c.ID, dir), &c)
				if known := wrongIn[name+" "+c.ID]; known != "" {
					t.Logf("known: %s: %v", known, err)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// start starts a server process and returns its address.
func start(t *testing.T, name, caseID, dir string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-server", name, "-case", caseID, "-dir", dir)
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

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := serveGnet(unclosed{l}, &servers.Env{Case: &cases.Case{}, Listens: make(chan struct{})}); err == nil {
		t.Error("gnet serves an address that is taken")
	}
}

// unclosed keeps its address.
type unclosed struct{ net.Listener }

func (unclosed) Close() error { return nil }
