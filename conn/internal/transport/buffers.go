// Buffers come from pools in three sizes.

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
