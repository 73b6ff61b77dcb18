// The counters are kept where they cost least: what is rare in one place, what is frequent in each connection.

package conn

import (
	"sync/atomic"

	"github.com/spillway-go/spillway/body"
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
}

// counters are the server's own; those of the open connections come on top.
type counters struct {
	accepted  atomic.Int64
	exchanges atomic.Int64 // of connections that have ended
	leftovers [body.Leftovers]atomic.Int64
	discarded atomic.Int64
	closes    [Reasons]atomic.Int64
}

// Stats returns a snapshot, given the connections that are open.
func (s *Shared) Stats(open []*Conn) Stats {
	n := &s.counters
	stats := Stats{
		Open: len(open), Accepted: n.accepted.Load(), Exchanges: n.exchanges.Load(), Discarded: n.discarded.Load(),
	}
	for i := range n.leftovers {
		stats.Leftovers[i] = n.leftovers[i].Load()
	}
	for i := range n.closes {
		stats.Closes[i] = n.closes[i].Load()
	}
	for _, c := range open {
		stats.Exchanges += c.served.Load()
		stats.Leftovers[body.LeftoverNothing] += c.settled.Load()
		switch c.state.Load() {
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

// countSettled counts an exchange. Nearly all leave nothing; these are counted in the connection.
func (c *Conn) countSettled(l body.Leftover, thrown int64) {
	if l == body.LeftoverNothing {
		c.settled.Add(1)
		return
	}
	c.cfg.counters.leftovers[l].Add(1)
	c.cfg.counters.discarded.Add(thrown)
}

// countClosed adds the connection's own counters to the server's when it ends.
func (c *Conn) countClosed(why Reason) {
	n := &c.cfg.counters
	n.closes[why].Add(1)
	n.exchanges.Add(c.served.Swap(0))
	n.leftovers[body.LeftoverNothing].Add(c.settled.Swap(0))
}
