//go:build linux && !spillway_portable

// The set: on Linux those that are parked, and those that are watched, wait in epoll.

package park

import (
	"errors"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"
)

// Set has those that wait to become readable, or to have waited for too long; and those whose clients are watched while they
// are served. The zero value is ready for use. Its methods may be called from any goroutine.
type Set struct {
	mu     sync.Mutex
	file   *os.File                   // the epoll set; nil: there is none yet, or not any more
	parked map[int64]*Place           // by number
	wheel  wheel                      // the same
	gone   map[int64]func(reset bool) // told when a client goes, by number
	closed bool

	added    int64 // how often one was parked
	swept    int64 // how often one had been at the last sweep
	relieved int64 // or when memory was given back
}

// sweepEvery is how often the wheel is looked at: times are that much longer, at most, than the wheel lets them be.
const sweepEvery = 250 * time.Millisecond

// Park waits for who until that is readable or its time is over. It is in place from now on, under a number that no other
// has. Park reports false if it cannot wait; otherwise who may have been woken when it returns.
func (s *Set) Park(who Waiter, place *Place, number int64, fd int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil && !s.open() {
		return false
	}
	*place = Place{id: number, who: who}
	s.parked[number] = place
	s.wheel.push(place, who.Until())
	if !s.arm(number, fd, syscall.EPOLLIN|syscall.EPOLLRDHUP) {
		s.forget(number)
		return false
	}
	s.added++
	if len(s.parked) == 1 {
		s.setAlarm()
	}
	return true
}

// Parkings returns how often one was parked.
func (s *Set) Parkings() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.added
}

// setAlarm lets the goroutine look at the idle times soon, if there are any. s.mu is held.
func (s *Set) setAlarm() {
	alarm := time.Time{}
	if len(s.parked) > 0 {
		alarm = time.Now().Add(sweepEvery)
	}
	s.file.SetReadDeadline(alarm)
}

// Watch calls gone when the client has closed or reset the connection, whatever of its bytes is still unread. It reports
// false if that cannot be.
func (s *Set) Watch(number int64, fd int, gone func(reset bool)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil && !s.open() {
		return false
	}
	s.gone[number] = gone
	if !s.arm(number, fd, syscall.EPOLLRDHUP) {
		delete(s.gone, number)
		return false
	}
	return true
}

// Unwatch ends a watch, and returns what was to be called, or nil. An event that still comes finds nobody.
func (s *Set) Unwatch(number int64) (gone func(reset bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone = s.gone[number]
	delete(s.gone, number)
	return gone
}

// arm waits for one event of a descriptor. s.mu is held.
func (s *Set) arm(id int64, fd int, events uint32) bool {
	rc, err := s.file.SyscallConn()
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

// Remove ends the waiting of one, if it is parked.
func (s *Set) Remove(number int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(number)
}

// forget takes one out of the set, and returns it, or nil. s.mu is held.
func (s *Set) forget(number int64) Waiter {
	place := s.parked[number]
	if place == nil {
		return nil
	}
	delete(s.parked, number)
	who := place.who
	place.remove()
	return who
}

// open makes the epoll set and its goroutine. s.mu is held.
func (s *Set) open() bool {
	if s.closed {
		return false
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	syscall.SetNonblock(fd, true) // so that the runtime's own poller waits for ours
	s.file = os.NewFile(uintptr(fd), "epoll")
	s.wheel.init()
	s.parked = make(map[int64]*Place)
	s.gone = make(map[int64]func(reset bool))
	go s.run(s.file)
	return true
}

// Close ends the waiting. Nothing is parked then, and nothing will be.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// run wakes the parked until the set is closed.
func (s *Set) run(file *os.File) {
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
			s.wake(int64(uint32(e.Fd))|int64(e.Pad)<<32, e.Events)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.sweep(time.Now())
		}
	}
}

// wake wakes one who was parked, or tells that a client has gone.
//
// An event of one that was parked may come late, when a handler runs already.
func (s *Set) wake(number int64, events uint32) {
	var gone func(reset bool)
	s.mu.Lock()
	who := s.forget(number)
	if events&^syscall.EPOLLIN != 0 {
		gone = s.gone[number]
		delete(s.gone, number)
	}
	s.mu.Unlock()
	if who != nil {
		who.Wake()
	}
	if gone != nil {
		go gone(events&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0)
	}
}

// sweep wakes those that have waited for too long: they end themselves.
func (s *Set) sweep(now time.Time) {
	s.mu.Lock()
	var over []Waiter
	for _, of := range s.wheel.over(now) {
		for p := of.first(); p != nil; p = of.first() {
			over = append(over, s.forget(p.id))
		}
	}
	s.relieve()
	if s.file != nil {
		s.setAlarm()
	}
	s.mu.Unlock()
	for _, who := range over {
		who.Wake()
	}
}

// relieve gives memory back to the system when many have been parked since the last time, and none just now:
// nobody allocates while all are idle, so nothing else would. A collection costs what is alive, so it must promise at least
// as much. s.mu is held.
func (s *Set) relieve() {
	const least, each = 1 << 10, 4 << 10 // connections, and the bytes of goroutine and work that each leaves behind
	quiet := s.added == s.swept
	s.swept = s.added
	if n := s.added - s.relieved; quiet && n >= least && uint64(n)*each >= heapBytes() {
		s.relieved = s.added
		go debug.FreeOSMemory()
	}
}

// heapBytes returns the size of all objects that have not been collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
