// At most so many connections linger at once, and the oldest leave first.

package transport

import "testing"

func TestLingerers(t *testing.T) {
	var l Lingerers
	var conns [6]Socket
	var closes [6]int32
	for i := range conns {
		conns[i].shut = func() { closes[i]++ }
	}
	want := func(closed ...int32) {
		t.Helper()
		for i := range closed {
			if got := closes[i]; got != closed[i] {
				t.Errorf("connection %d was closed %d times, want %d", i, got, closed[i])
			}
		}
	}
	first := l.enter(&conns[0], 3)
	second := l.enter(&conns[1], 3)
	l.enter(&conns[2], 3)
	want(0, 0, 0)
	l.enter(&conns[3], 3)
	want(1, 0, 0, 0)
	l.leave(first) // as it does when it notices
	l.leave(second)
	l.enter(&conns[4], 3)
	want(1, 0, 0, 0, 0)
	l.enter(&conns[5], 3)
	want(1, 0, 1, 0, 0, 0)
	if n := l.all.Len(); n != 3 {
		t.Errorf("%d linger", n)
	}
}
