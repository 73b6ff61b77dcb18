// More clients than there is room for, and clients that want to stay for ever.

package server_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

func init() { liveRoles["server"] = playServer }

// playServer serves the lab's routes in a process of its own, until its standard input ends. The environment says with how
// many descriptors.
func playServer() {
	if n, err := strconv.ParseUint(os.Getenv("SPILLWAY_FILES"), 10, 64); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			panic(err)
		}
	}
	srv := &server.Server{Handler: server.HandlerFunc(liveLab), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	srv.Limits.ReadHeaderTimeout = time.Minute
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go srv.Serve(l)
	io.Copy(io.Discard, os.Stdin)
	srv.Close()
}

// liveProcess runs this program as a server, under the command if there is one, and returns its address and process id. The
// function ends it and returns what it has logged.
func liveProcess(t testing.TB, files int, command ...string) (addr string, pid int, end func() string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(command, self)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "SPILLWAY_ROLE=server", fmt.Sprintf("SPILLWAY_FILES=%d", files))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceValue(func() string {
		in.Close()
		if err := cmd.Wait(); err != nil || strings.Contains(log.String(), "DATA RACE") {
			t.Errorf("the server's process: %v\n%.5000s", err, log.String())
		}
		return log.String()
	})
	t.Cleanup(func() { end() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), cmd.Process.Pid, end
}

// healthy measures how long requests take on kept connections.
func healthy(t *testing.T, addr string, clients int, during time.Duration) (median, most time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var wait sync.WaitGroup
	for range clients {
		c := liveDial(t, addr)
		wait.Go(func() {
			defer c.Close()
			var took []time.Duration
			for end := time.Now().Add(during); time.Now().Before(end); {
				began := time.Now()
				if err := liveSend(c.Conn, 100, "POST /consume HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"); err != nil {
					t.Error(err)
					return
				}
				if _, _, err := liveAnswer(c.in, "POST"); err != nil {
					t.Error(err)
					return
				}
				took = append(took, time.Since(began))
				time.Sleep(time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	wait.Wait()
	return liveMedian(all)
}

// 500 clients send a byte a second: half of them of a head, half of content. They are cut in their time, and the others
// hardly notice.
func TestSlowClientsAreCut(t *testing.T) {
	liveClean(t)
	srv := &server.Server{}
	srv.Limits.ReadHeaderTimeout = 3 * time.Second
	srv.Limits.RateGrace = 3 * time.Second
	live := liveServe(t, srv)
	before, mostBefore := healthy(t, live.addr, 4, time.Second)

	var slow sync.WaitGroup
	var mu sync.Mutex
	var lasted []time.Duration
	for i := range 500 {
		c := liveDial(t, live.addr)
		slow.Go(func() {
			defer c.Close()
			began := time.Now()
			if i%2 == 1 {
				io.WriteString(c, "POST /consume HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
			}
			stop := make(chan struct{})
			var writing sync.WaitGroup
			writing.Go(func() {
				for at := 0; ; at++ {
					select {
					case <-stop:
						return
					case <-time.After(time.Second):
					}
					if _, err := c.Write([]byte("GET / HTTP/1.1\r\n"[at%16 : at%16+1])); err != nil {
						return
					}
				}
			})
			res, _, err := liveAnswer(c.in, "POST")
			took := time.Since(began)
			close(stop)
			writing.Wait()
			if err != nil || res.StatusCode != 408 {
				t.Errorf("a slow client got %v, %v", res, err)
			}
			mu.Lock()
			defer mu.Unlock()
			lasted = append(lasted, took)
		})
	}
	time.Sleep(300 * time.Millisecond)
	during, mostDuring := healthy(t, live.addr, 4, 2*time.Second)
	slow.Wait()
	median, most := liveMedian(lasted)
	t.Logf("healthy clients: median %v, most %v; beside 500 slow ones: median %v, most %v (%+.0f%%)",
		before, mostBefore, during, mostDuring, 100*(float64(during)/float64(before)-1))
	t.Logf("the slow clients were cut after %v to %v, median %v", lasted[0], most, median)
	if lasted[0] < 2900*time.Millisecond || most > 5500*time.Millisecond {
		t.Errorf("cut after %v to %v; a head has 3 s from its first byte, which came after 1 s, content 3 s", lasted[0], most)
	}
}

// 10,000 connections stay, half of them idle, half in the middle of a head. New ones are served.
func TestTenThousandConnections(t *testing.T) {
	liveClean(t)
	const many = 10000
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	if limit.Max < many+500 {
		liveUnable(t, "needs %d descriptors, may have %d", many+500, limit.Max)
	}
	addr, pid, end := liveProcess(t, many+500)
	began := time.Now()
	conns := make([]net.Conn, many)
	defer func() {
		for _, nc := range conns {
			if nc != nil {
				nc.Close()
			}
		}
	}()
	empty := liveMemory(t, pid)
	for i := range conns {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns[i] = nc
		if i%2 == 0 {
			io.WriteString(nc, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		} else {
			io.WriteString(nc, "GET /plaintext HTTP/1.1\r\nHo")
		}
	}
	opened := time.Since(began)
	time.Sleep(time.Second) // so that the idle ones are parked
	full := liveMemory(t, pid)
	var took []time.Duration
	for range 200 {
		began := time.Now()
		c := liveDial(t, addr)
		c.send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		c.wantAnswer("GET", 200, "Hello, World!")
		c.wantEnd()
		c.Close()
		took = append(took, time.Since(began))
	}
	median, most := liveMedian(took)
	t.Logf("%d connections in %v, %d KiB of memory (%d bytes each; with the race detector: %v); a new one is served in %v, at most %v",
		many, opened, (full-empty)>>10, (full-empty)/many, raceEnabled, median, most)
	for _, i := range []int{0, 1, many - 2, many - 1} { // and the old ones live
		c := liveOn(t, conns[i])
		if i%2 == 0 {
			c.wantAnswer("GET", 200, "Hello, World!")
			c.send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		} else {
			c.send(0, "st: a\r\n\r\n")
		}
		c.wantAnswer("GET", 200, "Hello, World!")
	}
	end()
}

// liveMemory returns a process's resident memory in bytes.
func liveMemory(t testing.TB, pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// A server that runs out of file descriptors lets new connections wait, and serves them when others have gone.
func TestOutOfDescriptors(t *testing.T) {
	liveClean(t)
	addr, _, end := liveProcess(t, 40)
	var conns []*liveClient
	for range 100 {
		c := liveDial(t, addr)
		c.send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		conns = append(conns, c)
	}
	began := time.Now()
	for _, c := range conns {
		c.wantAnswer("GET", 200, "Hello, World!")
		c.Close()
	}
	t.Logf("100 clients of a server with 40 descriptors: served in %v", time.Since(began))
	if log := end(); !strings.Contains(log, "too many open files") {
		t.Errorf("it did not run out of descriptors: %q", log)
	}
}

// Connections beyond MaxConns wait in the system's queue. None is refused or reset.
func TestMaxConnsQueues(t *testing.T) {
	liveClean(t)
	live := liveServe(t, &server.Server{MaxConns: 5})
	var conns []*liveClient
	for range 30 {
		c := liveDial(t, live.addr)
		c.send(0, "GET /sleep?ms=20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		conns = append(conns, c)
	}
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if n := live.Stats().Open; n > 5 {
				t.Errorf("%d connections are open", n)
				return
			}
		}
	})
	for _, c := range conns {
		c.wantAnswer("GET", 200, "slept\n")
		c.wantEnd()
		c.Close()
	}
	close(stop)
	watching.Wait()
}

// At most MaxLingering connections linger. The oldest leaves for a new one.
func TestMaxLingering(t *testing.T) {
	liveClean(t)
	srv := &server.Server{}
	srv.Limits.MaxLingering = 3
	live := liveServe(t, srv)
	for i := range 10 {
		c := liveDial(t, live.addr)
		c.send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
		c.wantAnswer("POST", 200, "ignored\n")
		c.wantEnd()
		live.waitEvents(t, int(conn.EventClosed), i-2, 2*time.Second)
	}
	closed := live.waitEvents(t, int(conn.EventClosed), 7, 2*time.Second)
	if n := live.Stats().Lingering; n != 3 || len(closed) != 7 {
		t.Errorf("%d linger, %d are closed", n, len(closed))
	}
	for i, e := range closed {
		if e.Conn > 7 {
			t.Errorf("the connection closed as number %d is %d, not the oldest", i, e.Conn)
		}
	}
}
