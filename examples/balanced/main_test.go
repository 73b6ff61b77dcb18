// HAProxy, with the configuration that stands beside the program, in front of its server.

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lines keeps what is logged.
type lines struct {
	mu  sync.Mutex
	all []map[string]any
}

func (l *lines) Write(p []byte) (int, error) {
	var line map[string]any
	err := json.Unmarshal(p, &line)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
	return len(p), err
}

// await returns the first line that is good.
func (l *lines) await(t *testing.T, good func(map[string]any) bool) map[string]any {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		i := slices.IndexFunc(l.all, good)
		l.mu.Unlock()
		if i >= 0 {
			return l.all[i]
		}
	}
	t.Fatal("the line that should be logged is not")
	return nil
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestBehindHAProxy(t *testing.T) {
	program, err := exec.LookPath("haproxy")
	if err != nil {
		if program = "/usr/sbin/haproxy"; exec.Command(program, "-v").Run() != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	var logged lines
	srv := newServer(slog.New(slog.NewJSONHandler(&logged, nil)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	front := freePort(t)
	cmd := exec.Command(program, "-db", "-f", "haproxy.cfg")
	cmd.Env = append(os.Environ(), "FRONT="+front, "BACK="+l.Addr().String())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Signal(syscall.SIGTERM)
	var nc net.Conn
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if nc, err = net.Dial("tcp", front); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	defer nc.Close()
	in, want := bufio.NewReader(nc), fmt.Sprintf("hello, %v\n", nc.LocalAddr())
	for range 3 {
		fmt.Fprint(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || string(got) != want {
			t.Errorf("%d %q, %v, want %q", res.StatusCode, got, err, want)
		}
	}
	host, _, _ := net.SplitHostPort(nc.LocalAddr().String())
	line := logged.await(t, func(l map[string]any) bool { return l["url.path"] == "/" })
	if line["client.address"] != host || line["client.port"] != float64(nc.LocalAddr().(*net.TCPAddr).Port) {
		t.Errorf("logged of %v: %v", nc.LocalAddr(), line)
	}
	logged.await(t, func(l map[string]any) bool {
		return l["url.path"] == "/health" && l["http.response.status_code"] == 200.0
	})
	srv.Drain()
	logged.await(t, func(l map[string]any) bool {
		return l["url.path"] == "/health" && l["http.response.status_code"] == 503.0
	})
	within, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := srv.Shutdown(within); err != nil {
		t.Error(err)
	}
	<-ended
}
