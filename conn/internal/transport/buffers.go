// Buffers come from pools in three sizes. Nobody keeps one for a connection that only waits for its client.

package transport

import "sync"

// The sizes of buffers.
const (
	SmallBuffer  = 4 << 10
	MediumBuffer = 16 << 10
	LargeBuffer  = 64 << 10
)

var (
	smallBuffers  = sync.Pool{New: func() any { return new([SmallBuffer]byte) }}
	mediumBuffers = sync.Pool{New: func() any { return new([MediumBuffer]byte) }}
	largeBuffers  = sync.Pool{New: func() any { return new([LargeBuffer]byte) }}
)

// GetBuffer returns a buffer of at least n bytes, of full length.
func GetBuffer(n int) []byte {
	switch {
	case n <= SmallBuffer:
		return smallBuffers.Get().(*[SmallBuffer]byte)[:]
	case n <= MediumBuffer:
		return mediumBuffers.Get().(*[MediumBuffer]byte)[:]
	case n <= LargeBuffer:
		return largeBuffers.Get().(*[LargeBuffer]byte)[:]
	}
	return make([]byte, n)
}

// PutBuffer gives a buffer back. Nothing may refer to it any more.
func PutBuffer(b []byte) {
	switch cap(b) {
	case SmallBuffer:
		smallBuffers.Put((*[SmallBuffer]byte)(b[:SmallBuffer]))
	case MediumBuffer:
		mediumBuffers.Put((*[MediumBuffer]byte)(b[:MediumBuffer]))
	case LargeBuffer:
		largeBuffers.Put((*[LargeBuffer]byte)(b[:LargeBuffer]))
	}
}

// Guess says how large a buffer a read is worth of which nobody can know whether it will wait, and hold the buffer meanwhile:
// a large one when the read before has filled as much as it was worth, so that there was more, and else a small one.
type Guess struct{ more bool }

// Size returns the size.
func (g *Guess) Size() int {
	if g.more {
		return LargeBuffer
	}
	return SmallBuffer
}

// Note notes how many bytes a read has brought, and how many it could have.
func (g *Guess) Note(n, of int) { g.more = n == of && of >= g.Size() }

// Bin lends what bytes are read into that are thrown away.
type Bin struct {
	most  int64 // how many
	guess Guess
	buf   []byte
}

// Aim says that n bytes may be thrown away by the read that follows, and whether nobody can know if it will wait.
func (b *Bin) Aim(n int64, blind bool) {
	if b.most = n; blind {
		b.most = min(n, int64(b.guess.Size()))
	}
}

// Note notes how many bytes the read has brought.
func (b *Bin) Note(n int) { b.guess.Note(n, int(min(b.most, LargeBuffer))) }

// Room returns where to throw them.
func (b *Bin) Room() (p, behind []byte) {
	if b.buf == nil {
		b.buf = GetBuffer(int(min(b.most, LargeBuffer)))
	}
	return b.buf[:min(b.most, int64(len(b.buf)))], nil
}

// GiveBack gives the buffer back.
func (b *Bin) GiveBack() {
	PutBuffer(b.buf)
	b.buf = nil
}
