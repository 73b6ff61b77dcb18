//go:build linux && !spillway_portable

// The Set alone: who is woken, when and how often; and the memory that goes back.

package park

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// Memory goes back to the system once many connections have been parked and no more follow.
func TestMemoryGoesBack(t *testing.T) {
	heap := int64(heapBytes())/(4<<10) + 1<<10
	var s Set
	s.divide(2)
	s.once.Do(func() {})
	var now time.Time
	for _, tt := range []struct {
		added int64
		back  bool
	}{{1 << 10, false}, {2 * heap, false}, {2 * heap, true}, {2*heap + 1<<10 - 1, false}, {2*heap + 1<<10 - 1, false}} {
		before := s.relieved
		s.parts[0].added.Store(1)
		s.parts[1].added.Store(tt.added - 1)
		now = now.Add(sweepEvery)
		s.relieve(now)
		if back := s.relieved != before; back != tt.back {
			t.Errorf("after %d parkings: %t", tt.added, back)
		}
		if s.relieve(now.Add(sweepEvery - 1)); s.looked != now {
			t.Error("it was looked again too soon, for another part")
		}
	}
}

// countParked returns how many are in all parts.
func countParked(s *Set) (all int) {
	for i := range s.parts {
		all += s.parts[i].count()
	}
	return all
}

func (p *part) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.parked)
}

// sleeper is a waiter of the tests'.
type sleeper struct {
	until time.Time
	woken chan struct{}
}

func (w *sleeper) Until() time.Time { return w.until }
func (w *sleeper) Wake()            { w.woken <- struct{}{} }

func newSleeper(d time.Duration) *sleeper {
	return &sleeper{time.Now().Add(d), make(chan struct{}, 2)}
}

// sockets returns two ends of a connection.
func sockets(t *testing.T) (ours, theirs int) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(pair[0]) })
	return pair[0], pair[1]
}

func TestParkedOnesAreWokenOnce(t *testing.T) {
	var s Set
	defer s.Close()
	ours, theirs := sockets(t)
	defer syscall.Close(theirs)
	var places [2]Place
	who, other := newSleeper(time.Hour), newSleeper(time.Hour)
	if !s.Park(who, &places[0], 1, ours) {
		t.Fatal("not parked")
	}
	quiet, far := sockets(t)
	defer syscall.Close(far)
	if !s.Park(other, &places[1], 2, quiet) {
		t.Fatal("not parked")
	}
	syscall.Write(theirs, []byte("x"))
	<-who.woken
	syscall.Write(theirs, []byte("y"))
	if s.Remove(2); countParked(&s) != 0 || s.Parkings() != 2 {
		t.Errorf("%d are parked, %d were", countParked(&s), s.Parkings())
	}
	if places != [2]Place{} || len(who.woken)+len(other.woken) != 0 {
		t.Error("one is still in the set, or was woken twice")
	}
}

// The times of those that were parked first do not hide those of others, whatever their order.
func TestThoseThatWaitedForTooLongAreWoken(t *testing.T) {
	var s Set
	defer s.Close()
	var places [3]Place
	never := &sleeper{time.Unix(1<<40, 0), make(chan struct{}, 2)}
	all := []*sleeper{never, newSleeper(sweepEvery), newSleeper(0)}
	for i, who := range all {
		fd, theirs := sockets(t)
		defer syscall.Close(theirs)
		if !s.Park(who, &places[i], int64(i), fd) {
			t.Fatal("not parked")
		}
	}
	<-all[2].woken
	<-all[1].woken
	s.Remove(0)
	if countParked(&s) != 0 || len(never.woken) != 0 {
		t.Errorf("%d are parked still, or were woken for nothing", countParked(&s))
	}
}

func TestWheel(t *testing.T) {
	var w wheel
	w.init()
	var places [4]Place
	for i, d := range []time.Duration{2 * slotTime, slotTime, 2*slotTime - 1, 1 << 62} {
		w.push(&places[i], w.began.Add(d))
	}
	places[1].remove()
	for _, tt := range []struct {
		after time.Duration
		over  []*Place
	}{{2*slotTime - 1, nil}, {2 * slotTime, []*Place{&places[2]}}, {3*slotTime - 1, nil}, {3 * slotTime, []*Place{&places[0]}}} {
		var over []*Place
		for _, l := range w.over(w.began.Add(tt.after)) {
			for p := l.first(); p != nil; p = l.first() {
				over = append(over, p)
				p.remove()
			}
		}
		if !slices.Equal(over, tt.over) {
			t.Errorf("after %v: %d are over", tt.after, len(over))
		}
	}
	if len(w.slots) != 1 {
		t.Errorf("%d slots are left, of one that waits", len(w.slots))
	}
}

func TestClientsThatGoAreTold(t *testing.T) {
	var s Set
	defer s.Close()
	ours, theirs := sockets(t)
	told := make(chan bool, 1)
	if !s.Watch(1, ours, func(reset bool) { told <- reset }) {
		t.Fatal("not watched")
	}
	syscall.Shutdown(theirs, syscall.SHUT_WR)
	if <-told {
		t.Error("an end was told as a reset")
	}
	syscall.Close(theirs)
	if s.Unwatch(1) != nil {
		t.Error("it is watched still")
	}
}

// A number is always in the same part, others are in others, and what is said to the set holds for all of them.
func TestPartsShareTheWork(t *testing.T) {
	var s Set
	s.once.Do(func() { s.divide(3) })
	var places [6]Place
	var all [6]*sleeper
	var far [6]int
	for i := range all {
		all[i] = newSleeper(time.Hour)
		var fd int
		fd, far[i] = sockets(t)
		defer syscall.Close(far[i])
		if !s.Park(all[i], &places[i], int64(i), fd) {
			t.Fatal("not parked")
		}
	}
	for i := range s.parts {
		if n := s.parts[i].count(); n != 2 {
			t.Errorf("%d of 6 are in one part of 3", n)
		}
	}
	for i, who := range all[:5] {
		syscall.Write(far[i], []byte("x"))
		<-who.woken
	}
	if s.Remove(5); countParked(&s) != 0 || s.Parkings() != 6 {
		t.Errorf("%d are parked, %d were", countParked(&s), s.Parkings())
	}
	s.Close()
	for i := range all {
		if fd, theirs := sockets(t); s.Park(all[i], &places[i], int64(i), fd) {
			t.Error("a closed set takes others still")
		} else {
			syscall.Close(theirs)
		}
	}
}

func TestAClosedSetRefuses(t *testing.T) {
	var s Set
	ours, theirs := sockets(t)
	defer syscall.Close(theirs)
	s.Close()
	if s.Park(newSleeper(0), new(Place), 1, ours) || s.Watch(2, ours, func(bool) {}) {
		t.Error("it takes others still")
	}
}
