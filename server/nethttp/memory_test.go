// What a client that has not finished its head can make the server hold is what docs/limits.md says.

package nethttp_test

import (
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/spillway-go/spillway/server/nethttp"
)

// flood is a connection whose client has sent this, and then says nothing. What it receives is lost.
type flood struct {
	endless
	sent  *strings.Reader
	taken func() // is called when all has been read, or nothing more will be
	once  sync.Once
	close sync.Once
	ended chan bool
}

func (c *flood) Read(p []byte) (int, error) {
	if n, err := c.sent.Read(p); err == nil {
		return n, nil
	}
	c.once.Do(c.taken)
	<-c.ended
	return 0, net.ErrClosed
}

func (c *flood) Close() error {
	c.once.Do(c.taken) // when the head was refused
	c.close.Do(func() { close(c.ended) })
	return nil
}

// flooded accepts connections from a list.
type flooded struct {
	conns chan net.Conn
}

func (l *flooded) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l *flooded) Close() error   { return nil }
func (l *flooded) Addr() net.Addr { return &net.TCPAddr{} }

func TestMemoryOfUnfinishedHeads(t *testing.T) {
	const (
		head    = http.DefaultMaxHeaderBytes + 4096
		fields  = head / 64
		trailer = 16 << 10
		drain   = 256 << 10
		formula = 3*head + trailer + 64*fields + 72<<10 + 3*drain // of docs/limits.md
		line    = "GET / HTTP/1.1\r\nHost: a\r\n"
		small   = "a:\r\n"
	)
	for name, sent := range map[string]string{
		"one field":         line + "a: " + strings.Repeat("x", head),
		"small fields":      line + strings.Repeat(small, head/len(small)),
		"small, then large": line + strings.Repeat(small, fields-2) + "b: " + strings.Repeat("x", head),
	} {
		t.Run(name, func(t *testing.T) {
			const conns = 8
			var taken sync.WaitGroup
			taken.Add(conns)
			l := &flooded{make(chan net.Conn, conns)}
			for range conns {
				l.conns <- &flood{sent: strings.NewReader(sent[:head-1]), taken: taken.Done, ended: make(chan bool)}
			}
			srv := nethttp.New(&http.Server{ErrorLog: new(logLines).logger()})
			before := heap()
			served := make(chan error, 1)
			go func() { served <- srv.Serve(l) }()
			taken.Wait()
			if held := (heap() - before) / conns; held > formula {
				t.Errorf("a connection holds %d bytes of heap, more than %d", held, formula)
			} else {
				t.Logf("a connection holds %d bytes of heap; the formula allows %d", held, formula)
			}
			close(l.conns)
			srv.Close()
			<-served
		})
	}
}

// heap returns what is alive.
func heap() int64 {
	for range 3 { // pools keep things for two rounds
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
