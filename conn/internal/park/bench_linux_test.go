//go:build linux && !spillway_portable

// What the set does for each who is parked and woken, when nothing else is to be done.

package park

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// again is a waiter that is parked again, in a goroutine of its own, as long as there are turns left: its descriptor is always
// readable.
type again struct {
	set    *Set
	place  Place
	number int64
	fd     int
	turns  *atomic.Int64
	done   chan struct{}
}

func (w *again) Until() time.Time { return time.Now().Add(time.Minute) }
func (w *again) Wake()            { go w.park() }

func (w *again) park() {
	switch left := w.turns.Add(-1); {
	case left > 0:
		w.set.Park(w, &w.place, w.number, w.fd)
	case left == 0:
		close(w.done)
	}
}

// BenchmarkSharedParkAndWake parks one of many and wakes it.
func BenchmarkSharedParkAndWake(b *testing.B) {
	for _, many := range []int{64, 512} {
		b.Run(fmt.Sprint("of ", many), func(b *testing.B) {
			var set Set
			defer set.Close()
			var turns atomic.Int64
			turns.Store(int64(b.N))
			done := make(chan struct{})
			all := make([]again, many)
			for i := range all {
				pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
				if err != nil {
					b.Fatal(err)
				}
				defer syscall.Close(pair[0])
				defer syscall.Close(pair[1])
				syscall.Write(pair[1], []byte("x"))
				all[i] = again{set: &set, number: int64(i), fd: pair[0], turns: &turns, done: done}
			}
			b.ResetTimer()
			for i := range all {
				go all[i].park()
			}
			<-done
		})
	}
}

// BenchmarkSharedPark parks one and takes it out again: what the lock is held for, but for waking.
func BenchmarkSharedPark(b *testing.B) {
	var set Set
	defer set.Close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	who := &sleeper{until: time.Now().Add(time.Minute)}
	var place Place
	for b.Loop() {
		set.Park(who, &place, 1, pair[0])
		set.Remove(1)
	}
}
