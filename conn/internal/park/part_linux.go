//go:build linux && !spillway_portable

// A part of the set: on Linux those that are parked, and those that are watched, wait in epoll.

package park

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// part has some of a Set's. What it needs is made when somebody is parked in it, or watched.
type part struct {
	set *Set

	mu     sync.Mutex
	file   *os.File                   // the epoll set; nil: there is none yet, or not any more
	parked map[int64]*Place           // by number
	wheel  wheel                      // the same
	gone   map[int64]func(reset bool) // told when a client goes, by number
	closed bool

	added atomic.Int64 // how often one was parked
	_     [64]byte     // processors that are at work in different parts do not wait for each other
}

// sweepEvery is how often the wheel is looked at: times are that much longer, at most, than the wheel lets them be.
const sweepEvery = 250 * time.Millisecond

func (p *part) park(who Waiter, place *Place, number int64, fd int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil && !p.open() {
		return false
	}
	*place = Place{id: number, who: who}
	p.parked[number] = place
	p.wheel.push(place, who.Until())
	if !p.arm(number, fd, syscall.EPOLLIN|syscall.EPOLLRDHUP) {
		p.forget(number)
		return false
	}
	p.added.Add(1)
	if len(p.parked) == 1 {
		p.setAlarm()
	}
	return true
}

// setAlarm lets the goroutine look at the idle times soon, if there are any. p.mu is held.
func (p *part) setAlarm() {
	alarm := time.Time{}
	if len(p.parked) > 0 {
		alarm = time.Now().Add(sweepEvery)
	}
	p.file.SetReadDeadline(alarm)
}

func (p *part) watch(number int64, fd int, gone func(reset bool)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil && !p.open() {
		return false
	}
	p.gone[number] = gone
	if !p.arm(number, fd, syscall.EPOLLRDHUP) {
		delete(p.gone, number)
		return false
	}
	return true
}

func (p *part) unwatch(number int64) (gone func(reset bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone = p.gone[number]
	delete(p.gone, number)
	return gone
}

// arm waits for one event of a descriptor. p.mu is held.
func (p *part) arm(id int64, fd int, events uint32) bool {
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

func (p *part) remove(number int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(number)
}

// forget takes one out of the set, and returns it, or nil. p.mu is held.
func (p *part) forget(number int64) Waiter {
	place := p.parked[number]
	if place == nil {
		return nil
	}
	delete(p.parked, number)
	who := place.who
	place.remove()
	return who
}

// open makes the epoll set and its goroutine. p.mu is held.
func (p *part) open() bool {
	if p.closed {
		return false
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	syscall.SetNonblock(fd, true) // so that the runtime's own poller waits for ours
	p.file = os.NewFile(uintptr(fd), "epoll")
	p.wheel.init()
	p.parked = make(map[int64]*Place)
	p.gone = make(map[int64]func(reset bool))
	go p.run(p.file)
	return true
}

func (p *part) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.file != nil {
		p.file.Close()
		p.file = nil
	}
}

// run wakes the parked until the set is closed.
func (p *part) run(file *os.File) {
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
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		for _, e := range events[:max(n, 0)] {
			p.wake(int64(uint32(e.Fd))|int64(e.Pad)<<32, e.Events)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.sweep(time.Now())
		}
	}
}

// wake wakes one who was parked, or tells that a client has gone.
//
// An event of one that was parked may come late, when a handler runs already.
func (p *part) wake(number int64, events uint32) {
	var gone func(reset bool)
	p.mu.Lock()
	who := p.forget(number)
	if events&^syscall.EPOLLIN != 0 {
		gone = p.gone[number]
		delete(p.gone, number)
	}
	p.mu.Unlock()
	if who != nil {
		who.Wake()
	}
	if gone != nil {
		go gone(events&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0)
	}
}

// sweep wakes those that have waited for too long: they end themselves.
func (p *part) sweep(now time.Time) {
	p.mu.Lock()
	var over []Waiter
	for _, of := range p.wheel.over(now) {
		for at := of.first(); at != nil; at = of.first() {
			over = append(over, p.forget(at.id))
		}
	}
	if p.file != nil {
		p.setAlarm()
	}
	p.mu.Unlock()
	p.set.relieve(now)
	for _, who := range over {
		who.Wake()
	}
}
