//go:build linux && !spillway_portable

// Connections that are parked and woken: none is lost, and none keeps what it does not need.

package conn

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serveTCP serves connections on a loopback address until the test ends.
func serveTCP(t testing.TB, cfg Config) (addr string, open func() []*Conn) {
	t.Helper()
	addr, open, _ = serveShared(t, cfg)
	return addr, open
}

func serveShared(t testing.TB, cfg Config) (addr string, open func() []*Conn, shared *Shared) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var running sync.WaitGroup
	all := make(map[*Conn]bool)
	cfg.Ended = func(c *Conn) {
		mu.Lock()
		delete(all, c)
		mu.Unlock()
		running.Done()
	}
	shared = Share(cfg)
	open = func() (list []*Conn) {
		mu.Lock()
		defer mu.Unlock()
		for c := range all {
			list = append(list, c)
		}
		return list
	}
	running.Add(1)
	go func() {
		defer running.Done()
		for id := int64(1); ; id++ {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			c := New(nc, shared, id)
			running.Add(1)
			mu.Lock()
			all[c] = true
			mu.Unlock()
			go c.Serve()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		for _, c := range open() {
			c.Abort()
		}
		running.Wait()
		shared.Close()
	})
	return l.Addr().String(), open, shared
}

// echoPath answers with the path, so that an answer can be told from another's.
func echoPath(w *Response, r *Request) error {
	_, err := w.WriteString(r.RawPath)
	return err
}

// cycles is how many times connections are parked and woken: many more if SPILLWAY_CYCLES says so.
func cycles(t *testing.T) int64 {
	if s := os.Getenv("SPILLWAY_CYCLES"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 20_000
}

// Clients send requests at the moment in which their connection is being parked, in one piece and in two, and close or
// reset in the same moment. No request that was sent on a connection that its client did not end may be lost.
func TestNoRequestIsLostWhileParking(t *testing.T) {
	addr, _, shared := serveShared(t, Config{
		Handler: HandlerFunc(echoPath), Park: true,
		Limits: Limits{ParkAfter: 20 * time.Microsecond, IdleTimeout: 30 * time.Second},
	})
	left := cycles(t)
	want := left / 4
	var failed atomic.Bool
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for !failed.Load() && atomic.LoadInt64(&left) > 0 {
				if err := parkingClient(addr, &left); err != nil {
					failed.Store(true)
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	n := shared.parked.Parkings()
	t.Logf("parked %d times", n)
	if n < want {
		t.Errorf("parked only %d times", n)
	}
}

// parkingClient is one connection's life, of up to 200 requests.
func parkingClient(addr string, left *int64) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(60 * time.Second))
	br := bufio.NewReader(c)
	for i := range rand.IntN(200) {
		if atomic.AddInt64(left, -1) < 0 {
			break
		}
		pause(rand.IntN(80))
		path := fmt.Sprintf("/%d", i)
		request := "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"
		cut := len(request)
		if rand.IntN(4) == 0 {
			cut = rand.IntN(len(request))
		}
		io.WriteString(c, request[:cut])
		pause(rand.IntN(40))
		io.WriteString(c, request[cut:])
		last := rand.IntN(64) == 0
		if last { // end together with the request: it is answered all the same
			c.(*net.TCPConn).CloseWrite()
		}
		if err := expectContent(br, path); err != nil {
			return fmt.Errorf("request %d, cut at %d: %w", i, cut, err)
		}
		if last {
			break
		}
	}
	if rand.IntN(2) == 0 {
		c.(*net.TCPConn).SetLinger(0)
	}
	return nil
}

// pause lets some microseconds pass without a timer, whose grain is coarser than that.
func pause(us int) {
	for end := time.Now().Add(time.Duration(us) * time.Microsecond); time.Now().Before(end); {
		runtime.Gosched()
	}
}

// expectContent reads a response with a Content-Length.
func expectContent(br *bufio.Reader, want string) error {
	length := -1
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
		fmt.Sscanf(line, "Content-Length: %d", &length)
	}
	if length != len(want) {
		return fmt.Errorf("a response of %d bytes for %s", length, want)
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(br, content); err != nil {
		return err
	}
	if string(content) != want {
		return fmt.Errorf("the response for %s to the request for %s", content, want)
	}
	return nil
}

func TestParkedConnectionsHaveNoGoroutine(t *testing.T) {
	const many = 100
	addr, open := serveTCP(t, Config{
		Handler: HandlerFunc(echoPath), Park: true, Limits: Limits{ParkAfter: time.Millisecond},
	})
	before := runtime.NumGoroutine()
	for range many {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if err := expectContent(bufio.NewReader(c), "/"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all connections are parked", func() bool {
		n := 0
		for _, c := range open() {
			if c.state.Load() == parked {
				n++
			}
		}
		return n == many
	})
	sets := min(runtime.GOMAXPROCS(0), 16) // the goroutines that wait for all of them
	eventually(t, "their goroutines have ended", func() bool { return runtime.NumGoroutine() < before+sets+9 })
}

// Only a connection whose requests follow each other keeps its goroutine for all of ParkAfter.
func TestPatienceBeforeParking(t *testing.T) {
	shared := Share(Config{Limits: Limits{ParkAfter: time.Second}})
	for _, tt := range []struct {
		served int64
		rare   bool
		want   time.Duration
	}{{0, false, time.Second / 64}, {1, false, time.Second / 64}, {2, false, time.Second}, {9, true, time.Second / 64}} {
		c := &Conn{cfg: shared, rare: tt.rare}
		c.served.Store(tt.served)
		if got := c.patience(); got != tt.want {
			t.Errorf("after %d requests, rare %t: %v, want %v", tt.served, tt.rare, got, tt.want)
		}
	}
}

// A connection that was parked between two requests waits with its goroutine behind the second, unless they were further
// apart than ParkAfter.
func TestRareRequests(t *testing.T) {
	for _, tt := range []struct {
		apart, parkAfter time.Duration
		rare             bool
	}{{5 * time.Millisecond, time.Hour, false}, {5 * time.Millisecond, time.Millisecond, true}} {
		client, nc := net.Pipe()
		c := New(nc, Share(Config{Handler: HandlerFunc(echoPath), Limits: Limits{ParkAfter: tt.parkAfter}}), 1)
		c.parked, c.idleSince = true, time.Since(c.cfg.began)-tt.apart // as behind a park
		go io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if end := c.awaitRequest(); end.verdict != VerdictReuse || c.rare != tt.rare || c.parked {
			t.Errorf("%v apart with %v: verdict %v, rare %t, parked %t", tt.apart, tt.parkAfter, end.verdict, c.rare, c.parked)
		}
		client.Close()
		nc.Close()
	}
}

func TestParkedConnectionEndsWhenIdleForTooLong(t *testing.T) {
	ended := make(chan Event, 1)
	addr, _ := serveTCP(t, Config{
		Handler: HandlerFunc(echoPath), Park: true,
		Limits: Limits{ParkAfter: time.Millisecond, IdleTimeout: 300 * time.Millisecond},
		Trace: func(e Event) {
			if e.Kind == EventClosed {
				ended <- e
			}
		},
	})
	began := time.Now()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(began.Add(10 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read = %d, %v, want the end of the stream", n, err)
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("ended after %v", took)
	}
	if e := <-ended; e.Reason != ReasonIdleTimeout {
		t.Errorf("ended for %v", e.Reason)
	}
}

// A connection that is parked ends by its age too.
func TestParkedConnectionEndsByItsAge(t *testing.T) {
	ended := make(chan Event, 2)
	addr, open := serveTCP(t, Config{
		Handler: HandlerFunc(echoPath), Park: true,
		Limits: Limits{ParkAfter: time.Millisecond, MaxAge: time.Second},
		Trace: func(e Event) {
			if e.Kind == EventClosed {
				ended <- e
			}
		},
	})
	began := time.Now()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	eventually(t, "the connection is parked", func() bool {
		list := open()
		return len(list) == 1 && list[0].state.Load() == parked
	})
	c.SetDeadline(began.Add(10 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read = %d, %v, want the end of the stream", n, err)
	}
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("ended after %v", took)
	}
	if e := <-ended; e.Reason != ReasonMaxAge || e.Verdict != VerdictLinger {
		t.Errorf("ended for %v, %v", e.Reason, e.Verdict)
	}
}

func TestStopAndAbortReachParkedConnections(t *testing.T) {
	for name, end := range map[string]func(*Conn){"Stop": (*Conn).Stop, "Abort": (*Conn).Abort} {
		t.Run(name, func(t *testing.T) {
			addr, open := serveTCP(t, Config{
				Handler: HandlerFunc(echoPath), Park: true, Limits: Limits{ParkAfter: time.Millisecond},
			})
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			eventually(t, "the connection is parked", func() bool {
				list := open()
				return len(list) == 1 && list[0].state.Load() == parked
			})
			end(open()[0])
			c.SetDeadline(time.Now().Add(10 * time.Second))
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("Read = %d, %v, want the end of the stream", n, err)
			}
		})
	}
}

// eventually waits until something is so, and fails after ten seconds.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never so: %s", what)
		}
	}
}
