// A Reader gives the content to the handler: what Read may return, and when, is decided in this file.

package body

import (
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/parser"
)

// Source is a connection's input, lent to one Reader at a time.
type Source interface {
	// Window returns what was received and not consumed. It is valid until the next call of any method.
	Window() []byte
	// Buffered returns the window's length. Unlike the other methods it may be called beside one of them.
	Buffered() int
	// TopUp adds to the window what can be had without waiting, or some of it, and reports whether it has.
	TopUp() bool
	// Consume takes n bytes from the window's front.
	Consume(n int)
	// Fill waits until the window has grown. At the end of the stream it returns io.EOF.
	Fill() error
	// Read reads from behind the window, which is empty, straight into what is lent: at least one byte, or an error. When
	// that is full, up to past more bytes may have come into the window.
	Read(l Lender, past int) (int, error)
	// Discard throws away bytes from behind the window, which is empty: at least one, at most n, or an error.
	Discard(n int64) (int64, error)
	// Continue sends 100 (Continue), unless the final response has begun.
	Continue() error
	// SetDrainDeadline is the time after which Fill, Read and Discard fail with os.ErrDeadlineExceeded.
	SetDrainDeadline(t time.Time)
	// Interrupt makes a Fill or Read that is under way fail at once, and all later ones, until Resume. It may be called
	// while another goroutine is inside Fill or Read; nothing else may.
	Interrupt()
	Resume()
}

// Reader reads the content of one request, and settles it. It is the connection's; a handler has its Content. Its methods may
// be called from any goroutine; a Read beside another returns ErrBusy.
type Reader struct {
	// Two locks guard it. Whoever has mu may read from the source, and waits for the client with it; look is held for a
	// moment by whoever changes, or asks for, how far the reading has come. mu comes before look, and a source's own locks
	// come behind both.

	content Content        // the handler's side of it
	framing parser.Framing // 0: a Reader of nothing, without a source and never changed
	lim     *parser.Limits

	taking    sync.Mutex  // held while Close, Settle or Detach makes a Read return; taken before mu
	closing   atomic.Bool // one of them has begun
	abandoned atomic.Bool // Abandon was called
	missed    atomic.Bool // a read has returned ErrAbandoned
	ended     atomic.Bool // end is not open
	reading   atomic.Bool // somebody is inside Read

	mu   sync.Mutex // held inside Read and Settle; guards what is not progress
	look sync.Mutex // guards progress
	progress

	*coding // nil: the content is not chunked

	src     Source
	err     error // what reads return from now on; nil while there may be more
	given   loan  // what Read was given
	into    *loan // what the read under way puts content into; nil: there is none
	thrown  int64
	skims   bool // nothing is waited for
	skimmed bool // Skim was called
}

// coding is where the reading of chunked content stands (RFC 9112 §7.1).
type coding struct {
	chunks   parser.Chunks
	between  int  // bytes of framing before the chunk that was read last, with the line end of the content before it
	trailing bool // the last chunk has been seen
	trailers parser.Section
}

// Empty is the Reader of requests without content: it is at its end, and it settles to LeftoverNothing.
var Empty = empty()

func empty() *Reader {
	r := &Reader{}
	r.content.reader = r
	return r
}

// NewReader returns a Reader of content that begins at the source's window. expecting tells that the client waits for a
// 100 (Continue) before it sends any. A framing of 0 gives Empty.
func NewReader(src Source, framing parser.Framing, expecting bool, lim *parser.Limits) *Reader {
	if framing == 0 {
		return Empty
	}
	r := newReader(framing)
	r.framing, r.src, r.lim, r.expecting, r.limit = framing, src, lim, expecting, math.MaxInt64
	r.left = max(int64(framing), 0)
	r.content.reader = r
	return r
}

// newReader returns an empty one, in one piece with what its framing needs.
func newReader(framing parser.Framing) *Reader {
	if framing != parser.Chunked {
		return new(Reader)
	}
	r := new(struct {
		Reader
		coding
	})
	r.Reader.coding = &r.coding
	return &r.Reader
}

// Content returns what a handler may do with the content.
func (r *Reader) Content() *Content { return &r.content }

// Read reads content into p. The first Read sends 100 (Continue) if the client waits for it. It returns io.EOF at the
// content's end, with the last bytes where that is known by then, and otherwise a *CutError, *SlowError, *GarbledError,
// *TooLargeError, ErrClosed or ErrBusy. All but the *SlowError and ErrBusy are final.
func (r *Reader) Read(p []byte) (int, error) { return r.readTo(p, nil) }

// readTo is Read into p, or where there is a loan, into that.
func (r *Reader) readTo(p []byte, l *loan) (int, error) {
	if r.framing == 0 {
		return 0, io.EOF
	}
	if r.closing.Load() {
		return 0, ErrClosed
	}
	if r.abandoned.Load() {
		return 0, r.miss()
	}
	if !r.reading.CompareAndSwap(false, true) {
		return 0, ErrBusy
	}
	defer r.reading.Store(false)
	if !r.mu.TryLock() { // Settle has it, and from now on
		return 0, ErrClosed
	}
	defer r.mu.Unlock()
	if l == nil {
		l = &r.given
		*l = loan{buf: p, given: true}
	}
	r.into = l
	n, err := r.read(l)
	r.into, r.given = nil, loan{}
	if r.abandoned.Load() {
		return 0, r.miss() // what was read may have stood behind what was thrown away
	}
	return n, err
}

// miss notes that the handler was told of content that was given up.
func (r *Reader) miss() error {
	r.missed.Store(true)
	return ErrAbandoned
}

// Missed reports whether a read has returned ErrAbandoned: what the handler has made of the content is not whole.
func (r *Reader) Missed() bool { return r.missed.Load() }

func (r *Reader) read(l *loan) (int, error) {
	if r.err != nil || l.size() == 0 {
		return 0, r.err
	}
	limit, expecting := r.bound()
	if r.framing > 0 && int64(r.framing) > limit {
		return 0, r.fail(&TooLargeError{limit})
	}
	if expecting {
		if err := r.ask(); err != nil {
			return 0, r.failed(err)
		}
	}
	if r.left == 0 && r.end == open { // Skim may have found the end
		if err := r.nextChunk(); err != nil {
			return 0, r.failed(err)
		}
	}
	if r.end == reached {
		return 0, r.fail(io.EOF)
	}
	most := int(min(int64(l.size()), max(limit-r.received, 0)))
	if most == 0 {
		return 0, r.fail(&TooLargeError{limit})
	}
	n, err := r.fetch(l, int(min(int64(most), r.left)))
	r.advance(int64(n))
	if err != nil {
		return n, r.failed(err)
	}
	if r.end == reached {
		return n, r.fail(io.EOF)
	}
	if r.framing == parser.Chunked && r.left == 0 && n < most {
		n += r.gather(l.buf[n:min(most, len(l.buf))])
	}
	return n, nil
}

// gather reads on, behind a chunk's end, as far as the window holds content, and waits for nothing. What is not whole there, what is
// wrong and where the content ends, is left to the next read.
func (r *Reader) gather(p []byte) (n int) {
	window, at, left := r.src.Window(), 0, int64(0)
	for n < len(p) {
		if left == 0 {
			chunks := r.chunks
			header, done, err := chunks.Next(window[at:], r.lim)
			if err != nil || !done || chunks.Size == 0 || at+header == len(window) {
				break
			}
			r.chunks, left, r.between = chunks, chunks.Size, header
			r.thrown += int64(header)
			at += header
		}
		got := copy(p[n:], window[at:min(int64(len(window)), int64(at)+left)])
		if got == 0 {
			break
		}
		n, at, left = n+got, at+got, left-int64(got)
	}
	r.src.Consume(at)
	r.moveTo(int64(n), left)
	return n
}

// ask sends 100 (Continue) the first time that content is needed and none of it has come.
func (r *Reader) ask() error {
	r.look.Lock()
	asks := r.expecting
	r.expecting = false
	r.look.Unlock()
	if !asks || len(r.src.Window()) > 0 {
		return nil
	}
	return r.src.Continue()
}

// Asked tells that a 100 (Continue) has been sent: it will not be sent again.
func (r *Reader) Asked() {
	if r.framing != 0 {
		r.look.Lock()
		r.expecting = false
		r.look.Unlock()
	}
}

// fetch reads at least one byte of content, and at most so many, into what is lent; neither the content nor the chunk ends
// before that. What is not in the window goes straight there, unless it is so little that the bytes behind it are worth having
// in the same read.
func (r *Reader) fetch(l *loan, most int) (int, error) {
	const direct = 2 << 10
	l.most = most
	window := r.src.Window()
	if len(window) == 0 {
		if most >= direct {
			past := 0
			if r.framing == parser.Chunked && int64(most) == r.left {
				past = min(r.between, direct) // the framing before the next chunk is likely to be as long
			}
			return r.src.Read(l, past)
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
		window = r.src.Window()
	}
	n := copy(l.Room(LargestRoom), window)
	r.src.Consume(n)
	return n, nil
}

// fail makes err the answer to this read and all later ones.
func (r *Reader) fail(err error) error {
	r.err = err
	return err
}

// failed turns an error of the source or of the chunk parser into the one that the handler gets.
func (r *Reader) failed(err error) error {
	if r.closing.Load() {
		return ErrClosed
	}
	want := int64(r.framing)
	if bad, ok := err.(*parser.Error); ok {
		r.stop(garbled)
		return r.fail(&GarbledError{r.received, bad})
	}
	if isTimeout(err) {
		r.look.Lock()
		r.slow = true
		r.look.Unlock()
		return &SlowError{r.received, want, err}
	}
	r.stop(cut)
	if err == io.EOF {
		err = nil
	}
	return r.fail(&CutError{r.received, want, err})
}

// WriteTo writes the content to w as it comes, for io.Copy. It returns the first error of Read, other than io.EOF, or of
// w.
func (r *Reader) WriteTo(w io.Writer) (n int64, err error) {
	l := loans.Get().(*loan)
	defer loans.Put(l)
	defer l.GiveBack()
	for err == nil {
		var got int
		got, err = r.readTo(nil, l)
		if got > 0 {
			put, failed := writeAll(w, l.buf[:got])
			if n += int64(put); failed != nil {
				return n, failed
			}
		}
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// writeAll writes p to w, and returns an error also where w has written another number of bytes, or says that it has.
func writeAll(w io.Writer, p []byte) (int, error) {
	n, err := w.Write(p)
	switch {
	case n < 0 || n > len(p):
		n = 0
		if err == nil {
			err = errInvalidWrite
		}
	case err == nil && n < len(p):
		err = io.ErrShortWrite
	}
	return n, err
}

// Trailers returns the trailer fields. There are none before Read has returned io.EOF.
func (r *Reader) Trailers() parser.Fields {
	if r.coding == nil || !r.Ended() {
		return parser.Fields{} // while there may be more, somebody may be reading them
	}
	return r.trailers.Fields()
}

// nextChunk consumes framing up to the content of the next chunk, or up to the end. It returns the source's error, or a
// *parser.Error. The bytes consumed stand in the reader's account even if it fails.
func (r *Reader) nextChunk() error {
	r.between = 0
	if r.received == 0 {
		r.between = len("\r\n") // there is none before the first
	}
	for !r.trailing {
		window := r.src.Window()
		n, done, err := r.chunks.Next(window, r.lim)
		r.src.Consume(n)
		r.thrown += int64(n)
		r.between += n
		if err != nil {
			return err
		}
		if done && r.chunks.Size > 0 {
			r.look.Lock()
			r.left = r.chunks.Size
			r.look.Unlock()
			return nil
		}
		r.trailing = done
		if !done {
			if err := r.fill(); err != nil {
				return err
			}
		}
	}
	for {
		n, err := r.trailers.ParseTrailers(r.src.Window(), r.lim)
		if err != nil {
			return err
		}
		if n > 0 {
			r.src.Consume(n)
			r.thrown += int64(n)
			r.stop(reached)
			return nil
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}
