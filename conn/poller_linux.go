//go:build linux && !spillway_portable

// The poller waits for parked connections, and for the end of clients that somebody wants to know of: one goroutine and one
// epoll set for all of a server's connections.

package conn

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// poller waits for parked connections to become readable, or to have been idle for too long; and for clients to go while
// a handler runs. A connection is in at most one of its tables.
type poller struct {
	mu     sync.Mutex
	file   *os.File                   // the epoll set; nil: there is none yet, or not any more
	conns  map[int64]*Conn            // parked
	rings  [2]Conn                    // the ends of rings: the patient ones and the hasty ones, the oldest first
	gone   map[int64]func(reset bool) // told when a client goes
	closed bool

	added    int64 // how often a connection was parked
	swept    int64 // how often it had been at the last sweep
	relieved int64 // or when memory was given back
}

// place is where a connection is in a ring of parked ones. One that is not a connection begins and ends the ring.
type place struct{ prev, next *Conn }

// enterRing makes c the last before end.
func (c *Conn) enterRing(end *Conn) {
	c.place = place{end.place.prev, end}
	c.place.prev.place.next, end.place.prev = c, c
}

func (c *Conn) leaveRing() {
	c.place.prev.place.next, c.place.next.place.prev = c.place.next, c.place.prev
	c.place = place{}
}

// sweepEvery is how often idle times are looked at: they are that much longer than was asked for, at most.
const sweepEvery = 250 * time.Millisecond

// add waits for the connection until its idle time is over. It reports false if that cannot be; otherwise, the connection
// may have been unparked when it returns.
func (p *poller) add(c *Conn, fd int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil && !p.open() {
		return false
	}
	ring := &p.rings[0]
	if c.patience() < c.cfg.ParkAfter {
		ring = &p.rings[1]
	}
	p.conns[c.id] = c
	c.enterRing(ring)
	if !p.arm(c.id, fd, syscall.EPOLLIN|syscall.EPOLLRDHUP) {
		p.forget(c.id)
		return false
	}
	p.added++
	if len(p.conns) == 1 {
		p.setAlarm()
	}
	return true
}

// setAlarm lets the goroutine look at the idle times soon, if there are any. p.mu is held.
func (p *poller) setAlarm() {
	alarm := time.Time{}
	if len(p.conns) > 0 {
		alarm = time.Now().Add(sweepEvery)
	}
	p.file.SetReadDeadline(alarm)
}

// watch calls gone when the client has closed or reset the connection, whatever of its bytes is still unread. It reports
// false if that cannot be.
func (p *poller) watch(c *Conn, fd int, gone func(reset bool)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil && !p.open() {
		return false
	}
	p.gone[c.id] = gone
	if !p.arm(c.id, fd, syscall.EPOLLRDHUP) {
		delete(p.gone, c.id)
		return false
	}
	return true
}

// unwatch ends a watch, and returns what was to be called, or nil. An event that still comes finds nobody.
func (p *poller) unwatch(c *Conn) (gone func(reset bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone = p.gone[c.id]
	delete(p.gone, c.id)
	return gone
}

// arm waits for one event of a descriptor. p.mu is held.
func (p *poller) arm(id int64, fd int, events uint32) bool {
	rc, err := p.file.SyscallConn()
	if err != nil {
		return false
	}
	event := syscall.EpollEvent{Events: events | syscall.EPOLLONESHOT, Fd: int32(id), Pad: int32(id >> 32)}
	failed := rc.Control(func(epfd uintptr) {
		if err = syscall.EpollCtl(int(epfd), syscall.EPOLL_CTL_MOD, fd, &event); err == syscall.ENOENT {
			err = syscall.EpollCtl(int(epfd), syscall.EPOLL_CTL_ADD, fd, &event)
		}
	})
	return failed == nil && err == nil
}

// remove ends the waiting for a connection.
func (p *poller) remove(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(c.id)
}

// forget removes a connection from the tables, and returns it, or nil. p.mu is held.
func (p *poller) forget(id int64) *Conn {
	c := p.conns[id]
	if c != nil {
		delete(p.conns, id)
		c.leaveRing()
	}
	return c
}

// open makes the epoll set and its goroutine. p.mu is held.
func (p *poller) open() bool {
	if p.closed {
		return false
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	syscall.SetNonblock(fd, true) // so that the runtime's own poller waits for ours
	p.file = os.NewFile(uintptr(fd), "epoll")
	for i := range p.rings {
		p.rings[i].place = place{&p.rings[i], &p.rings[i]}
	}
	p.conns = make(map[int64]*Conn)
	p.gone = make(map[int64]func(reset bool))
	go p.run(p.file)
	return true
}

// close ends the poller. Nothing is parked then, and nothing will be.
func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.file != nil {
		p.file.Close()
		p.file = nil
	}
}

// run wakes connections up until the poller is closed.
func (p *poller) run(file *os.File) {
	rc, err := file.SyscallConn()
	if err != nil {
		return
	}
	events := make([]syscall.EpollEvent, 128)
	for {
		n := 0
		err := rc.Read(func(epfd uintptr) bool {
			n, _ = syscall.EpollWait(int(epfd), events, 0)
			return n > 0
		})
		if err != nil && !transport.IsTimeout(err) {
			return
		}
		for _, e := range events[:max(n, 0)] {
			p.wake(int64(uint32(e.Fd))|int64(e.Pad)<<32, e.Events)
		}
		if transport.IsTimeout(err) {
			p.sweep(time.Now())
		}
	}
}

// wake sets a connection going again, or tells that its client has gone.
//
// An event of a connection that was parked may come late, when a handler runs already.
func (p *poller) wake(id int64, events uint32) {
	var gone func(reset bool)
	p.mu.Lock()
	c := p.forget(id)
	if events&^syscall.EPOLLIN != 0 {
		gone = p.gone[id]
		delete(p.gone, id)
	}
	p.mu.Unlock()
	if c != nil {
		c.unpark()
	}
	if gone != nil {
		go gone(events&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0)
	}
}

// sweep sets those connections going that have been idle for too long: they end themselves.
func (p *poller) sweep(now time.Time) {
	p.mu.Lock()
	var over []*Conn
	for i := range p.rings {
		ring := &p.rings[i]
		for c := ring.place.next; c != ring && !now.Before(c.idleUntil()); c = ring.place.next {
			over = append(over, p.forget(c.id))
		}
	}
	p.relieve()
	if p.file != nil {
		p.setAlarm()
	}
	p.mu.Unlock()
	for _, c := range over {
		c.unpark()
	}
}

// relieve gives memory back to the system when many connections have been parked since the last time, and none just now:
// nobody allocates while all are idle, so nothing else would. A collection costs what is alive, so it must promise at least
// as much. p.mu is held.
func (p *poller) relieve() {
	const least, each = 1 << 10, 4 << 10 // connections, and the bytes of goroutine and work that each leaves behind
	quiet := p.added == p.swept
	p.swept = p.added
	if n := p.added - p.relieved; quiet && n >= least && uint64(n)*each >= heapBytes() {
		p.relieved = p.added
		go debug.FreeOSMemory()
	}
}

// heapBytes returns the size of all objects that have not been collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
