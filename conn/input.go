// The input holds what was received and not consumed. Whoever is about to wait for the client flushes the output first:
// the client may be waiting for it.

package conn

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn/internal/transport"
)

// input is the receiving side of a connection. Between exchanges the connection's goroutine has it for itself; while a
// handler runs it is lent to a body reader, through content, and mu guards it.
type input struct {
	c *Conn

	//	0 ≤ r ≤ w ≤ len(buf)
	//	buf[r:w] // the window: received, not consumed
	buf  []byte
	r, w int

	consumed int64       // bytes of which it is known what they were
	counted  int64       // of these, in exchanges before the one under way
	empty    int         // bytes of empty lines before the request that is awaited
	mu       sync.Mutex  // held for no read; guards all of the input while it is lent, or stuck
	lent     atomic.Bool // a handler runs, or has run and its leftover is not settled; changed with mu held
	ended    bool        // nothing will come any more
	used     bool        // somebody may read in this exchange
	taken    bool        // it is a hijacker's, so that nobody else may read
	stuck    bool        // the last exchange has left a read that cannot be interrupted; its goroutine brings what comes
	one      [1]byte     // what is waited into where a buffer would have to be held otherwise
	gone     error       // why nothing will come any more

	cond   sync.Cond    // on mu: busy or aside has changed
	reader *body.Reader // what the input is lent to
	final  bool         // the handler has run, and left content unread
	keeps  bool         // its response leaves the connection for another request
	busy   bool         // somebody reads the connection, and may change what lies behind w
	seen   int          // how much of the window the body reader has seen
	looks  time.Time    // until when TopUp makes way for others and looks again; zero: it has not been called
	halted bool         // Interrupt was called
	aside  aside

	straight straight      // the read of content that is under way
	bin      transport.Bin // for content that is thrown away

	duplex atomic.Bool // the handler reads on, whatever it has read so far
	polled bool        // the server watches for the client's end
}

func (in *input) init(c *Conn) {
	in.c = c
	in.cond.L = &in.mu
}

// Window returns what was received and not consumed.
func (in *input) Window() []byte { return in.buf[in.r:in.w] }

// waiting returns the window's length. It is for the connection's goroutine between exchanges.
func (in *input) waiting() int {
	if in.stuck {
		in.mu.Lock()
		defer in.mu.Unlock()
	}
	return len(in.Window())
}

// take consumes what parse says of the window. It is for the connection's goroutine between exchanges.
func (in *input) take(parse func(window []byte) (int, error)) (int, error) {
	if in.stuck {
		in.mu.Lock()
		defer in.mu.Unlock()
	}
	n, err := parse(in.Window())
	in.Consume(n)
	return n, err
}

// Consume takes n bytes from the window's front.
func (in *input) Consume(n int) {
	in.r += n
	in.consumed += int64(n)
	if in.r == in.w && !in.busy {
		in.r, in.w = 0, 0
	}
}

// Fill waits until the window has grown.
func (in *input) Fill() error {
	if some, err := in.beforeRead(); some || err != nil {
		return err
	}
	in.makeRoom()
	return in.received(in.c.stream.Read(in.buf[in.w:]))
}

// await waits for a request's first byte, with nothing in the window. Where it can, it holds no buffer while it waits; when
// nobody expects the byte soon, it holds none in any case.
func (in *input) await(soon bool) error {
	if some, err := in.beforeRead(); some || err != nil {
		return err
	}
	in.r, in.w = 0, 0
	switch {
	case in.c.tls == nil && in.c.sock.Raw():
		return in.received(in.c.sock.Await(in))
	case soon:
		p, _ := in.Room()
		return in.received(in.c.stream.Read(p))
	}
	in.GiveBack()
	n, err := in.c.stream.Read(in.one[:])
	p, _ := in.Room()
	copy(p, in.one[:n])
	return in.received(n, err)
}

// takeReady adds to the window what has come already, and reports whether anything has. It waits for nothing, and so needs no deadline.
// It is for raw sockets, and TLS on them.
func (in *input) takeReady() bool {
	in.makeRoom()
	in.c.sock.Hurry(true)
	defer in.c.sock.Hurry(false)
	n, _ := in.c.stream.Read(in.buf[in.w:]) // an error comes again
	in.w += max(n, 0)
	return n > 0
}

// beforeRead does what comes before a wait for the client. It reports whether there is something to look at already.
func (in *input) beforeRead() (some bool, _ error) {
	in.c.told.addTo(in.c.tally) // before the client can have the response
	in.c.returnLendings()
	if err := in.c.out.Flush(); err != nil {
		return false, err
	}
	if in.stuck {
		if some, err := in.unstick(); some || err != nil {
			return some, err
		}
	}
	if in.ended {
		return false, in.gone
	}
	return false, nil
}

// received adds to the window what a read has brought: at least one byte, or an error is returned.
func (in *input) received(n int, err error) error {
	if err != nil && !transport.IsTimeout(err) {
		in.ended, in.gone = true, err
	}
	in.w += n
	if n > 0 {
		return nil
	}
	return err
}

// Room returns where to read to when the window is empty.
func (in *input) Room() (p, behind []byte) {
	if in.buf == nil {
		in.buf = transport.GetBuffer(transport.SmallBuffer)
	}
	return in.buf, nil
}

// GiveBack is called before a wait of which nobody knows the length.
func (in *input) GiveBack() {
	in.release()
	in.c.out.Release()
}

// makeRoom makes in.w < len(in.buf), by moving the window to the front or into a larger buffer.
func (in *input) makeRoom() {
	if in.w < len(in.buf) {
		return
	}
	if in.r > 0 {
		in.w = copy(in.buf, in.Window())
		in.r = 0
		return
	}
	old := in.buf
	in.buf = transport.GetBuffer(max(2*len(old), transport.SmallBuffer))
	in.w = copy(in.buf, old)
	transport.PutBuffer(old)
}

// release gives the buffer back; what was in the window is lost. Where a read is stuck, all is left to it.
func (in *input) release() {
	if in.stuck {
		return
	}
	transport.PutBuffer(in.buf)
	in.buf, in.r, in.w = nil, 0, 0
}

// lend gives the input to a body reader for one exchange.
func (in *input) lend(reader *body.Reader, until time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lent.Store(true)
	in.final, in.keeps, in.reader, in.seen, in.looks = false, false, reader, 0, time.Time{}
	in.duplex.Store(false)
	in.c.stall.patience = in.c.cfg.StallTimeout
	in.c.sock.Reads.Start(until, in.c.cfg.MinReadRate, in.c.cfg.RateGrace)
}

// readsAhead reports whether somebody reads beside the handler.
func (in *input) readsAhead() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.aside.running
}

// waitsBehind returns how many bytes have been consumed, and how many with those that wait in the window.
func (in *input) waitsBehind() (consumed, received int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.consumed, in.consumed + int64(len(in.Window()))
}

// advance returns how many bytes have been consumed since the connection's goroutine last asked.
func (in *input) advance() int64 {
	if in.used || in.stuck { // otherwise nobody else consumes anything
		in.mu.Lock()
		defer in.mu.Unlock()
	}
	n := in.consumed - in.counted
	in.counted = in.consumed
	return n
}
