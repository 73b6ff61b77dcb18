// The end of listening: what waits in the system's queue is served, and then the listener is closed, whatever its kind.

package server

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	queueQuiet  = 2 * time.Millisecond   // a queue to which nothing comes for so long has come to its end
	queueTime   = 100 * time.Millisecond // or when it is empty after so long
	queueLength = 1 << 14                // or when so many were served

	// acceptPatience is how much later than its deadline Accept may return. A listener that takes longer is one whose
	// deadline does not end its Accept, and is closed. While clients wait in the queue, it is rather the program that is too
	// busy: then Accept may be late so many times.
	acceptPatience = 100 * time.Millisecond
	mostLate       = 20
)

// listening is a listener that the server accepts from.
type listening struct {
	net.Listener
	timed     interface{ SetDeadline(time.Time) error } // the listener; nil: it has no deadlines
	preparing sync.WaitGroup                            // the connections whose Prepare runs

	mu       sync.Mutex  // guards what follows
	ended    bool        // nobody accepts any more
	patience *time.Timer // nil: no deadline was ever set
	late     int         // how often Accept has taken longer than that
}

func newListening(l net.Listener) *listening {
	own := &listening{Listener: l}
	own.timed, _ = l.(interface{ SetDeadline(time.Time) error })
	return own
}

// retire ends a running Accept by a deadline, so that the queue can be served, or else by closing the listener.
func (l *listening) retire() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.expire(longAgo, acceptPatience) {
		return nil
	}
	return l.Listener.Close()
}

// stop closes the listener while somebody may be in its Accept, which returns also where Close does nothing because the
// owner wants the listener for another server.
func (l *listening) stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil
	}
	l.expire(longAgo, acceptPatience)
	return l.Listener.Close()
}

// expire sets a deadline for Accept, and closes the listener if nobody calls this again, or end, within the given time. It
// reports whether the listener has deadlines. l.mu is held.
func (l *listening) expire(t time.Time, within time.Duration) bool {
	if l.timed == nil || l.timed.SetDeadline(t) != nil {
		return false
	}
	if l.patience == nil {
		l.patience = time.AfterFunc(within, l.losePatience)
	} else {
		l.patience.Reset(within)
	}
	return true
}

// losePatience closes the listener, unless nobody has come to its Accept for all the work that there is.
func (l *listening) losePatience() {
	if !l.waitOn() {
		l.Listener.Close()
	}
}

// waitOn reports whether Accept is given more time, or is not called any more.
func (l *listening) waitOn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return true
	}
	l.late++
	wait := l.late <= mostLate && queued(l.Listener)
	if wait {
		l.patience.Reset(acceptPatience)
	}
	return wait
}

// acceptSoon is Accept with a deadline, and reports false if the listener has none, or is closed.
func (l *listening) acceptSoon(within time.Duration) (nc net.Conn, ok bool, err error) {
	l.mu.Lock()
	ok = l.expire(time.Now().Add(within), within+acceptPatience)
	l.mu.Unlock()
	if ok {
		nc, err = l.Accept()
	}
	return nc, ok, err
}

// end closes the listener when nobody accepts from it any more. No deadline stays behind, for it may be one that its owner
// uses again.
func (l *listening) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.patience != nil {
		l.patience.Stop()
		l.timed.SetDeadline(time.Time{})
	}
	l.Listener.Close()
}

var longAgo = time.Unix(1, 0)

// serveQueue serves what the system has accepted when the server begins to shut down. As far as those clients know, they
// are connected and have sent their requests; closing the listener would reset them. It waits for a moment in which none
// comes, but not for long, and leaves an empty queue behind, where the system lets it look.
func (s *Server) serveQueue(l *listening) {
	ctx, cancel := context.WithTimeout(context.Background(), queueTime)
	defer cancel()
	for n := 0; n < queueLength && s.registry.reserve(ctx.Done()); n++ {
		nc, ok, err := l.acceptSoon(queueQuiet)
		if ok && err == nil {
			s.begin(l, nc)
		} else {
			s.registry.release()
		}
		quiet := isTimeout(err) // or the program was too busy to look before
		if !ok || err != nil && !quiet || (quiet || ctx.Err() != nil) && !queued(l.Listener) {
			return
		}
	}
}
