// Which bodies are files, and the buffers through which the others are copied.

package nethttp

import (
	"io"
	"io/fs"
	"sync"
	"syscall"
)

const copyBytes = 32 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copyBytes]byte) }}

// pourBuffers are for content that is written to where io.Copy would take a buffer of 8 KiB, or of 32: small ones, and large ones.
var pourBuffers = [2]sync.Pool{
	{New: func() any { b := make([]byte, 8<<10); return &b }},
	{New: func() any { b := make([]byte, 64<<10); return &b }},
}

// pourBuffer is a buffer that is large while reads fill it.
type pourBuffer struct {
	bytes []byte
	whole *[]byte // the pool's; nil: there is none yet
	size  int     // which pool's
}

// room returns the buffer.
func (b *pourBuffer) room() []byte {
	if b.whole == nil {
		b.whole = pourBuffers[b.size].Get().(*[]byte)
		b.bytes = *b.whole
	}
	return b.bytes
}

// follow chooses the next buffer, after a read of n bytes: one that did not fill its buffer has taken all that there was.
func (b *pourBuffer) follow(n int) {
	size := 0
	if n == len(b.bytes) {
		size = 1
	}
	if size != b.size {
		b.release()
		b.size = size
	}
}

// release gives the buffer back.
func (b *pourBuffer) release() {
	if b.whole != nil {
		pourBuffers[b.size].Put(b.whole)
		b.whole, b.bytes = nil, nil
	}
}

// isFile reports whether src is a file, or a part of one as io.CopyN makes it.
func isFile(src io.Reader) bool {
	if part, ok := src.(*io.LimitedReader); ok {
		src = part.R
	}
	_, ok := src.(interface {
		fs.File
		syscall.Conn
	})
	return ok
}
