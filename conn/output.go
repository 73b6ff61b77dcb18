// The output holds what is to be sent. Responses gather in it while complete requests wait, and go out in one write.

package conn

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// output is the sending side of a connection.
type output struct {
	c   *Conn
	mu  sync.Mutex // held while something is written; guards the output, and the response that goes into it
	buf []byte     // to be sent

	failed atomic.Pointer[error] // the first failed write: nothing can be sent after it

	sent    int64 // bytes that are not in buf any more
	counted int64 // bytes of the responses before the one under way

	alarm *time.Timer
	armed bool // the alarm will flush
}

const (
	copied    = transport.MediumBuffer // what is not larger is copied behind the head
	gathered  = transport.LargeBuffer - copied
	heldBack  = time.Millisecond // how long a response waits at most while the handler behind it runs
	sendAtMax = 64 << 10         // bytes in one guarded write, so that a write that stalls is told from one that is long
	sendPiece = 1 << 20          // bytes of a file in one write
	sendTold  = 16 << 10         // the same in a guarded one: nothing tells how far it has come
)

// err returns the error of the first failed write, or nil. Any goroutine may ask.
func (o *output) err() error {
	if e := o.failed.Load(); e != nil {
		return *e
	}
	return nil
}

// fail notes an error, if there is one.
func (o *output) fail(err error) {
	if err != nil {
		first := err // escapes only here
		o.failed.CompareAndSwap(nil, &first)
	}
}

// Flush sends what was gathered.
func (o *output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flush()
}

// flushIfFree sends what was gathered, unless another goroutine is writing: that one sends it, and must not be waited for,
// since it may be waiting until the caller has read.
func (o *output) flushIfFree() {
	if o.mu.TryLock() {
		defer o.mu.Unlock()
		o.flush()
	}
}

// Release gives the buffer back; what was in it is not sent.
func (o *output) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release()
}

// releaseIfIdle gives the buffer back if there is nothing in it and nobody is writing.
func (o *output) releaseIfIdle() {
	if o.mu.TryLock() {
		if len(o.buf) == 0 {
			o.release()
		}
		o.mu.Unlock()
	}
}

// FlushSoon lets nothing that was gathered wait for long while another handler runs.
func (o *output) FlushSoon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushSoon()
}

// What follows is called with o.mu held.

func (o *output) flushSoon() {
	if len(o.buf) == 0 || o.armed {
		return
	}
	o.armed = true
	if o.alarm != nil {
		o.alarm.Reset(heldBack)
		return
	}
	o.alarm = time.AfterFunc(heldBack, o.ring)
}

// disarm stops the alarm, which costs less than to let it strike for nothing.
func (o *output) disarm() {
	if o.armed {
		o.armed = !o.alarm.Stop()
	}
}

// ring sends what was gathered. Where another goroutine has the output, it looks again a little later: a write may take
// long, and nobody is to wait for it here.
func (o *output) ring() {
	if !o.mu.TryLock() {
		time.AfterFunc(heldBack, o.ring)
		return
	}
	o.c.beside("sending", o.flushLate)
}

// flushLate is what the alarm does, with o.mu held before.
func (o *output) flushLate() {
	defer o.mu.Unlock()
	o.armed = false
	o.flush()
}

// grab makes room for n more bytes behind buf, where that is possible without growing beyond what a pool gives.
func (o *output) grab(n int) {
	if cap(o.buf)-len(o.buf) >= n {
		return
	}
	bigger := transport.GetBuffer(len(o.buf) + n)
	kept := copy(bigger, o.buf)
	transport.PutBuffer(o.buf)
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
		o.put(p[:n])
		p = p[n:]
	}
	return o.err()
}

// write sends what was gathered and p, in one system call where there is no TLS in between, and notes its error.
func (o *output) write(p []byte) error {
	o.sent += int64(len(o.buf) + len(p)) // if not all of it went out, nothing else will
	if o.c.tls != nil || !o.c.sock.Raw() {
		return o.writeAround(p)
	}
	_, err := o.c.sock.WriteBoth(o.buf, p)
	o.fail(err)
	return err
}

// writeAround is write where code of others stands between the connection and the system: it may not return.
func (o *output) writeAround(p []byte) error {
	err := errNoReturn
	defer func() { o.fail(err) }()
	err = o.writeStream(p)
	return err
}

func (o *output) writeStream(p []byte) (err error) {
	if o.c.tls == nil {
		_, err = o.c.sock.WriteBoth(o.buf, p)
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
	o.put(nil)
	return o.err()
}

// put writes what was gathered and p.
func (o *output) put(p []byte) {
	if !o.c.guarded() {
		o.write(p)
	} else {
		o.c.guard(func() error { return o.write(p) })
	}
	o.disarm()
	o.empty()
}

// empty forgets what was gathered, and gives a buffer back that is larger than what most responses need.
func (o *output) empty() {
	if cap(o.buf) > transport.SmallBuffer {
		o.release()
		return
	}
	o.buf = o.buf[:0]
}

// advance returns how many bytes there have been to send since it was last asked.
func (o *output) advance() int64 {
	position := o.sent + int64(len(o.buf))
	n := position - o.counted
	o.counted = position
	return n
}

func (o *output) release() {
	transport.PutBuffer(o.buf)
	o.buf = nil
}

// sendFile sends at most n bytes of the file.
func (o *output) sendFile(file *io.LimitedReader, n int64) (sent int64, err error) {
	for n = min(n, file.N); sent < n && err == nil; {
		want, got := min(n-sent, sendPiece), int64(0)
		if o.c.guarded() {
			want = min(want, sendTold)
		}
		o.c.guard(func() error {
			err = errNoReturn
			defer func() { o.fail(err) }()
			got, err = o.c.sock.SendFile(file, want)
			return err
		})
		o.sent += got
		if sent += got; got < want {
			break // the file has ended
		}
	}
	return sent, err
}
