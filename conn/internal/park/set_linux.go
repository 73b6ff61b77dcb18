//go:build linux && !spillway_portable

// The set: its parts, of which each has a lock, an epoll set and a goroutine of its own, so that processors need not wait for
// each other.

package park

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Set has those that wait to become readable, or to have waited for too long; and those whose clients are watched while they
// are served. The zero value is ready for use. Its methods may be called from any goroutine.
type Set struct {
	once  sync.Once
	parts []part // by number, in turn

	mu       sync.Mutex
	looked   time.Time // when relieve did
	swept    int64     // how often one had been parked by then
	relieved int64     // or when memory was given back
}

// mostParts is how many there are on a machine of many cores: each has its own descriptor, and its sweeps.
const mostParts = 16

// of returns the part in which the one with a number is.
func (s *Set) of(number int64) *part {
	s.once.Do(func() { s.divide(min(runtime.GOMAXPROCS(0), mostParts)) })
	return &s.parts[uint64(number)%uint64(len(s.parts))]
}

func (s *Set) divide(parts int) {
	s.parts = make([]part, parts)
	for i := range s.parts {
		s.parts[i].set = s
	}
}

// Park waits for who until that is readable or its time is over. It is in place from now on, under a number that no other
// has. Park reports false if it cannot wait; otherwise who may have been woken when it returns.
func (s *Set) Park(who Waiter, place *Place, number int64, fd int) bool {
	return s.of(number).park(who, place, number, fd)
}

// Remove ends the waiting of one, if it is parked.
func (s *Set) Remove(number int64) { s.of(number).remove(number) }

// Watch calls gone when the client has closed or reset the connection, whatever of its bytes is still unread. It reports
// false if that cannot be.
func (s *Set) Watch(number int64, fd int, gone func(reset bool)) bool {
	return s.of(number).watch(number, fd, gone)
}

// Unwatch ends a watch, and returns what was to be called, or nil. An event that still comes finds nobody.
func (s *Set) Unwatch(number int64) (gone func(reset bool)) { return s.of(number).unwatch(number) }

// Parkings returns how often one was parked.
func (s *Set) Parkings() (all int64) {
	s.of(0)
	for i := range s.parts {
		all += s.parts[i].added.Load()
	}
	return all
}

// Close ends the waiting. Nothing is parked then, and nothing will be.
func (s *Set) Close() {
	s.of(0)
	for i := range s.parts {
		s.parts[i].close()
	}
}

// relieve gives memory back to the system when many have been parked since the last time, and none just now:
// nobody allocates while all are idle, so nothing else would. A collection costs what is alive, so it must promise at least
// as much. Every part's sweep asks for it; it is looked no more often than one part would.
func (s *Set) relieve(now time.Time) {
	const least, each = 1 << 10, 4 << 10 // connections, and the bytes of goroutine and work that each leaves behind
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.looked) < sweepEvery {
		return
	}
	added := s.Parkings()
	quiet := added == s.swept
	s.looked, s.swept = now, added
	if n := added - s.relieved; quiet && n >= least && uint64(n)*each >= heapBytes() {
		s.relieved = added
		go debug.FreeOSMemory()
	}
}

// heapBytes returns the size of all objects that have not been collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
