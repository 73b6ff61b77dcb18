// The registry knows every listener and every connection of a server: what is not in it has ended.

package server

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/spillway-go/spillway/conn"
)

type registry struct {
	slots chan struct{} // one for each connection; nil: no limit
	empty chan struct{} // closed when the server is closing and the last listener and the last connection have ended

	mu        sync.Mutex
	closing   bool // no listener is registered any more
	aborting  bool // nor is any connection
	listeners map[net.Listener]struct{}
	conns     map[*conn.Conn]struct{}
	nextID    int64
	done      chan struct{} // closed with closing
}

func (r *registry) init(maxConns int) {
	if maxConns > 0 {
		r.slots = make(chan struct{}, maxConns)
	}
	r.empty = make(chan struct{})
	r.done = make(chan struct{})
	r.listeners = make(map[net.Listener]struct{})
	r.conns = make(map[*conn.Conn]struct{})
}

// addListener registers a listener, unless the server is closing.
func (r *registry) addListener(l net.Listener) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.listeners[l] = struct{}{}
	}
	return !r.closing
}

func (r *registry) removeListener(l net.Listener) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.listeners, l)
	r.checkEmpty()
}

// reserve waits for a free place, and reports false if there is none before giveUp is closed.
func (r *registry) reserve(giveUp <-chan struct{}) bool {
	if r.slots == nil {
		return true
	}
	select {
	case r.slots <- struct{}{}:
		return true
	case <-giveUp:
		return false
	}
}

// release gives a place back that no connection has taken.
func (r *registry) release() {
	if r.slots != nil {
		<-r.slots
	}
}

// add registers a new connection. One that was accepted while the server began to close is told so.
func (r *registry) add(nc net.Conn, shared *conn.Shared) *conn.Conn {
	r.mu.Lock()
	r.nextID++
	c := conn.New(nc, shared, r.nextID)
	r.conns[c] = struct{}{}
	closing, aborting := r.closing, r.aborting
	r.mu.Unlock()
	switch {
	case aborting:
		c.Abort()
	case closing:
		c.Stop()
	}
	return c
}

func (r *registry) remove(c *conn.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	r.release()
	r.checkEmpty()
}

// checkEmpty tells those who wait for it that the last listener and the last connection have ended. r.mu is held.
func (r *registry) checkEmpty() {
	if !r.closing || len(r.listeners) > 0 || len(r.conns) > 0 {
		return
	}
	select {
	case <-r.empty:
	default:
		close(r.empty)
	}
}

// close closes the listeners, and returns their errors.
func (r *registry) close() error { return r.endListeners(net.Listener.Close) }

// retire lets those who accept from the listeners serve their queues and close them.
func (r *registry) retire() error {
	return r.endListeners(func(l net.Listener) error {
		if timed, ok := l.(interface{ SetDeadline(time.Time) error }); ok && timed.SetDeadline(time.Unix(1, 0)) == nil {
			return nil
		}
		return l.Close()
	})
}

func (r *registry) endListeners(end func(net.Listener) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.closing = true
		close(r.done)
	}
	var errs []error
	for l := range r.listeners {
		errs = append(errs, end(l))
	}
	r.checkEmpty()
	return errors.Join(errs...)
}

func (r *registry) retired() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closing
}

// stop lets every connection end in its own time.
func (r *registry) stop() {
	for _, c := range r.snapshot() {
		c.Stop()
	}
}

// abort ends every connection at once, and returns how many there were.
func (r *registry) abort() int {
	r.mu.Lock()
	r.aborting = true
	r.mu.Unlock()
	conns := r.snapshot()
	for _, c := range conns {
		c.Abort()
	}
	return len(conns)
}

func (r *registry) snapshot() []*conn.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	conns := make([]*conn.Conn, 0, len(r.conns))
	for c := range r.conns {
		conns = append(conns, c)
	}
	return conns
}
