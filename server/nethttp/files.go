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
