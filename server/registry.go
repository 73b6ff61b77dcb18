// The registry knows every listener and every connection of a server: what is not in it has ended.

package server

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/spillway-go/spillway/conn"
)

type registry struct {
	slots chan struct{} // one for each connection; nil: no limit
	empty chan struct{} // closed when the server is closing and the last listener and the last connection have ended

	nextID atomic.Int64

	mu        sync.Mutex
	closing   bool // no listener is registered any more
	aborting  bool // nor is any connection
	listeners map[*listening]struct{}
	conns     map[*conn.Conn]struct{}
	ended     map[*conn.Conn]chan struct{} // closed when the connection has ended, if somebody waits for that
	clients   clients
	done      chan struct{} // closed with closing
	deaf      chan struct{} // closed when the server is closing and the last listener has ended
}

func (r *registry) init(maxConns int) {
	if maxConns > 0 {
		r.slots = make(chan struct{}, maxConns)
	}
	r.empty = make(chan struct{})
	r.done = make(chan struct{})
	r.deaf = make(chan struct{})
	r.listeners = make(map[*listening]struct{})
	r.conns = make(map[*conn.Conn]struct{})
	r.ended = make(map[*conn.Conn]chan struct{})
}

// addListener registers a listener, unless the server is closing.
func (r *registry) addListener(l *listening) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.listeners[l] = struct{}{}
	}
	return !r.closing
}

func (r *registry) removeListener(l *listening) {
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
//
// It is made before the lock is taken, which all processors' listeners share.
func (r *registry) add(nc net.Conn, shared *conn.Shared) *conn.Conn {
	c := conn.New(nc, shared, r.nextID.Add(1))
	r.mu.Lock()
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

// addGiven registers a connection that was given to the server, and returns a channel that is closed when it has ended; or nil,
// if the server is closing.
func (r *registry) addGiven(nc net.Conn, shared *conn.Shared) (*conn.Conn, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return nil, nil
	}
	c, ended := conn.New(nc, shared, r.nextID.Add(1)), make(chan struct{})
	r.conns[c] = struct{}{}
	r.ended[c] = ended
	return c, ended
}

func (r *registry) remove(c *conn.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	if ended := r.ended[c]; ended != nil {
		delete(r.ended, c)
		close(ended)
	}
	r.clients.leave(c)
	r.release()
	r.checkEmpty()
}

// admit counts a connection to its client, and reports false if that has too many.
func (r *registry) admit(c *conn.Conn, addr net.Addr) bool {
	client, is := r.clients.at(addr)
	r.mu.Lock()
	defer r.mu.Unlock()
	_, open := r.conns[c]
	return !is || !open || r.clients.enter(c, client)
}

// checkEmpty tells those who wait for it that the last listener, and that the last connection, has ended. r.mu is held.
func (r *registry) checkEmpty() {
	if !r.closing || len(r.listeners) > 0 {
		return
	}
	closeOnce(r.deaf)
	if len(r.conns) == 0 {
		closeOnce(r.empty)
	}
}

// closeOnce closes a channel that may be closed already. Nobody else closes it meanwhile.
func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// close closes the listeners, and returns their errors.
func (r *registry) close() error { return r.endListeners((*listening).stop) }

// retire lets those who accept from the listeners serve their queues and close them.
func (r *registry) retire() error { return r.endListeners((*listening).retire) }

func (r *registry) endListeners(end func(*listening) error) error {
	r.mu.Lock()
	if !r.closing {
		r.closing = true
		close(r.done)
	}
	var all []*listening
	for l := range r.listeners {
		all = append(all, l)
	}
	r.checkEmpty()
	r.mu.Unlock()
	var errs []error
	for _, l := range all {
		errs = append(errs, end(l))
	}
	return errors.Join(errs...)
}

// retired reports whether the server is closing. It takes no lock: it is asked before every connection.
func (r *registry) retired() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
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
