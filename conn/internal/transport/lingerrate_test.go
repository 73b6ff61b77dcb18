// What all lingering connections of a server throw away together is bounded, and one alone has all of it.

package transport

import (
	"container/heap"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// flood is when each of many connections that never run dry throws something away next.
type flood []time.Duration

func (f flood) Len() int           { return len(f) }
func (f flood) Less(i, j int) bool { return f[i] < f[j] }
func (f flood) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *flood) Push(x any)        { *f = append(*f, x.(time.Duration)) }
func (f *flood) Pop() (last any) {
	n := len(*f) - 1
	last, *f = (*f)[n], (*f)[:n]
	return last
}

// Any number of connections have the rate together, and no more than a burst and what each takes at once beyond it.
func TestLingerersShareTheirRate(t *testing.T) {
	const perSecond, piece, seconds = 2 << 30, 1 << 20, 5
	for _, conns := range []int{1, 2, 100, 1000} {
		var l Lingerers
		began := time.Unix(1e9, 0)
		due, total := make(flood, conns), int64(0)
		for due[0] < seconds*time.Second {
			total += piece
			pause := l.spend(piece, perSecond, began.Add(due[0]))
			due[0] += max(pause, 0)
			heap.Fix(&due, 0)
		}
		const rate = float64(perSecond)
		least, most := rate*seconds, rate*(seconds+burst.Seconds())+float64(conns+1)*piece
		if got := float64(total); got < least || got > most {
			t.Errorf("%d connections: %.0f bytes in %d s, not from %.0f to %.0f", conns, got, seconds, least, most)
		}
	}
}

// A connection that comes after a time without any does not find that time saved up.
func TestLingerersSaveNothingUp(t *testing.T) {
	var l Lingerers
	now := time.Unix(1e9, 0)
	if pause := l.spend(1000, 1000, now); pause != time.Second-burst {
		t.Errorf("a pause of %v", pause)
	}
	if pause := l.spend(1000, 1000, now.Add(time.Hour)); pause != time.Second-burst {
		t.Errorf("after an hour, a pause of %v", pause)
	}
}

// endless is a connection that has always something to read, and counts it.
type endless struct {
	net.Conn
	until time.Time
	read  int64
}

func (e *endless) Read(p []byte) (int, error) {
	if !time.Now().Before(e.until) {
		return 0, os.ErrDeadlineExceeded
	}
	e.read += int64(len(p))
	return len(p), nil
}

func (e *endless) SetReadDeadline(t time.Time) error {
	e.until = t
	return nil
}

func (*endless) SetWriteDeadline(time.Time) error { return nil }
func (*endless) Close() error                     { return nil }

// Where bytes are copied to be thrown away, they count four times. The time in which a connection may linger ends it also while
// it waits for its turn.
func TestLingeringIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perSecond, conns, seconds = 40 << 20, 20, 5
		var l Lingerers
		var all [conns]endless
		began, over := time.Now(), make(chan bool, conns)
		for i := range all {
			go func() {
				s := new(Socket)
				s.Init(&all[i], func() {})
				l.Linger(s, Patience{Total: seconds * time.Second, Idle: time.Second, Bytes: 1 << 62}, Together{Conns: conns, BytesPerSecond: perSecond})
				over <- true
			}()
		}
		for range all {
			<-over
		}
		if took := time.Since(began); took != seconds*time.Second {
			t.Errorf("it took %v", took)
		}
		total, least := int64(0), int64(1)<<62
		for i := range all {
			total += all[i].read
			least = min(least, all[i].read)
		}
		fair := int64(perSecond / copying * seconds)
		if total < fair || total > fair+fair/50+conns*LargeBuffer {
			t.Errorf("%d bytes, not %d", total, fair)
		}
		if least < fair/conns*9/10 {
			t.Errorf("one of %d connections had only %d of %d bytes", conns, least, total)
		}
	})
}
