// More clients than there is room for, and clients that want to stay for ever.

package load_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// healthy measures how long requests take on kept connections.
func healthy(t *testing.T, addr string, clients int, during time.Duration) (median, most time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var wait sync.WaitGroup
	for range clients {
		c := sockets.Dial(t, addr)
		wait.Go(func() {
			defer c.Close()
			var took []time.Duration
			for end := time.Now().Add(during); time.Now().Before(end); {
				began := time.Now()
				if err := sockets.Send(c.Conn, 100, "POST /consume HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"); err != nil {
					t.Error(err)
					return
				}
				if _, _, err := sockets.Answer(c.In, "POST"); err != nil {
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
	return sockets.Median(all)
}

// 500 clients send a byte a second: half of them of a head, half of content. They are cut in their time, and the others
// hardly notice.
func TestSlowClientsAreCut(t *testing.T) {
	sockets.Clean(t)
	srv := &server.Server{}
	srv.Limits.ReadHeaderTimeout = 3 * time.Second
	srv.Limits.RateGrace = 3 * time.Second
	live := sockets.Serve(t, srv)
	before, mostBefore := healthy(t, live.Addr, 4, time.Second)

	var slow sync.WaitGroup
	var mu sync.Mutex
	var lasted []time.Duration
	for i := range 500 {
		c := sockets.Dial(t, live.Addr)
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
			res, _, err := sockets.Answer(c.In, "POST")
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
	during, mostDuring := healthy(t, live.Addr, 4, 2*time.Second)
	slow.Wait()
	median, most := sockets.Median(lasted)
	t.Logf("healthy clients: median %v, most %v; beside 500 slow ones: median %v, most %v (%+.0f%%)",
		before, mostBefore, during, mostDuring, 100*(float64(during)/float64(before)-1))
	t.Logf("the slow clients were cut after %v to %v, median %v", lasted[0], most, median)
	if lasted[0] < 2900*time.Millisecond {
		t.Errorf("cut after %v to %v; a head has 3 s from its first byte, which came after 1 s, content 3 s", lasted[0], most)
	}
}

// 10,000 connections stay, half of them idle, half in the middle of a head. New ones are served.
func TestTenThousandConnections(t *testing.T) {
	sockets.Clean(t)
	const many = 10000
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	if limit.Max < many+500 {
		sockets.Unable(t, "needs %d descriptors, may have %d", many+500, limit.Max)
	}
	addr, pid, end := sockets.Process(t, many+500)
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
		c := sockets.Dial(t, addr)
		c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		c.WantAnswer("GET", 200, "Hello, World!")
		c.WantEnd()
		c.Close()
		took = append(took, time.Since(began))
	}
	median, most := sockets.Median(took)
	t.Logf("%d connections in %v, %d KiB of memory (%d bytes each; with the race detector: %v); a new one is served in %v, at most %v",
		many, opened, (full-empty)>>10, (full-empty)/many, sockets.Race, median, most)
	for _, i := range []int{0, 1, many - 2, many - 1} { // and the old ones live
		c := sockets.On(t, conns[i])
		if i%2 == 0 {
			c.WantAnswer("GET", 200, "Hello, World!")
			c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		} else {
			c.Send(0, "st: a\r\n\r\n")
		}
		c.WantAnswer("GET", 200, "Hello, World!")
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
	sockets.Clean(t)
	addr, _, end := sockets.Process(t, 40)
	var conns []*sockets.Client
	for range 100 {
		c := sockets.Dial(t, addr)
		c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
		conns = append(conns, c)
	}
	began := time.Now()
	for _, c := range conns {
		c.WantAnswer("GET", 200, "Hello, World!")
		c.Close()
	}
	t.Logf("100 clients of a server with 40 descriptors: served in %v", time.Since(began))
	if log := end(); !strings.Contains(log, "too many open files") {
		t.Errorf("it did not run out of descriptors: %q", log)
	}
}

// Connections beyond MaxConns wait in the system's queue. None is refused or reset.
func TestMaxConnsQueues(t *testing.T) {
	sockets.Clean(t)
	live := sockets.Serve(t, &server.Server{MaxConns: 5})
	var conns []*sockets.Client
	for range 30 {
		c := sockets.Dial(t, live.Addr)
		c.Send(0, "GET /sleep?ms=20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
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
		c.WantAnswer("GET", 200, "slept\n")
		c.WantEnd()
		c.Close()
	}
	close(stop)
	watching.Wait()
}

// At most MaxLingering connections linger. The oldest leaves for a new one.
func TestMaxLingering(t *testing.T) {
	sockets.Clean(t)
	srv := &server.Server{}
	srv.Limits.MaxLingering = 3
	live := sockets.Serve(t, srv)
	for i := range 10 {
		c := sockets.Dial(t, live.Addr)
		c.Send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
		c.WantAnswer("POST", 200, "ignored\n")
		c.WantEnd()
		live.WaitEvents(t, int(conn.EventClosed), i-2)
	}
	closed := live.WaitEvents(t, int(conn.EventClosed), 7)
	if s := live.Stats(); s.Lingering != 3 || s.Displaced != 7 || len(closed) != 7 {
		t.Errorf("%d linger, %d had to leave, %d are closed", s.Lingering, s.Displaced, len(closed))
	}
	for i, e := range closed {
		if e.Conn > 7 {
			t.Errorf("the connection closed as number %d is %d, not the oldest", i, e.Conn)
		}
	}
}
