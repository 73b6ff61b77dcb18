// What becomes of the content that nobody read is decided in this file and nowhere else.

package body

import (
	"fmt"
	"os"
	"time"

	"github.com/spillway-go/spillway/parser"
)

// Leftover is what became of the content that the handler did not read.
type Leftover uint8

// The leftovers. After the first two the connection's next byte begins a request; after the others nothing of the
// kind is known, and the connection must end.
const (
	LeftoverNothing Leftover = iota // the handler read to the end, or there was no content
	LeftoverDrained                 // the rest was read and thrown away, to its end
	LeftoverTooLong                 // more than the budget's bytes remained, or may have
	LeftoverTooSlow                 // the end did not come within the budget's time
	LeftoverUnasked                 // the client still waits for a 100 (Continue) that was never sent
	LeftoverCut                     // the client closed inside the content
	LeftoverGarbled                 // the content broke its own framing: it has no end
)

// Leftovers is the number of outcomes, for tables of them.
const Leftovers = int(LeftoverGarbled) + 1

var leftoverNames = [Leftovers]string{"nothing", "drained", "too long", "too slow", "unasked", "cut", "garbled"}

// String returns the outcome in lower-case words, or as a number if it is none.
func (l Leftover) String() string {
	if int(l) < len(leftoverNames) {
		return leftoverNames[l]
	}
	return fmt.Sprintf("Leftover(%d)", l)
}

// Boundary reports whether the connection's next byte is known to be the first byte of a request.
func (l Leftover) Boundary() bool { return l == LeftoverNothing || l == LeftoverDrained }

// Budget is what may be spent on throwing a leftover away.
type Budget struct {
	Bytes int64         // on the wire: chunk framing counts
	Time  time.Duration // from the call of Settle on
}

// Foresee returns what Settle would return now if the client did its part at once: it is Settle's own first step, and it
// does no I/O. It may be called beside a Read.
func (r *Reader) Foresee(budget Budget) Leftover {
	if r.framing == 0 {
		return LeftoverNothing
	}
	r.look.Lock()
	defer r.look.Unlock()
	if r.settled {
		return r.leftover
	}
	switch {
	case r.end == cut:
		return LeftoverCut
	case r.end == garbled:
		return LeftoverGarbled
	case r.abandoned.Load():
		return LeftoverTooLong // at the end too: what is thrown away behind it is not content
	case r.beyond:
		return LeftoverTooLong
	case r.end == reached:
		return LeftoverNothing
	case r.slow:
		return LeftoverTooSlow
	case r.expecting && r.src.Buffered() == 0:
		return LeftoverUnasked
	}
	least := r.left
	if r.framing == parser.Chunked {
		least++ // there is framing behind it
	}
	if reads := r.reading.Load() && !r.closing.Load(); least > budget.Bytes && !reads {
		return LeftoverTooLong // what a read that is under way leaves is not known
	}
	return LeftoverDrained
}

// InSight reports whether it is known how long the content is, because that was declared or because its end has been
// received, and stands at most so many bytes of the wire away. It waits for nothing, reads nothing and consumes nothing.
func (r *Reader) InSight(most int64) bool {
	if r.framing != parser.Chunked || r.Ended() {
		return true
	}
	if !r.mu.TryLock() { // a goroutine reads that the handler has left, and that nobody may wait for
		return false
	}
	defer r.mu.Unlock()
	return r.endsIn(r.src.Window(), most)
}

// endsIn reports whether the content, whose next byte is the window's first, ends within most bytes of it.
func (r *Reader) endsIn(window []byte, most int64) bool {
	window = window[:min(int64(len(window)), most)]
	chunks, left := r.chunks, r.left
	for last := r.trailing; !last; last = left == 0 {
		if left >= int64(len(window)) { // framing follows
			return false
		}
		window = window[left:]
		n, done, err := chunks.Next(window, r.lim)
		if err != nil || !done {
			return false
		}
		window, left = window[n:], chunks.Size
	}
	var trailers parser.Section
	n, err := trailers.ParseTrailers(window, r.lim)
	return n > 0 && err == nil
}

// Skim throws away what has come of chunked content, as far as the budget goes, and waits for nothing. The handler has
// returned. What is known then of the content's end can be said in the head of the response.
func (r *Reader) Skim(budget Budget) {
	if r.framing != parser.Chunked || r.Ended() || !r.mu.TryLock() { // a goroutine reads that the handler has left
		return
	}
	defer r.mu.Unlock()
	if r.sofar().expecting && r.src.Buffered() == 0 {
		return
	}
	r.skims, r.skimmed, r.thrown = true, true, 0
	defer func() { r.skims = false }()
	had, whole := r.received, r.left == 0 // the handler may have read a chunk to its end, as one does that knows the last byte
	switch l := r.throwAway(budget); {
	case l == LeftoverDrained:
		r.err = ErrClosed // for a goroutine that the handler has left: behind the end there is nothing of its content
	case l == LeftoverGarbled:
		r.err = ErrClosed
		r.stop(garbled)
	case l == LeftoverTooSlow && whole && had > 0 && r.received == had && r.left == 0: // the last chunk is the likeliest to come
	default:
		r.look.Lock()
		r.beyond = true
		r.look.Unlock()
	}
}

// Settle ends the exchange's claim to the content: it makes a Read that is under way return, lets no other begin, throws
// away what is left, as far as the budget goes, and returns what became of it and how many bytes of the wire were thrown
// away. What is thrown away is still parsed. Later calls return the same.
func (r *Reader) Settle(budget Budget) (Leftover, int64) {
	if r.framing == 0 {
		return LeftoverNothing, 0
	}
	r.claim()
	defer r.mu.Unlock()
	if r.settled {
		return r.leftover, r.thrown
	}
	if !r.skimmed {
		r.thrown = 0
	}
	l := r.Foresee(budget)
	switch {
	case l == LeftoverDrained:
		l = r.drain(budget)
	case l == LeftoverNothing && r.thrown > 0 && r.skimmed:
		l = LeftoverDrained // already
	}
	r.look.Lock()
	defer r.look.Unlock()
	r.settled, r.leftover, r.err, r.src = true, l, ErrClosed, nil
	return l, r.thrown
}

// Detach ends the exchange's claim to the content without a look at it: what was not read stays where it is, for whoever
// has the connection now. After Settle it does nothing.
func (r *Reader) Detach() {
	if r.framing != 0 && !r.sofar().settled {
		r.claim()
		r.err = ErrClosed // for a read that had begun, but held nothing yet
		r.mu.Unlock()
	}
}

// Close ends the reading: a Read that is under way returns ErrClosed, and so do all later ones. What is left is settled as
// it would be without it. Any goroutine may call it, at any time.
func (r *Reader) Close() {
	if r.framing == 0 || r.closing.Load() {
		return
	}
	r.taking.Lock()
	defer r.taking.Unlock()
	if !r.closing.Load() { // or the exchange has ended meanwhile
		r.interrupt()
		r.mu.Unlock()
	}
}

// claim makes a Read that is under way return, and lets no other begin. It returns with r.mu held.
func (r *Reader) claim() {
	r.taking.Lock() // until a Close is over
	defer r.taking.Unlock()
	r.interrupt()
}

// interrupt is claim with r.taking held.
func (r *Reader) interrupt() {
	r.closing.Store(true)
	if !r.mu.TryLock() { // only a Read has it, and waits for the client at worst
		r.src.Interrupt()
		r.mu.Lock()
		r.src.Resume()
	}
}

// drain throws away content up to its end, or until the budget is spent.
func (r *Reader) drain(budget Budget) Leftover {
	r.src.SetDrainDeadline(time.Now().Add(budget.Time))
	return r.throwAway(budget)
}

func (r *Reader) throwAway(budget Budget) Leftover {
	for r.end == open {
		if r.left == 0 {
			if err := r.nextChunk(); err != nil {
				return drainFailed(err)
			}
		}
		if r.left > budget.Bytes-r.thrown {
			return LeftoverTooLong
		}
		for r.left > 0 {
			n, err := r.discard()
			r.advance(n)
			r.thrown += n
			if err != nil {
				return drainFailed(err)
			}
		}
	}
	return LeftoverDrained
}

// discard throws away at least one byte of the content before r.left is 0.
func (r *Reader) discard() (int64, error) {
	if r.skims && r.src.Buffered() == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	if n := min(int64(len(r.src.Window())), r.left); n > 0 {
		r.src.Consume(int(n))
		return n, nil
	}
	return r.src.Discard(r.left)
}

// fill lets the window grow: by waiting, or while it skims, by what has come.
func (r *Reader) fill() error {
	if !r.skims {
		if r.into != nil {
			r.into.GiveBack()
		}
		return r.src.Fill()
	}
	if !r.src.TopUp() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func drainFailed(err error) Leftover {
	if _, ok := err.(*parser.Error); ok {
		return LeftoverGarbled
	}
	if isTimeout(err) {
		return LeftoverTooSlow
	}
	return LeftoverCut
}
