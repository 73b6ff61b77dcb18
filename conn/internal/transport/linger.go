// Reading on at the end: if a connection were closed with input unread, the system would answer the client with a reset,
// and a reset can destroy the response before the client has read it (RFC 9112 §9.6).

package transport

import (
	"container/list"
	"sync"
	"time"
)

// Patience bounds how long a connection reads on before it is closed.
type Patience struct {
	Total time.Duration // from the beginning
	Idle  time.Duration // for more to come
	Bytes int64
	Much  bool // may come: it is not worth to be woken for each piece
}

// blindIdle is how long a connection that cannot be half-closed waits for more at most. Its client may be waiting for the
// end of the stream, which only the close can show it; one that has sent nothing for so long has read its response.
const blindIdle = 2 * time.Second

// Lingerers are the connections of a server that linger. Together they cost no more than their bounds say.
type Lingerers struct {
	mu   sync.Mutex
	all  list.List // of *Socket, the oldest first
	out  int64     // how many had to leave for another
	busy time.Time // until when the bytes that were thrown away keep all within their rate
}

// Together bounds what all lingering connections of a server cost.
type Together struct {
	Conns          int   // the oldest is closed for one more
	BytesPerSecond int64 // thrown away; those that the system cannot throw away without copying them count four times
}

// mostEarly is how many timeouts that come too early a lingering connection tries to wait beyond.
const mostEarly = 10

const copying = 4 // times what throwing away without copying costs

// A lingering connection is not woken for each piece of what comes, but when so many bytes are there, when the client has
// closed, or to look. They are in the system's memory until then, so that with more connections that linger no more do it.
const (
	gathered      = 1 << 20
	lookAgain     = 200 * time.Millisecond
	mostGathering = 1024
)

// burst is how far ahead of their rate the bytes may be.
const burst = 50 * time.Millisecond

// Linger closes the sending direction, and throws away what comes until the client has closed too, one of the times is
// over or the bytes are spent. All that was to be sent has been sent. With more than most connections that linger, the
// oldest is closed.
func (l *Lingerers) Linger(s *Socket, p Patience, bounds Together) {
	if CloseWrite(s.Conn) != nil {
		p.Idle = min(p.Idle, blindIdle)
	}
	place := l.enter(s, bounds.Conns)
	defer l.leave(place)
	s.Reads.Rate(0, 0)
	s.Reads.Resume()
	end := time.Now().Add(p.Total)
	gathers := p.Much && l.few() && s.raw.gather(min(p.Bytes, gathered))
	for p.Bytes > 0 {
		n, err := s.discardBy(earlier(time.Now().Add(p.Idle), end), p.Bytes, gathers)
		if err != nil {
			return
		}
		p.Bytes -= int64(n)
		cost := int64(n)
		if !s.raw.discards() {
			cost *= copying
		}
		if pause := l.spend(cost, bounds.BytesPerSecond, time.Now()); pause > 0 {
			time.Sleep(min(pause, time.Until(end)))
		}
	}
}

// discardBy is Discard with a time by which something must have come. What the system gathers wakes nobody in time: it is
// looked for.
func (s *Socket) discardBy(until time.Time, most int64, gathers bool) (int, error) {
	for early := 0; ; {
		look := until
		if gathers {
			look = earlier(until, time.Now().Add(lookAgain))
		}
		s.Reads.By(look)
		n, err := s.Discard(most)
		if !IsTimeout(err) {
			return n, err
		}
		if gathers {
			if n := s.discardReady(most); n > 0 {
				return n, nil
			}
		}
		switch now := time.Now(); {
		case !now.Before(until) || early == mostEarly:
			return 0, err
		case now.Before(look):
			early++ // a deadline of somebody else's, or one that should have been gone
		}
	}
}

// earlier returns the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// spend notes that bytes were thrown away, and returns how long to wait before more are.
func (l *Lingerers) spend(n, perSecond int64, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy.Before(now) {
		l.busy = now
	}
	l.busy = l.busy.Add(time.Duration(float64(n) / float64(perSecond) * float64(time.Second)))
	return l.busy.Sub(now) - burst
}

// enter adds a connection. If there are more than most then, the oldest is closed.
func (l *Lingerers) enter(s *Socket, most int) *list.Element {
	place, oldest := l.push(s, most)
	if oldest != nil {
		oldest.shut() // which may take its time
	}
	return place
}

// push adds a connection, and returns the one that has to leave for it.
func (l *Lingerers) push(s *Socket, most int) (place *list.Element, oldest *Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	place = l.all.PushBack(s)
	if l.all.Len() > most {
		oldest = l.all.Remove(l.all.Front()).(*Socket)
		l.out++
	}
	return place, oldest
}

// few reports whether no more linger than may gather what comes.
func (l *Lingerers) few() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Len() <= mostGathering
}

// Displaced returns how many connections had to leave for another.
func (l *Lingerers) Displaced() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out
}

func (l *Lingerers) leave(place *list.Element) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Remove(place)
}
