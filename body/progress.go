// How far the reading has come, and who may ask.

package body

import "github.com/spillway-go/spillway/parser"

// progress is how far the reading has come. Only the goroutine that has mu changes it, and may read it without look, but for
// limit and expecting, which anybody may change.
type progress struct {
	expecting bool // the client waits for a 100 (Continue)
	end       end  // whether the content's end was reached, and how
	slow      bool // the last read met its deadline
	beyond    bool // Skim has not come to the end

	//	received + left = framing, where the length is fixed
	received int64 // content bytes given to the handler or thrown away
	left     int64 // content bytes before the end, or before the end of the chunk
	limit    int64 // received content may not be more

	settled  bool
	leftover Leftover
}

// end tells how the content ended, as far as the connection is concerned.
type end uint8

const (
	open    end = iota
	reached     // the next byte of the source is behind the content
	cut         // there is no next byte
	garbled     // the next byte means nothing
)

// advance counts n content bytes as consumed.
func (r *Reader) advance(n int64) {
	r.look.Lock()
	defer r.look.Unlock()
	r.slow = false
	r.received += n
	r.left -= n
	if r.left == 0 && r.framing > 0 {
		r.setEnd(reached)
	}
}

// moveTo counts n content bytes as consumed, in chunks of which left bytes are left in the last.
func (r *Reader) moveTo(n, left int64) {
	r.look.Lock()
	defer r.look.Unlock()
	r.received += n
	r.left = left
}

// stop notes how the content ended.
func (r *Reader) stop(e end) {
	r.look.Lock()
	defer r.look.Unlock()
	r.setEnd(e)
}

// setEnd is stop for those who hold r.look.
func (r *Reader) setEnd(e end) {
	r.end = e
	r.ended.Store(true)
}

// Ended reports whether nothing more will be read of the content: its end was reached, or there is none. Unlike the other
// methods it may be called from any goroutine.
func (r *Reader) Ended() bool { return r.framing == 0 || r.ended.Load() }

// Abandon gives the content up: from now on reads return ErrAbandoned, and the leftover is LeftoverTooLong. Any goroutine may
// call it.
func (r *Reader) Abandon() {
	if r.framing != 0 {
		r.abandoned.Store(true)
	}
}

// Remaining returns how many content bytes are still to be read, or -1 while that is unknown, as it is for chunked
// content until its end.
func (r *Reader) Remaining() int64 {
	p := r.sofar()
	switch {
	case r.framing == 0 || p.end == reached:
		return 0
	case r.framing == parser.Chunked:
		return -1
	}
	return p.left
}

// sofar returns the progress.
func (r *Reader) sofar() progress {
	if r.framing == 0 {
		return progress{}
	}
	r.look.Lock()
	defer r.look.Unlock()
	return r.progress
}

// bound returns the limit, and whether the client waits for a 100 (Continue).
func (r *Reader) bound() (limit int64, expecting bool) {
	r.look.Lock()
	defer r.look.Unlock()
	return r.limit, r.expecting
}

// Begun reports whether any content has been read, or is being read.
func (r *Reader) Begun() bool {
	p := r.sofar()
	return r.framing == 0 || r.reading.Load() || p.received > 0 || p.end != open
}

// Received returns how many content bytes have been read.
func (r *Reader) Received() int64 { return r.sofar().received }

// Limit refuses content of more than n bytes. If more is declared, the next Read returns a *TooLargeError and nothing is
// read; if the content is chunked, n bytes are read first. A limit can be lowered and not raised.
func (r *Reader) Limit(n int64) {
	if r.framing != 0 {
		r.look.Lock()
		r.limit = min(r.limit, max(n, 0))
		r.look.Unlock()
	}
}
