// The player carries a transcript out, one step at a time: something the client or the clock does, and everything that
// follows from it before anything else happens.

package transcript_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// player plays one transcript in one bubble.
type player struct {
	t      *testing.T
	script *script
	mode   mode
	srv    *server.Server
	net    *servertest.Listener

	began   time.Time
	now     time.Duration  // since then, as the transcript counts
	late    time.Duration  // how much time the network took on top of that
	clients []*client      // by number, from 1
	numbers map[int64]int  // their numbers by the server's
	helpers sync.WaitGroup // what the player has started

	mu   sync.Mutex
	seen []output // since the last step
	open map[int]bool
}

// output is something that the server did.
type output struct {
	at     time.Duration
	conn   int
	stream string // bytes, or a mark behind a NUL
	event  string
}

// played is what became of a transcript.
type played struct {
	asWritten bool
	lines     []string
	open      []int
}

func newPlayer(t *testing.T, s *script, m mode) *player {
	p := &player{
		t: t, script: s, mode: m, began: time.Now(), numbers: make(map[int64]int), open: make(map[int]bool),
		net: servertest.Listen(m.links...),
	}
	p.srv = &server.Server{
		Handler: p, Limits: s.limits, MaxConns: s.maxConns, Trace: p.trace, Log: slog.New(&logs{player: p}),
	}
	return p
}

// listener is what the server listens on.
func (p *player) listener() net.Listener {
	if p.mode.bare {
		return servertest.Bare(p.net)
	}
	return p.net
}

// play plays the transcript and cleans up.
func (p *player) play() *played {
	result := &played{asWritten: true}
	p.helpers.Go(func() { p.srv.Serve(p.listener()) })
	p.client(1)
	p.settle()
	for rest := p.script.lines; len(rest) > 0; {
		inputs, expected := 0, 0
		for inputs < len(rest) && (rest[inputs].kind == comment || inputs == 0 && rest[inputs].kind.isInput() || inputs > 0 && together(rest[:inputs], rest[inputs])) {
			inputs++
		}
		for expected = inputs; expected < len(rest) && !rest[expected].kind.isInput(); expected++ {
		}
		p.step(rest[:inputs], rest[inputs:expected], result)
		rest = rest[expected:]
	}
	for number := range p.open {
		result.open = append(result.open, number)
	}
	p.end()
	return result
}

// together reports whether a line belongs to the step that has begun: lines of the same client are sent at once.
func together(begun []line, next line) bool {
	if !next.kind.isInput() {
		return false
	}
	for i := len(begun) - 1; i >= 0; i-- {
		if begun[i].kind == comment {
			continue
		}
		last := begun[i]
		return last.kind == send && next.kind == send && last.conn == next.conn && last.mark == "" && next.mark == ""
	}
	return true
}

// step does what the inputs say and compares what follows with what is expected.
func (p *player) step(inputs, expected []line, result *played) {
	var data []byte
	conn := 1
	before := p.now
	for _, l := range inputs {
		switch {
		case l.kind == wait:
			p.now += l.wait
			time.Sleep(p.now + p.late - time.Since(p.began))
		case l.kind == action:
			p.act(l)
		case l.kind == send && l.mark != "":
			p.client(l.conn).end(l.mark)
		case l.kind == send:
			data, conn = append(data, l.data...), l.conn
		}
	}
	if len(data) > 0 {
		p.send(p.client(conn), data)
	}
	p.settle()
	outputs := p.take()
	if describe(outputs) == describeExpected(expected) && !early(outputs, p.now) {
		for _, l := range append(inputs, expected...) {
			result.lines = append(result.lines, l.text)
		}
		return
	}
	result.asWritten = false
	result.lines = append(result.lines, rewriteStep(before, p.now, inputs, expected, outputs)...)
}

// send sends at once, or byte by byte; of much data, only so many bytes that it can be done in reasonable time.
func (p *player) send(c *client, data []byte) {
	const most = 2000
	if !p.mode.split {
		c.write(data)
		return
	}
	for rest := data; len(rest) > 0; {
		n := 1
		if len(data) > most && len(data)-len(rest) > most/2 && len(rest) > most/2 {
			n = min(len(rest)-most/2, max(1, len(data)/most))
		}
		c.write(rest[:n])
		rest = rest[n:]
		synctest.Wait()
	}
}

// settle lets everything happen that needs no time but the network's.
func (p *player) settle() {
	synctest.Wait()
	if p.mode.grain > 1 {
		time.Sleep(time.Microsecond)
		p.late += time.Microsecond
		synctest.Wait()
	}
}

// take returns the outputs since the last step, in the transcript's time.
func (p *player) take() []output {
	for number, c := range p.clients {
		if c != nil && !c.reset && c.nc.WasReset() {
			c.reset = true
			p.record(output{conn: number, stream: "\x00<RST>"})
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.seen
	p.seen = nil
	return all
}

func (p *player) record(o output) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.at = time.Since(p.began).Truncate(p.mode.grain)
	p.seen = append(p.seen, o)
}

func (p *player) note(conn int, what string) { p.record(output{conn: conn, event: what}) }

// trace notes how leftovers were settled and connections closed.
func (p *player) trace(e server.Event) {
	if e.Kind == conn.EventAccepted {
		p.mu.Lock()
		p.open[int(e.Conn)] = true
		p.mu.Unlock()
	}
	if e.Kind != conn.EventSettled && e.Kind != conn.EventClosed || e.Kind == conn.EventSettled && e.Times.HandlerBegun.IsZero() {
		return // of what was refused, the end of the connection says enough
	}
	_, what, _ := strings.Cut(e.String(), ": ")
	p.note(int(e.Conn), what)
	if e.Kind == conn.EventClosed {
		p.mu.Lock()
		delete(p.open, int(e.Conn))
		p.mu.Unlock()
	}
}

// act does something to the client or to the server.
func (p *player) act(l line) {
	word, arg, _ := strings.Cut(l.say, " ")
	number := 1
	fmt.Sscan(arg, &number)
	switch word {
	case "pause":
		p.client(number).pause()
	case "resume":
		p.client(number).resume()
	case "connect":
		p.client(number)
	case "close":
		p.srv.Close()
	case "shutdown":
		p.helpers.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), duration(arg))
			defer cancel()
			p.note(1, fmt.Sprintf("shutdown: %v", p.srv.Shutdown(ctx)))
		})
	default:
		p.t.Errorf("unknown action %q", l.text)
	}
}

// end closes everything. Whatever is left then hangs in the bubble, which reports it.
func (p *player) end() {
	for _, c := range p.clients {
		if c != nil {
			c.resume()
			c.nc.Abort()
			c.todo <- nil
		}
	}
	p.srv.Close()
	p.helpers.Wait()
}

// client returns a client, which is connected when it is named first.
func (p *player) client(number int) *client {
	for len(p.clients) <= number {
		p.clients = append(p.clients, nil)
	}
	if c := p.clients[number]; c != nil {
		return c
	}
	nc, err := p.net.Dial()
	if err != nil {
		p.t.Fatal(err)
	}
	c := &client{number: number, nc: nc, p: p, todo: make(chan func(), 1<<16)}
	c.ready.L = &c.mu
	p.clients[number] = c
	p.helpers.Go(c.read)
	p.helpers.Go(func() {
		for do := <-c.todo; do != nil; do = <-c.todo {
			do()
		}
	})
	return c
}

// client is the other end of a connection. What it sends it sends in a goroutine, since that may have to wait.
type client struct {
	number int
	nc     *servertest.Conn
	p      *player
	todo   chan func() // for the goroutine that sends
	reset  bool

	mu     sync.Mutex
	ready  sync.Cond
	paused bool
}

func (c *client) write(b []byte) { c.todo <- func() { c.nc.Write(b) } }

func (c *client) end(mark string) {
	if mark == "<RST>" {
		c.nc.Abort()
		return
	}
	c.todo <- func() { c.nc.CloseWrite() }
}

// read records what comes, until the end.
func (c *client) read() {
	buf := make([]byte, 64<<10)
	for {
		c.mu.Lock()
		for c.paused {
			c.ready.Wait()
		}
		c.nc.SetReadDeadline(time.Time{})
		c.mu.Unlock()
		n, err := c.nc.Read(buf)
		if n > 0 {
			c.p.record(output{conn: c.number, stream: string(buf[:n])})
		}
		if err == io.EOF {
			c.p.record(output{conn: c.number, stream: "\x00<FIN>"})
			return
		}
		if c.nc.WasReset() || err != nil && !c.isPaused() {
			return
		}
	}
}

func (c *client) isPaused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused
}

func (c *client) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = true
	c.nc.SetReadDeadline(time.Now())
}

func (c *client) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = false
	c.ready.Broadcast()
}

// logs notes what the server logs.
type logs struct {
	slog.Handler
	player *player
}

func (l *logs) Enabled(context.Context, slog.Level) bool { return true }

func (l *logs) Handle(_ context.Context, r slog.Record) error {
	conn, what := 1, "log: "+r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "conn":
			conn = int(a.Value.Int64())
		case "panic", "error":
			what += ": " + a.Value.String()
		}
		return true
	})
	l.player.note(conn, what)
	return nil
}
