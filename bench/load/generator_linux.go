// The generator is one thread and one loop: it sends the next request on a connection when the last response has come.

// Package load generates the load and measures what becomes of it.
package load

import (
	"crypto/tls"
	"fmt"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/stat"
)

// Generator holds the connections of one case to one server.
type Generator struct {
	c    *cases.Case
	addr *net.TCPAddr
	tls  *tls.Config

	begin string // what connections begin with
	pid   int    // the server's process

	wire   []byte // one turn's requests
	vary   []int
	number uint64
	status int // the response that is due, and its content's length or -1
	length int

	epoll   int
	events  []unix.EpollEvent
	conns   []connection
	buf     []byte
	heads   heads
	began   time.Time
	waiting queue // connections without a turn, where not all have one
	running int   // turns under way

	stopping  bool // no new turns
	recording bool
	due       int64 // when the next request is due, at a fixed rate

	total      int64
	reconnects int64
	latency    stat.Histogram
}

// Result is what was measured.
type Result struct {
	Requests int64          `json:"requests"` // answered within the window
	Total    int64          `json:"total"`    // answered from the first to the last
	Window   time.Duration  `json:"window"`
	Server   time.Duration  `json:"server"` // processor time within the window
	Self     time.Duration  `json:"self"`   // the generator's own
	User     int64          `json:"user"`   // the server's in ticks, for the proportion
	System   int64          `json:"system"`
	Again    int64          `json:"reconnects"` // connections that the server announced to close
	Latency  stat.Histogram `json:"latency"`
}

// silence is how long a server may leave everything unanswered.
const silence = 10 * time.Second

// New makes the connections, a few hundred at a time so that the server can follow, and sends one request on each.
func New(c *cases.Case, addr string, pid int) (*Generator, error) {
	to, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	g := &Generator{c: c, addr: to, pid: pid, tls: tlsConfig(c), began: time.Now(), epoll: -1}
	if c.Proxied {
		g.begin = cases.ProxyHeader
	}
	g.wire, g.vary = c.Wire()
	one := g.wire
	for range c.Pipeline - 1 {
		g.wire = append(g.wire[:len(g.wire):len(g.wire)], one...)
	}
	g.status, g.length = c.Status(), -1
	if text := c.Text(); text != nil {
		g.length = len(text)
	}
	g.events = make([]unix.EpollEvent, min(c.Conns, 512))
	g.buf = make([]byte, 128<<10)
	g.conns = make([]connection, c.Conns)
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := g.connectAll(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (g *Generator) now() int64 { return int64(time.Since(g.began)) }

func (g *Generator) connectAll() error {
	const batch = 256
	g.stopping = true // every connection has one turn
	for i := range g.conns {
		g.conns[i].index = int32(i)
		g.conns[i].sock.fd = -1
	}
	for from := 0; from < len(g.conns); from += batch {
		some := g.conns[from:min(from+batch, len(g.conns))]
		for i := range some {
			if err := g.connect(&some[i]); err != nil {
				return err
			}
			g.running++
			if err := g.send(&some[i], g.now()); err != nil {
				return err
			}
		}
		if err := g.drain(); err != nil {
			return err
		}
	}
	return nil
}

// connect gives c a new socket.
func (g *Generator) connect(c *connection) error {
	sock, err := dial(g.addr, g.begin, g.tls)
	if err != nil {
		return err
	}
	*c = connection{sock: sock, index: c.index, partial: c.partial[:0], watched: unix.EPOLLIN}
	event := &unix.EpollEvent{Events: c.watched, Fd: c.index}
	if err := unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, sock.fd, event); err != nil {
		return fmt.Errorf("load: epoll: %w", err)
	}
	return nil
}

// Close closes the connections.
func (g *Generator) Close() {
	for i := range g.conns {
		if fd := g.conns[i].sock.fd; fd > 0 {
			unix.Close(fd)
		}
	}
	unix.Close(g.epoll)
}

// Turn gives every connection a turn: what a pause has cost it is then over.
func (g *Generator) Turn() error { return g.Warm(0, 1) }

// Warm runs the load without measuring: for a time, and then until every connection may have had so many turns.
func (g *Generator) Warm(d time.Duration, turns int) error {
	const slice, most = 20 * time.Millisecond, 3 * time.Second
	if d == 0 && turns == 0 {
		return nil
	}
	if err := g.start(); err != nil {
		return err
	}
	began, enough := g.now(), g.total+int64(turns*len(g.conns))
	for until := began + max(int64(d), 1e6); ; until += int64(slice) {
		if err := g.drive(until); err != nil {
			return err
		}
		if g.total >= enough || g.c.Rate > 0 || g.now()-began > int64(most) {
			return g.drain()
		}
	}
}

// Measure runs the load and measures a window of it.
func (g *Generator) Measure(window time.Duration) (*Result, error) {
	before := g.total
	g.reconnects = 0
	if err := g.start(); err != nil {
		return nil, err
	}
	if err := g.drive(g.now() + int64(window/20)); err != nil {
		return nil, err
	}
	from, err := g.moment()
	if err != nil {
		return nil, err
	}
	g.latency, g.recording = stat.Histogram{}, true
	if err := g.drive(from.at + int64(window)); err != nil {
		return nil, err
	}
	to, err := g.moment()
	if err != nil {
		return nil, err
	}
	g.recording = false
	if len(g.c.Crowd) > 0 {
		g.countPending(to.at)
	}
	if err := g.drain(); err != nil {
		return nil, err
	}
	return &Result{
		Requests: to.total - from.total, Total: g.total - before, Window: time.Duration(to.at - from.at),
		Server: to.server - from.server, Self: to.self - from.self, User: to.user - from.user, System: to.system - from.system,
		Again: g.reconnects, Latency: g.latency,
	}, nil
}

// inTurns reports whether connections wait for their turn.
func (g *Generator) inTurns() bool { return g.c.Active < g.c.Conns || g.c.Rate > 0 }

// start begins as many turns as the case wants at a time.
func (g *Generator) start() error {
	g.stopping = false
	if g.inTurns() {
		g.waiting.fill(len(g.conns))
	}
	g.due = g.now()
	if g.c.Rate > 0 {
		return nil
	}
	for i := range g.c.Active {
		c := &g.conns[i]
		if g.inTurns() {
			c = &g.conns[g.waiting.pop()]
		}
		g.running++
		if err := g.send(c, g.now()); err != nil {
			return err
		}
	}
	return nil
}

// turnEnded begins the next turn, on this connection or on the one that has waited longest.
func (g *Generator) turnEnded(c *connection, now int64) error {
	if g.stopping || g.c.Rate > 0 {
		g.running--
	}
	if g.stopping {
		return nil
	}
	if g.inTurns() {
		g.waiting.push(c.index)
		if g.c.Rate > 0 {
			return nil
		}
		c = &g.conns[g.waiting.pop()]
	}
	return g.send(c, now)
}

// pace begins the turns that are due, as far as connections are free.
func (g *Generator) pace(now int64) error {
	for !g.stopping && g.due <= now && g.waiting.len() > 0 {
		g.running++
		if err := g.send(&g.conns[g.waiting.pop()], g.due); err != nil {
			return err
		}
		g.due += int64(time.Second) / int64(g.c.Rate)
	}
	return nil
}

// drain lets the turns that are under way end.
func (g *Generator) drain() error {
	g.stopping = true
	return g.drive(-1)
}

// drive runs the loop until a time, or, if that is negative, until no turn is under way.
func (g *Generator) drive(until int64) error {
	heard, total := g.now(), g.total
	for {
		now := g.now()
		if until >= 0 && now >= until || until < 0 && g.running == 0 {
			return nil
		}
		if g.total != total {
			heard, total = now, g.total
		} else if now-heard > int64(silence) {
			return wrong("no response within %v", silence)
		}
		wait := uintptr(100)
		if until >= 0 {
			wait = min(wait, uintptr((until-now)/1e6+1))
		}
		if g.c.Rate > 0 && !g.stopping {
			wait = 0
			if err := g.pace(now); err != nil {
				return err
			}
		}
		if err := g.poll(wait); err != nil {
			return err
		}
	}
}

// poll waits for events and handles them.
func (g *Generator) poll(milliseconds uintptr) error {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_WAIT, uintptr(g.epoll), uintptr(unsafe.Pointer(&g.events[0])),
		uintptr(len(g.events)), milliseconds, 0, 0)
	if errno == unix.EINTR {
		return nil
	}
	if errno != 0 {
		return fmt.Errorf("load: epoll: %w", errno)
	}
	for i := range g.events[:n] {
		c, events := &g.conns[g.events[i].Fd], g.events[i].Events
		if events&^uint32(unix.EPOLLOUT) != 0 {
			if err := g.receive(c); err != nil {
				return err
			}
		}
		if events&unix.EPOLLOUT != 0 && len(c.out) > 0 {
			if err := g.flushMore(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// flushMore goes on sending, and ends a turn whose response came before its request had gone out.
func (g *Generator) flushMore(c *connection) error {
	if err := g.flush(c); err != nil {
		return err
	}
	if c.awaited == 0 && len(c.out) == 0 {
		return g.endTurn(c)
	}
	return nil
}
