// A server that is wrong on purpose, so that one can see what happens then: it forgets content that its handlers leave, closes with
// bytes unread, never sends a 100, waits without a limit, and writes while nobody reads. Never copy from it.

package tour

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live"
)

const (
	mostConns = 32               // of each of the tour's servers
	mostTime  = 20 * time.Second // that a connection of the toy lives: its tour is over then
	mostHead  = 8 << 10          // bytes of a head
)

// toy is the server.
type toy struct {
	l     net.Listener
	watch *live.Watch
	room  chan struct{}

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]bool
	closed bool
	runs   sync.WaitGroup
}

func newToy(l net.Listener, watch *live.Watch) *toy {
	return &toy{l: l, watch: watch, room: make(chan struct{}, mostConns), conns: map[net.Conn]bool{}}
}

func (t *toy) serve() {
	for number := int64(1); ; number++ {
		nc, err := t.l.Accept()
		if err != nil {
			break
		}
		t.mu.Lock()
		if t.closed {
			nc.Close()
		} else {
			t.conns[nc] = true
			t.runs.Go(func() { t.serveOne(nc, number) })
		}
		t.mu.Unlock()
	}
	t.runs.Wait()
}

func (t *toy) close() {
	t.l.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for nc := range t.conns {
		nc.Close()
	}
}

func (t *toy) serveOne(nc net.Conn, number int64) {
	t.room <- struct{}{}
	c := &toyConn{Conn: nc, in: bufio.NewReaderSize(nc, mostHead), toy: t, why: server.ReasonAborted}
	c.event = server.Event{Conn: number, Remote: nc.RemoteAddr(), Local: nc.LocalAddr()}
	defer func() {
		nc.Close()
		c.tell(server.EventClosed, server.Event{Verdict: server.VerdictClose, Reason: c.why})
		t.mu.Lock()
		delete(t.conns, nc)
		t.mu.Unlock()
		<-t.room
	}()
	nc.SetDeadline(time.Now().Add(mostTime))
	c.tell(server.EventAccepted, server.Event{})
	for n := 1; c.exchange(n); n++ {
	}
}

type toyConn struct {
	net.Conn
	in    *bufio.Reader
	toy   *toy
	event server.Event  // what all events have
	why   server.Reason // for which it ends
}

// tell tells the page what happens.
func (c *toyConn) tell(kind server.EventKind, e server.Event) {
	e.Kind, e.Time, e.Conn, e.Remote, e.Local = kind, time.Now(), c.event.Conn, c.event.Remote, c.event.Local
	c.toy.watch.Trace(e)
}

// exchange serves one request, and reports whether another may follow.
func (c *toyConn) exchange(n int) bool {
	line, length, ok := c.head()
	if !ok {
		c.why = server.ReasonClientClosed
		return false
	}
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	if !strings.HasPrefix(version, "HTTP/1.") {
		c.tell(server.EventResponded, server.Event{Exchange: n, Status: 400})
		c.answer("400 Bad Request", "what is "+strconv.Quote(line)+"?\n")
		return false
	}
	c.tell(server.EventHeadParsed, server.Event{Exchange: n, Method: method, Target: target})
	path, _, _ := strings.Cut(target, "?")
	switch path {
	case "/reject":
		c.answer("413 Content Too Large", "too large\n")
		return false // and what was not read makes the system reset the connection
	case "/partial":
		io.CopyN(io.Discard, c.in, 5)
	case "/consume":
		if _, err := io.CopyN(io.Discard, c.in, length); err != nil { // without a 100, and without a limit
			c.why = server.ReasonClientGone
			return false
		}
	case "/echo":
		return c.echo(length)
	}
	c.tell(server.EventResponded, server.Event{Exchange: n, Status: 200})
	return c.answer("200 OK", "this was "+strconv.Quote(path)+"\n")
}

// head reads a head: its first line, and how much content it says there is.
func (c *toyConn) head() (first string, length int64, ok bool) {
	for size := 0; size < mostHead; {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return "", 0, false
		}
		size += len(line)
		line = strings.TrimRight(line, "\r\n")
		switch {
		case first == "":
			first = line
		case line == "":
			return first, length, true
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return "", 0, false
}

func (c *toyConn) answer(status, text string) bool {
	_, err := fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(text), text)
	return err == nil
}

// echo sends content back as it comes, and reads none while it cannot send.
func (c *toyConn) echo(length int64) bool {
	if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length); err != nil {
		return false
	}
	_, err := io.CopyN(c, c.in, length)
	return err == nil
}
