// The input holds what was received and not consumed. Whoever is about to wait for the client flushes the output first:
// the client may be waiting for it.

package conn

import (
	"os"
	"sync"
	"time"

	"github.com/spillway-go/spillway/body"
)

// input is the receiving side of a connection. Between exchanges the connection's goroutine has it for itself; while a
// handler runs it is lent to a body reader, through content, and mu guards it.
type input struct {
	c *Conn

	//	0 ≤ r ≤ w ≤ len(buf)
	//	buf[r:w] // the window: received, not consumed
	buf  []byte
	r, w int

	consumed int64     // bytes that the window has had
	ended    bool      // nothing will come any more
	until    time.Time // by when content must have come; zero: no such time
	rate     meter     // of content

	lent   bool         // a handler runs, or has run and its leftover is not settled
	final  bool         // it has run, and left content unread
	reader *body.Reader // what the input is lent to
	mu     sync.Mutex
	cond   sync.Cond // on mu: busy or aside has changed
	busy   bool      // somebody reads the connection, and may change what lies behind w
	seen   int       // how much of the window the body reader has seen
	moved  bool      // the deadline was moved during a read
	aside  aside

	polled bool // the poller watches for the client's end
}

func (in *input) init(c *Conn) {
	in.c = c
	in.cond.L = &in.mu
}

// Window returns what was received and not consumed.
func (in *input) Window() []byte { return in.buf[in.r:in.w] }

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
	in.makeRoom()
	n, err := in.receive(func() (int, error) { return in.c.stream.Read(in.buf[in.w:]) })
	in.w += n
	return err
}

// receive waits for the client, until the time that the socket knows. It returns at least one byte or an error.
func (in *input) receive(read func() (int, error)) (int, error) {
	if err := in.c.out.Flush(); err != nil {
		return 0, err
	}
	if in.ended {
		return 0, in.aside.gone
	}
	n, err := read()
	if err != nil && !isTimeout(err) {
		in.lose(err)
	}
	if n > 0 {
		err = nil
	}
	return n, err
}

// await waits for a request's first byte, with nothing in the window. Where it can, it holds no buffer while it waits.
func (in *input) await() error {
	n, err := in.receive(func() (int, error) {
		if in.c.tls != nil {
			return in.c.stream.Read(in.room())
		}
		return in.c.sock.read(nil, nil, in)
	})
	in.r, in.w = 0, n
	return err
}

// room returns where to read to when the window is empty.
func (in *input) room() []byte {
	if in.buf == nil {
		in.buf = getBuffer(smallBuffer)
	}
	return in.buf
}

// giveBuffersBack is called before a wait of which nobody knows the length.
func (in *input) giveBuffersBack() {
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
	in.buf = getBuffer(max(2*len(old), smallBuffer))
	in.w = copy(in.buf, old)
	putBuffer(old)
}

// release gives the buffer back; what was in the window is lost.
func (in *input) release() {
	putBuffer(in.buf)
	in.buf, in.r, in.w = nil, 0, 0
}

// lend gives the input to a body reader for one exchange.
func (in *input) lend(until time.Time, rate int64, grace time.Duration) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lent, in.final, in.reader = true, false, in.c.req.Body
	in.until, in.seen = until, 0
	in.rate.start(rate, grace)
}

// content is the input as the body readers see it: what they do may happen beside the reading ahead.
type content struct{ *input }

var _ body.Source = content{}

// Window returns what was received and not consumed. It stays readable while more is read ahead. When the time for the
// content is over it is empty, so that the body reader's next step fails.
func (in content) Window() []byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.late() {
		in.seen = 0
		return nil
	}
	in.seen = len(in.input.Window())
	return in.input.Window()
}

// Consume takes n bytes from the window's front.
func (in content) Consume(n int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.consumeSeen(n)
}

func (in content) consumeSeen(n int) {
	in.seen -= n
	in.input.Consume(n)
	if in.aside.running {
		in.cond.Broadcast()
	}
}

// Fill waits until the window has grown from what the reader saw of it.
func (in content) Fill() error {
	_, err := in.wait(func() (int, error) {
		if len(in.input.Window()) > in.seen {
			return 0, nil
		}
		in.makeRoom()
		n, err := in.clocked(in.c.stream.Read, in.buf[in.w:])
		in.w += n
		return n, err
	})
	return err
}

// Read reads from behind the window, which the reader saw empty, straight into p, and up to past bytes into the window.
func (in content) Read(p []byte, past int) (int, error) {
	return in.wait(func() (int, error) {
		if window := in.input.Window(); len(window) > 0 {
			n := copy(p, window)
			in.consumeSeen(n)
			return n, nil
		}
		behind := in.buf[in.w:min(in.w+past, len(in.buf))]
		n, err := in.clocked(func(p []byte) (int, error) { return in.c.readPast(p, behind) }, p)
		in.w += max(0, n-len(p))
		return min(n, len(p)), err
	})
}

// Discard throws away bytes from behind the window, which the reader saw empty.
func (in content) Discard(n int64) (int64, error) {
	got, err := in.wait(func() (int, error) {
		if window := in.input.Window(); len(window) > 0 {
			n := int(min(n, int64(len(window))))
			in.consumeSeen(n)
			return n, nil
		}
		return in.clocked(func([]byte) (int, error) { return in.c.discard(n) }, nil)
	})
	return int64(got), err
}

// late reports whether the time for the content is over although some of it is there, because it was read ahead. Reads of
// the socket find that out themselves. in.mu is held.
func (in content) late() bool {
	return in.aside.running && !in.until.IsZero() && !time.Now().Before(in.until)
}

// wait takes the connection from those who read ahead, for one read.
func (in content) wait(read func() (int, error)) (int, error) {
	in.c.out.flushIfFree()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.late() {
		return 0, os.ErrDeadlineExceeded
	}
	if in.ended && len(in.input.Window()) == in.seen {
		return 0, in.aside.gone
	}
	in.aside.owners++
	in.shoo()
	defer func() {
		in.aside.owners--
		in.cond.Broadcast()
	}()
	return read()
}

// clocked reads from the client, within the time and the rate that the exchange allows. in.mu is held, but not while it
// reads.
func (in content) clocked(read func([]byte) (int, error), p []byte) (int, error) {
	in.busy = true
	defer func() { in.busy = false }()
	for {
		began := time.Now()
		in.c.sock.reads.by(in.rate.limit(began, in.until))
		in.mu.Unlock()
		n, err := read(p)
		in.mu.Lock()
		in.rate.count(time.Since(began), int64(n))
		switch {
		case n > 0:
			return n, nil
		case !isTimeout(err):
			in.lose(err)
			return 0, err
		case in.aside.stopped:
			return 0, err
		case in.moved:
			in.moved = false
			in.c.sock.reads.resume()
		case in.rate.exceeded():
			return 0, in.rate.err()
		default:
			return 0, os.ErrDeadlineExceeded // and not the addresses: the client may be told
		}
	}
}

// Continue sends 100 (Continue), unless the final response has begun.
func (in content) Continue() error { return in.c.res.sendContinue() }

// SetDrainDeadline is the time after which waiting for the client fails, in place of those for the handler's reads.
func (in content) SetDrainDeadline(t time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.until = t
	in.rate.start(0, 0)
}

// setReadDeadline replaces the time by when content must have come, also for a read that is under way.
func (in *input) setReadDeadline(t time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.until = t
	if in.busy && !in.aside.reading && !in.aside.stopped {
		in.moved = true
		in.c.sock.reads.interrupt()
	}
}

// Interrupt makes a wait that is under way fail at once, and all later ones until Resume.
func (in content) Interrupt() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.aside.stopped = true
	in.c.sock.reads.interrupt()
}

// Resume ends the interruption.
func (in content) Resume() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.aside.stopped, in.moved = false, false
	in.c.sock.reads.resume()
	in.cond.Broadcast()
}
