// What a read puts content into: what the handler has given, or what is borrowed for as long as there is content in it. Who
// waits for the client has borrowed nothing.

package body

import "sync"

// Lender lends what a Source's Read puts content into.
type Lender interface {
	// Room returns where to put content. Who can know when there is something to put there does not call it before, and asks
	// for [LargestRoom] bytes; who cannot asks for as many as are worth holding meanwhile. There may be fewer, or more.
	Room(worth int) []byte
	// GiveBack is called before a wait of which nobody knows the length, if Room was called before it.
	GiveBack()
}

// LargestRoom is the most that is worth asking a Lender for: with so much at a time, the system calls do not count.
const LargestRoom = 64 << 10

// loan is a Lender.
type loan struct {
	buf   []byte // nil: nothing is borrowed
	given bool   // it is the handler's
	most  int    // bytes that may be put into it
}

var (
	largeLoans = sync.Pool{New: func() any { return new([LargestRoom]byte) }}
	smallLoans = sync.Pool{New: func() any { return new([smallRoom]byte) }}
	loans      = sync.Pool{New: func() any { return new(loan) }}
)

const smallRoom = 4 << 10

// size returns how many bytes it is worth reading at once.
func (l *loan) size() int {
	if l.given {
		return len(l.buf)
	}
	return LargestRoom
}

// Room returns where to put content.
func (l *loan) Room(worth int) []byte {
	switch {
	case l.buf != nil:
	case worth > smallRoom:
		l.buf = largeLoans.Get().(*[LargestRoom]byte)[:]
	default:
		l.buf = smallLoans.Get().(*[smallRoom]byte)[:]
	}
	return l.buf[:min(l.most, len(l.buf))]
}

// GiveBack gives back what is borrowed.
func (l *loan) GiveBack() {
	if l.given {
		return
	}
	switch cap(l.buf) {
	case LargestRoom:
		largeLoans.Put((*[LargestRoom]byte)(l.buf))
	case smallRoom:
		smallLoans.Put((*[smallRoom]byte)(l.buf))
	}
	l.buf = nil
}
