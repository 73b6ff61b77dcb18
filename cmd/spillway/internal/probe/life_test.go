// Servers that die: the worst verdict, for the scenario that does it, and the run goes on if it can.

package probe

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mortal is a toy that dies of a request without Host. It listens again a moment after a file has appeared.
func mortal(t *testing.T, dies func(c net.Conn, die func())) (url, file string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, file := l.Addr().String(), filepath.Join(t.TempDir(), "restart")
	gone := make(chan struct{})
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	serve := func(l net.Listener) {
		die := func() { l.Close(); gone <- struct{}{} }
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); dies(c, die) }()
		}
	}
	go func() {
		go serve(l)
		for {
			select {
			case <-over:
				l.Close()
				return
			case <-gone:
			}
			for _, err := os.Stat(file); err != nil; _, err = os.Stat(file) {
				select {
				case <-over:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
			os.Remove(file)
			if l, err = net.Listen("tcp", addr); err != nil {
				return
			}
			go serve(l)
		}
	}()
	return "http://" + addr + "/", file
}

// crashing serves as lax does, and dies of an HTTP/1.1 request without Host.
func crashing(c net.Conn, die func()) {
	r := bufio.NewReader(c)
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		if req.fields == "" && req.version == "HTTP/1.1" {
			die()
			return
		}
		req.answer(c)
	}
}

func headsOnly(s *Scenario) bool { return s.Group == "malformed heads" }

func verdictOf(rep *Report, name string) Verdict {
	for i := range rep.Results {
		if rep.Results[i].Name == name {
			return rep.Results[i].Verdict
		}
	}
	return ""
}

func TestCrashAndRestart(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("touch"); err != nil {
		t.Skip(err)
	}
	url, file := mortal(t, crashing)
	rep, err := Run(t.Context(), Config{URL: url, Only: headsOnly, Restart: "touch '" + file + "'"})
	if err != nil {
		t.Fatal(err)
	}
	if v := verdictOf(rep, "no Host"); v != Crash || rep.Unplayed > 0 {
		t.Errorf("%s, %d not played", v, rep.Unplayed)
	}
	for i := range rep.Results {
		if res := &rep.Results[i]; res.Verdict == Crash && res.Name != "no Host" {
			dump(t, res)
		}
	}
}

// Without a command the run ends, and says what it knows.
func TestCrash(t *testing.T) {
	t.Parallel()
	url, _ := mortal(t, crashing)
	rep, err := Run(t.Context(), Config{URL: url, Stuck: 300 * time.Millisecond, Conns: 1, Only: headsOnly})
	if err == nil || !strings.HasPrefix(err.Error(), `in the scenario "no Host"`) || !strings.Contains(err.Error(), "not come back") {
		t.Error(err)
	}
	if len(rep.Results) != 1 || rep.Results[0].Verdict != Crash || rep.Unplayed == 0 {
		t.Errorf("%v, %d not played", rep.Results, rep.Unplayed)
	}
}

// A server that dies behind an answer, and of nothing that can be repeated, is reported all the same.
func TestCrashThatDoesNotComeAgain(t *testing.T) {
	t.Parallel()
	deaths := make(chan struct{}, 1)
	deaths <- struct{}{}
	url, file := mortal(t, func(c net.Conn, die func()) {
		r := bufio.NewReader(c)
		for {
			req, err := readToy(r)
			if err != nil || req.skip(r) != nil {
				return
			}
			req.answer(c)
			if !strings.Contains(req.fields, "\x00") {
				continue
			}
			select {
			case <-deaths:
				die()
			default:
			}
		}
	})
	cfg := Config{URL: url, Conns: 1, Only: headsOnly, Restart: "touch '" + file + "'"}
	rep, err := Run(t.Context(), cfg)
	if err != nil || rep.Unplayed > 0 {
		t.Fatalf("%v, %d not played", err, rep.Unplayed)
	}
	if len(rep.Remarks) != 1 || !strings.Contains(rep.Remarks[0], "one at a time") {
		t.Errorf("%q", rep.Remarks)
	}
	var b strings.Builder
	if rep.print(&b, style{}); !strings.Contains(b.String(), "The server died") {
		t.Error(b.String())
	}
}

// A server that goes silent is dead when a plain GET gets no answer for as long as it may be stuck.
func TestDeadAndRestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "restart")
	var silent atomic.Bool
	deaf := func() bool {
		_, err := os.Stat(file)
		return silent.Load() && err != nil
	}
	url := toy(func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := readToy(r)
			if err != nil || req.skip(r) != nil {
				return
			}
			if req.fields == "" && req.version == "HTTP/1.1" {
				os.Remove(file)
				silent.Store(true)
			}
			if deaf() {
				io.Copy(io.Discard, r)
				return
			}
			req.answer(c)
		}
	}).start(t)
	rep, err := Run(t.Context(), Config{
		URL: url, Stuck: 300 * time.Millisecond, Only: headsOnly, Restart: "touch '" + file + "'",
	})
	if err != nil || rep.Unplayed > 0 {
		t.Fatalf("%v, %d not played", err, rep.Unplayed)
	}
	for i := range rep.Results {
		if res := &rep.Results[i]; (res.Verdict == Dead) != (res.Name == "no Host") {
			dump(t, res)
		}
	}
}
