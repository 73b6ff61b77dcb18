// The counters are kept where they cost least: what is rare in one place, what is frequent in each connection.

package conn

import (
	"maps"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// Stats is a snapshot of what a server's connections do and have done.
type Stats struct {
	Open      int // connections, in whatever state
	Idle      int // of these, waiting for a request's first byte
	Parked    int // of these, without a goroutine
	Lingering int // of these, closed for sending and waiting for the client to close

	Accepted  int64                 // connections since the server began
	Exchanges int64                 // requests whose head was accepted
	Leftovers [body.Leftovers]int64 // exchanges by what became of their leftover; hijacked ones are not among them
	Discarded int64                 // bytes of leftovers thrown away so that their connection could be kept
	Closes    [Reasons]int64        // connections that have ended, by reason
	Displaced int64                 // connections that lingered, and were closed for others beyond MaxLingering

	Responses  [6]int64              // final ones, by the first digit of their status, 101 among them; at 0 those beyond 599
	Received   int64                 // bytes of requests, heads and framing too, in exchanges that have ended
	Sent       int64                 // bytes of responses likewise, also informational ones
	Refusals   map[parser.Rule]int64 // requests that were refused for what they were, by the rule that they broke
	Handshakes [Handshakes]int64     // TLS handshakes that failed
}

// counters are the server's own; those of the open connections come on top.
type counters struct {
	accepted  atomic.Int64
	exchanges atomic.Int64 // of connections that have ended
	leftovers [body.Leftovers]atomic.Int64
	discarded atomic.Int64
	closes    [Reasons]atomic.Int64

	handshakes [Handshakes]atomic.Int64
	mu         sync.Mutex // guards refusals, and is held while a connection hands its counters over
	refusals   map[parser.Rule]int64
}

// tally counts what every exchange adds to. There are several, so that processors do not wait for each other's: a connection has
// one of them.
type tally struct {
	responses [6]atomic.Int64
	received  atomic.Int64
	sent      atomic.Int64
	settled   atomic.Int64 // exchanges that left nothing
	_         [64]byte     // some processors fetch cache lines in pairs
}

// subtotal is what a connection has not added to its tally yet: it does when it is about to wait. So a batch of requests that came
// together costs what one does.
type subtotal struct {
	class                   int
	responses               int64 // of that class
	received, sent, settled int64
}

func (s *subtotal) response(to *tally, class int) {
	if class != s.class {
		s.addTo(to)
		s.class = class
	}
	s.responses++
}

func (s *subtotal) addTo(t *tally) {
	if s.responses > 0 {
		t.responses[s.class].Add(s.responses)
	}
	if s.received > 0 {
		t.received.Add(s.received)
	}
	if s.sent > 0 {
		t.sent.Add(s.sent)
	}
	if s.settled > 0 {
		t.settled.Add(s.settled)
	}
	*s = subtotal{class: s.class}
}

// newTallies makes a power of two of them.
func newTallies() []tally { return make([]tally, 1<<bits.Len(uint(4*runtime.GOMAXPROCS(0)-1))) }

func (s *Shared) tallyOf(id int64) *tally { return &s.tallies[uint64(id)%uint64(len(s.tallies))] }

// classOf returns where responses with a status are counted.
func classOf(status int) int {
	if class := status / 100; class < len(tally{}.responses) {
		return class
	}
	return 0
}

// Stats returns a snapshot, given the connections that are open.
func (s *Shared) Stats(open []*Conn) Stats {
	n := &s.counters
	n.mu.Lock()
	defer n.mu.Unlock()
	stats := Stats{
		Accepted: n.accepted.Load(), Exchanges: n.exchanges.Load(), Discarded: n.discarded.Load(),
		Displaced: s.lingerers.Displaced(),
	}
	for i := range n.leftovers {
		stats.Leftovers[i] = n.leftovers[i].Load()
	}
	for i := range n.closes {
		stats.Closes[i] = n.closes[i].Load()
	}
	for i := range n.handshakes {
		stats.Handshakes[i] = n.handshakes[i].Load()
	}
	stats.Refusals = maps.Clone(n.refusals)
	for i := range s.tallies {
		t := &s.tallies[i]
		stats.Received += t.received.Load()
		stats.Sent += t.sent.Load()
		stats.Leftovers[body.LeftoverNothing] += t.settled.Load()
		for class := range t.responses {
			stats.Responses[class] += t.responses[class].Load()
		}
	}
	for _, c := range open {
		stats.Exchanges += c.served.Load()
		state := c.state.Load()
		if state == ended {
			continue // what is among Closes is not among these, although the server knows it still
		}
		stats.Open++
		switch state {
		case idle:
			stats.Idle++
		case parked:
			stats.Idle++
			stats.Parked++
		case lingering:
			stats.Lingering++
		}
	}
	return stats
}

// countSettled counts an exchange. Nearly all leave nothing.
func (c *Conn) countSettled(l body.Leftover, thrown int64) {
	if l == body.LeftoverNothing {
		c.told.settled++
		return
	}
	c.cfg.counters.leftovers[l].Add(1)
	c.cfg.counters.discarded.Add(thrown)
}

// countBytes counts what an exchange has moved.
func (c *Conn) countBytes() (received, sent int64) {
	received, sent = c.in.advance(), c.res.wire
	c.res.wire = 0
	c.told.received += received
	c.told.sent += sent
	return received, sent
}

// refused counts a request that was refused, and tells of it.
func (c *Conn) refused(rule *parser.Error) {
	n := &c.cfg.counters
	n.mu.Lock()
	if n.refusals == nil {
		n.refusals = map[parser.Rule]int64{}
	}
	n.refusals[rule.Rule()]++
	n.mu.Unlock()
	c.noteRefusal(rule)
}

// countClosed counts the end of a connection.
func (c *Conn) countClosed(why Reason) {
	c.state.Store(ended)
	c.cfg.counters.closes[why].Add(1)
}

// handCounters adds the connection's own counter to the server's, before the server forgets the connection.
func (c *Conn) handCounters() {
	n := &c.cfg.counters
	n.mu.Lock()
	defer n.mu.Unlock()
	n.exchanges.Add(c.served.Swap(0))
}
