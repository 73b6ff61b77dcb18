// What other goroutines may do to a connection, whatever it is doing: stop it, abort it, wake it up.

package conn

import (
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// The states of a connection.
const (
	busy        int32 = iota // in a handshake or in a head
	serving                  // behind a head: in an exchange, or about to begin another
	idle                     // waiting for a request's first byte
	interrupted              // that waiting has been interrupted
	parked                   // waiting for it without a goroutine
	lingering                // closed for sending
	ended                    // closed, and counted among those that are
)

// marks are what has happened to a connection, and does not change any more.
type marks struct{ set atomic.Uint32 }

const (
	stopping   uint32 = 1 << iota // Stop was called
	aborted                       // Abort was called
	left                          // it has been told that the connection is not the server's any more
	resetTells                    // only a reset tells the client that the response under way is cut short
)

func (m *marks) has(mark uint32) bool { return m.set.Load()&mark != 0 }

// add reports whether the mark is new.
func (m *marks) add(mark uint32) bool { return m.set.Or(mark)&mark == 0 }

// stopHead is how long a client has, once the connection is to stop, for a handshake or for the rest of a head, if it does
// not have less anyway.
const stopHead = 5 * time.Second

// Stop lets the exchange that is running end, and says Connection: close in its response. An idle connection ends, unless
// a request is on its way that comes within the ShutdownGrace: that is still served.
func (c *Conn) Stop() {
	c.stop.Lock()
	defer c.stop.Unlock()
	c.marks.add(stopping)
	if c.state.CompareAndSwap(idle, interrupted) {
		c.beside("stopping", c.sock.Reads.Interrupt)
	} else if c.state.Load() == busy {
		time.AfterFunc(stopHead, func() {
			if c.state.Load() == busy {
				c.Abort()
			}
		})
	}
	c.unpark()
}

// Abort closes the connection at once. Reads and writes of a running handler fail, and its context is cancelled.
func (c *Conn) Abort() {
	c.marks.add(aborted)
	if c.marks.has(resetTells) && c.state.Load() == serving {
		transport.ResetOnClose(c.bottom())
	}
	c.shut()
	c.unpark()
	if gone := c.cfg.parked.Unwatch(c.id); gone != nil {
		go gone(true) // the close has taken the descriptor out of the epoll set
	}
}

// beIdle says that Stop may interrupt the next wait, and reports whether there should be one.
func (c *Conn) beIdle() bool {
	c.state.Store(idle)
	return !c.marks.has(stopping) || !c.state.CompareAndSwap(idle, busy)
}

// beBusy says that Stop may interrupt no longer, and reports whether it did.
func (c *Conn) beBusy() bool {
	if c.state.CompareAndSwap(idle, busy) {
		return false
	}
	c.stop.Lock() // until the interruption is whole
	defer c.stop.Unlock()
	c.sock.Reads.Resume()
	c.state.Store(busy)
	return true
}

// A connection that has been idle for a while is parked: it gives up its goroutine and all that it needs for exchanges, and the
// server waits for it. Whoever changes its state from parked, and nobody else, sets it going again.

// parks reports whether the connection can be parked.
func (c *Conn) parks() bool {
	return c.cfg.config.Park && c.tls == nil && c.sock.Raw()
}

// park parks an idle connection, and reports false if it could not, or if it has to go on already. After true it may be
// running in another goroutine.
func (c *Conn) park() bool { return c.sock.WithDescriptor(c.parkUnder) }

// parkUnder parks the connection, which is open for as long as that takes: a descriptor that another connection has by now
// must not be waited for under this one's number.
func (c *Conn) parkUnder(fd int) bool {
	c.sock.Clear()
	c.work = nil
	c.parked = true
	c.state.Store(parked)
	if c.cfg.parked.Park((*waiter)(c), &c.place, c.id, fd) {
		if !c.marks.has(stopping) && !c.marks.has(aborted) || !c.state.CompareAndSwap(parked, busy) {
			return true
		}
		c.cfg.parked.Remove(c.id) // Stop or Abort came before the state was set
	} else if !c.state.CompareAndSwap(parked, busy) {
		return true
	}
	c.attach()
	c.listen()
	return false
}

// waiter is a connection as those see it who wait for it.
type waiter Conn

// Until returns when the connection has been idle for too long.
func (w *waiter) Until() time.Time { return (*Conn)(w).idleUntil() }

// Wake sets the connection going again.
func (w *waiter) Wake() { (*Conn)(w).unpark() }

// unpark sets a parked connection going again. Any goroutine may call it, for any reason.
func (c *Conn) unpark() {
	if !c.state.CompareAndSwap(parked, busy) {
		return
	}
	c.cfg.parked.Remove(c.id)
	go c.run((*Conn).resume)
}

// resume lets a connection go on that was parked.
func (c *Conn) resume() ending {
	c.attach()
	c.listen()
	if !c.in.takeReady() { // its time, or Stop, has woken it
		c.in.release()
	}
	return ending{}
}
