// The output holds what is to be sent. Responses gather in it while complete requests wait, and go out in one write.

package conn

import (
	"io"
	"io/fs"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// output is the sending side of a connection.
type output struct {
	c   *Conn
	mu  sync.Mutex // a handler may write while another goroutine reads the content, which flushes
	buf []byte     // to be sent

	failed atomic.Pointer[error] // the first failed write: nothing can be sent after it

	alarm *time.Timer
	armed bool // the alarm will flush
}

const (
	copied    = mediumBuffer // what is not larger is copied behind the head
	gathered  = largeBuffer - copied
	heldBack  = time.Millisecond // how long a response waits at most while the handler behind it runs
	sendAtMax = 64 << 10         // bytes in one guarded write, so that a write that stalls is told from one that is long
)

// err returns the error of the first failed write, or nil. Any goroutine may ask.
func (o *output) err() error {
	if e := o.failed.Load(); e != nil {
		return *e
	}
	return nil
}

// fail notes an error, if there is one, and returns it.
func (o *output) fail(err error) error {
	if err != nil {
		first := err // escapes only here
		o.failed.CompareAndSwap(nil, &first)
	}
	return err
}

// Flush sends what was gathered.
func (o *output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flush()
}

// flushIfFree sends what was gathered, unless another goroutine is writing and will do so.
func (o *output) flushIfFree() {
	if o.mu.TryLock() {
		o.flush()
		o.mu.Unlock()
	}
}

// Release gives the buffer back; what was in it is not sent.
func (o *output) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release()
}

// What follows is called with o.mu held.

// flushSoon lets nothing that was gathered wait for long while another handler runs.
func (o *output) flushSoon() {
	if len(o.buf) == 0 || o.armed {
		return
	}
	o.armed = true
	if o.alarm != nil {
		o.alarm.Reset(heldBack)
		return
	}
	o.alarm = time.AfterFunc(heldBack, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.armed = false
		o.flush()
	})
}

// grab makes room for n more bytes behind buf, where that is possible without growing beyond what a pool gives.
func (o *output) grab(n int) {
	if cap(o.buf)-len(o.buf) >= n {
		return
	}
	bigger := getBuffer(len(o.buf) + n)
	kept := copy(bigger, o.buf)
	putBuffer(o.buf)
	o.buf = bigger[:kept]
}

// send appends p, or writes it together with what was gathered when it is large.
func (o *output) send(p []byte) error {
	if err := o.err(); err != nil {
		return err
	}
	if len(p) <= copied {
		o.grab(len(p))
		o.buf = append(o.buf, p...)
		if len(o.buf) < gathered {
			return nil
		}
		return o.flush()
	}
	for o.err() == nil && len(p) > 0 {
		n := len(p)
		if o.c.guarded() {
			n = min(n, sendAtMax)
		}
		o.fail(o.c.guard(func() error { return o.write(p[:n]) }))
		o.empty()
		p = p[n:]
	}
	return o.err()
}

// write sends what was gathered and p, in one system call where there is no TLS in between.
func (o *output) write(p []byte) (err error) {
	if o.c.tls == nil {
		_, err = o.c.sock.write(o.buf, p)
		return err
	}
	if len(o.buf) > 0 {
		_, err = o.c.stream.Write(o.buf)
	}
	if err == nil && len(p) > 0 {
		_, err = o.c.stream.Write(p)
	}
	return err
}

func (o *output) flush() error {
	if err := o.err(); len(o.buf) == 0 || err != nil {
		return err
	}
	o.fail(o.c.guard(func() error { return o.write(nil) }))
	o.empty()
	return o.err()
}

// empty forgets what was gathered, and gives a buffer back that is larger than what most responses need.
func (o *output) empty() {
	if cap(o.buf) > smallBuffer {
		o.release()
		return
	}
	o.buf = o.buf[:0]
}

func (o *output) release() {
	putBuffer(o.buf)
	o.buf = nil
}

// sendPiece is how much of a file is sent in one go, so that a write that stalls is told from one that is long.
const sendPiece = 1 << 20

// canSendFile returns src as a limited file, and where to send it, if the system can copy the one to the other.
func (c *Conn) canSendFile(src io.Reader) (*io.LimitedReader, io.ReaderFrom) {
	limited, ok := src.(*io.LimitedReader) // as io.CopyN makes
	if !ok {
		limited = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	_, isFile := limited.R.(interface {
		fs.File
		syscall.Conn
	})
	to, able := c.nc.(io.ReaderFrom)
	if !isFile || !able || c.tls != nil {
		return nil, nil
	}
	return limited, to
}

// sendFile sends at most n bytes of the file. o.mu is held.
func (o *output) sendFile(file *io.LimitedReader, n int64, to io.ReaderFrom) (sent int64, err error) {
	for n = min(n, file.N); sent < n && err == nil; {
		piece := &io.LimitedReader{R: file.R, N: min(n-sent, sendPiece)}
		whole := piece.N
		err = o.c.guard(func() error {
			_, err := o.c.sock.push(func() (int64, error) {
				o.c.sock.beginWait(0)
				return to.ReadFrom(piece)
			})
			return err
		})
		sent += whole - piece.N
		if piece.N > 0 {
			break // the file has ended
		}
	}
	file.N -= sent
	return sent, o.fail(err)
}

const (
	smallBuffer  = 4 << 10
	mediumBuffer = 16 << 10
	largeBuffer  = 64 << 10
)

var (
	smallBuffers  = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	mediumBuffers = sync.Pool{New: func() any { return new([mediumBuffer]byte) }}
	largeBuffers  = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// getBuffer returns a buffer of at least n bytes, of full length.
func getBuffer(n int) []byte {
	switch {
	case n <= smallBuffer:
		return smallBuffers.Get().(*[smallBuffer]byte)[:]
	case n <= mediumBuffer:
		return mediumBuffers.Get().(*[mediumBuffer]byte)[:]
	case n <= largeBuffer:
		return largeBuffers.Get().(*[largeBuffer]byte)[:]
	}
	return make([]byte, n)
}

// putBuffer gives a buffer back. Nothing may refer to it any more.
func putBuffer(b []byte) {
	switch cap(b) {
	case smallBuffer:
		smallBuffers.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case mediumBuffer:
		mediumBuffers.Put((*[mediumBuffer]byte)(b[:mediumBuffer]))
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	}
}
