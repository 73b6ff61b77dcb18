// The relay between the proxy and its backend. It writes down what the proxy sends, and holds every answer of the backend's
// back for a moment: what comes meanwhile, before the proxy can have asked for it, is an extra answer.

package chain

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	mostPipes     = 64        // connections of the proxy's at once
	mostForwarded = 256 << 10 // bytes that one of them may bring
	mostHeld      = 4 << 20   // bytes of an answer that wait to be handed on
	mostAnswers   = 16        // on one connection
	goodbye       = 200 * time.Millisecond
)

// connection is what the proxy sent on one connection to its backend, and what the backend answered.
type connection struct {
	Segments [][]byte // what came before the first answer was handed on, then before the second, …
	Answers  []int    // the statuses of final answers
	Extra    int      // how many of them came when the proxy had not asked for so many
}

// sent returns what the proxy sent before it got an answer.
func (c *connection) sent() []byte {
	if len(c.Segments) == 0 {
		return nil
	}
	return c.Segments[0]
}

// relay listens where the proxy looks for its backend.
type relay struct {
	l        net.Listener
	to       string // the backend; empty: the relay answers itself
	patience time.Duration
	accepted chan struct{} // closed when accepting has ended

	mu      sync.Mutex
	changed chan struct{} // closed and made anew at every change of what follows
	pipes   []*pipe
	hold    bool // extra answers wait until the proxy sends more
}

func listen(at, to string, patience time.Duration) (*relay, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}
	r := &relay{l: l, to: to, patience: patience, accepted: make(chan struct{}), changed: make(chan struct{})}
	go r.accept()
	return r, nil
}

func (r *relay) accept() {
	defer close(r.accepted)
	for {
		conn, err := r.l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		if len(r.pipes) >= mostPipes {
			conn.Close()
		} else {
			r.pipes = append(r.pipes, newPipe(r, conn))
		}
		r.tell()
		r.mu.Unlock()
	}
}

// tell wakes all who wait for a change. r.mu is held.
func (r *relay) tell() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// until waits until a condition, which is asked with r.mu held, is true, and reports whether it became so in time.
func (r *relay) until(within time.Duration, condition func() bool) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		r.mu.Lock()
		ok, changed := condition(), r.changed
		r.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		}
	}
}

// holdBack says whether extra answers wait until the proxy sends more on their connection.
func (r *relay) holdBack(hold bool) {
	r.mu.Lock()
	r.hold = hold
	r.tell()
	r.mu.Unlock()
}

// seen returns the connections on which the proxy has sent anything since the last reset.
func (r *relay) seen() []connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []connection
	for _, p := range r.pipes {
		if len(p.seen.Segments) == 0 {
			continue
		}
		c := p.seen
		c.Segments = slices.Clone(c.Segments)
		for i := range c.Segments {
			c.Segments[i] = slices.Clone(c.Segments[i])
		}
		c.Answers = slices.Clone(c.Answers)
		all = append(all, c)
	}
	return all
}

// reset ends the proxy's connections, so that the next payload gets new ones. The proxy is given time to notice: a request
// that meets the end of its connection is answered by an error.
func (r *relay) reset() error {
	r.mu.Lock()
	pipes := r.pipes
	r.pipes = nil
	r.mu.Unlock()
	for _, p := range pipes {
		p.halfClose()
	}
	for _, p := range pipes {
		p.end(goodbye)
	}
	select {
	case <-r.accepted:
		return fmt.Errorf("the relay at %v takes no connections any more", r.l.Addr())
	default:
		return nil
	}
}

func (r *relay) close() {
	r.l.Close()
	<-r.accepted
	r.reset()
}
