// Law of this file: what one end sends arrives at the other in order and at its time, and only arrive changes what
// the receiver can see.

package servertest

import (
	"math"
	"sync"
	"time"
)

// segment is something on its way: n bytes of data, or a FIN, or a RST. Times are since wire.epoch.
type segment struct {
	n      int
	kind   kind
	depart time.Duration // when its last byte has left the sender: a RST sent before that overtakes it
	at     time.Duration // when it arrives
}

type kind uint8

const (
	data kind = iota
	fin
	rst
)

// stream is one direction of a connection. wire.mu guards it.
type stream struct {
	w        *wire
	link     Link // as the caller gave it, with defaults filled in
	from, to *Conn

	//	0 ≤ ready ≤ ring.n
	//	the first ready bytes of ring // arrived, not read
	//	the rest                      // on their way: the sum of the segments' n
	//	segs is ordered by at and by depart
	ring  ring
	ready int
	segs  []segment

	finSent    bool // by from; nothing can be written any more
	finArrived bool // at to; end of stream once ready is 0
	writing    bool // a Write has the turn: Writes must not interleave
	want       int  // bytes that blocked Reads ask for: the room there is when the link has no buffer

	// The link has been busy since busyFrom and has carried busyBytes since, fewer than Rate: departures are
	// computed from the start of the busy period so that rounding does not add up.
	busyFrom  time.Duration
	busyBytes int

	readable sync.Cond // waited on by to's Reads
	writable sync.Cond // waited on by from's Writes
}

func (s *stream) instant() bool { return s.link.Delay == 0 && s.link.Rate == 0 }

// room is how many bytes a Write may hand over now.
func (s *stream) room() int {
	switch {
	case s.link.Buffer > 0:
		return s.link.Buffer - s.ring.n
	case s.to.closed:
		return max(0, 1-s.ring.n) // no Read will come; a byte must travel to learn that from the RST
	default:
		return max(0, s.want-s.ring.n)
	}
}

// send puts p on its way; p must fit the room.
func (s *stream) send(p []byte) {
	s.ring.put(p)
	if s.instant() {
		s.arrive(segment{n: len(p)})
		return
	}
	now := s.w.now()
	for left := len(p); left > 0; {
		n := left
		depart := now
		if s.link.Rate > 0 {
			n = min(left, s.quantum())
			depart = s.occupy(now, n)
		}
		s.segs = append(s.segs, segment{n: n, depart: depart, at: depart + s.link.Delay})
		left -= n
	}
}

// quantum is how many bytes of a rated link arrive together: 10 ms of them, but no more than an Ethernet frame holds,
// and at least one.
func (s *stream) quantum() int { return min(max(1, s.link.Rate/100), 1460) }

// occupy takes the rated link for n more bytes and returns when the last of them has left.
func (s *stream) occupy(now time.Duration, n int) time.Duration {
	if s.busyUntil() <= now {
		s.busyFrom, s.busyBytes = now, 0
	}
	s.busyBytes += n
	s.busyFrom += time.Duration(s.busyBytes/s.link.Rate) * time.Second
	s.busyBytes %= s.link.Rate
	return s.busyUntil()
}

func (s *stream) busyUntil() time.Duration {
	if s.link.Rate == 0 {
		return 0
	}
	rate := time.Duration(s.link.Rate)
	return s.busyFrom + (time.Duration(s.busyBytes)*time.Second+rate-1)/rate // up: no byte is early
}

// sendFIN ends the stream behind everything sent before.
func (s *stream) sendFIN() {
	if s.finSent {
		return
	}
	s.finSent = true
	s.writable.Broadcast()
	if s.instant() {
		s.arrive(segment{kind: fin})
		return
	}
	depart := max(s.w.now(), s.busyUntil())
	s.segs = append(s.segs, segment{kind: fin, depart: depart, at: depart + s.link.Delay})
}

// sendRST ends the stream at t, in front of everything that has not left the sender by then.
func (s *stream) sendRST(t time.Duration) {
	if s.instant() {
		s.arrive(segment{kind: rst})
		return
	}
	for k := len(s.segs); k > 0 && s.segs[k-1].depart > t; k = len(s.segs) {
		s.ring.truncate(s.segs[k-1].n)
		s.segs = s.segs[:k-1]
	}
	s.segs = append(s.segs, segment{kind: rst, depart: t, at: t + s.link.Delay})
}

// arrive lets the receiver see g, whose bytes, if any, are the first of the ring that are not ready.
func (s *stream) arrive(g segment) {
	switch {
	case g.kind == rst:
		s.to.receiveRST()
	case g.kind == fin:
		s.finArrived = true
		s.readable.Broadcast()
	case s.to.closed: // it keeps its room: nothing tells the sender that anything was read
		s.ready += g.n
		s.to.sendRST(g.at)
	default:
		s.ready += g.n
		s.readable.Broadcast()
	}
}

// take moves received bytes into p.
func (s *stream) take(p []byte) int {
	n := min(len(p), s.ready)
	s.ring.get(p[:n])
	s.ready -= n
	s.writable.Broadcast()
	return n
}

// kill throws everything away, received or on its way, and wakes both sides to see why.
func (s *stream) kill() {
	s.ring, s.ready, s.segs = ring{}, 0, nil
	s.readable.Broadcast()
	s.writable.Broadcast()
}

// wire is one connection: two ends, two streams and the timer that makes segments arrive when nobody is looking.
type wire struct {
	mu     sync.Mutex // guards everything below; never held while waiting
	epoch  time.Time
	timed  bool // some stream is not instant
	timer  *time.Timer
	alarm  time.Duration // when timer will fire; noAlarm if it will not
	client Conn
	server Conn
	up     stream // client to server
	down   stream // server to client
}

const noAlarm = time.Duration(math.MaxInt64)

func (w *wire) now() time.Duration { return time.Since(w.epoch) }

// advance makes everything arrive that is due. Every operation calls it first, so that what it sees does not depend
// on whether the timer's goroutine ran before it; and once more after sending, to set the timer.
func (w *wire) advance() {
	if !w.timed {
		return
	}
	now := w.now()
	s, at := w.next()
	for ; at <= now; s, at = w.next() {
		g := s.segs[0]
		s.segs = s.segs[1:]
		s.arrive(g)
	}
	if at == w.alarm {
		return
	}
	w.alarm = at
	switch {
	case at == noAlarm:
		w.timer.Stop()
	case w.timer == nil:
		w.timer = time.AfterFunc(at-now, w.ring)
	default:
		w.timer.Reset(at - now)
	}
}

// next finds the stream with the earliest arrival; the time is noAlarm if nothing is on its way.
func (w *wire) next() (next *stream, at time.Duration) {
	at = noAlarm
	for _, s := range [...]*stream{&w.up, &w.down} {
		if len(s.segs) > 0 && s.segs[0].at < at {
			next, at = s, s.segs[0].at
		}
	}
	return next, at
}

// ring is the timer's function.
func (w *wire) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarm = noAlarm
	w.advance()
}
