// Reading ahead, beside the handler. It begins only when something cannot be known or done without it: somebody wants
// to know when the client has gone, or the response cannot be written because the client is still sending. It never
// parses: what it reads waits in the window, for the body reader or for the next exchange.

package conn

import (
	"io"
	"os"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

const (
	watchBytes = transport.LargeBuffer // how far ahead the connection reads to see the client go
	aheadBytes = 1 << 20               // how far ahead it reads at most, whatever the budget for leftovers is

	// deafAfter is how long a read beside the handler may take to be interrupted. One that takes longer is left alone from
	// then on: whoever wants to read waits for what it brings.
	deafAfter = 100 * time.Millisecond
)

// aside is the part of the input that is read beside the handler. The input's mu guards it.
type aside struct {
	//	bound == 0                         // nothing is read ahead
	//	window ≤ bound                     // of what was read ahead
	bound    int
	most     int              // bytes that the read under way may bring
	running  bool             // there is a goroutine
	reading  bool             // it is inside a read
	deaf     bool             // its reads cannot be interrupted
	owners   int              // body reads that wait or are under way: they come first
	discard  int64            // content was given up: so much is still read and thrown away
	deadline time.Time        // for that
	onGone   func(reset bool) // is told when nothing will come any more
}

// readAhead lets the window grow to bound bytes beside the handler. in.mu is held.
func (in *input) readAhead(bound int64) {
	if !in.lent.Load() || in.ended {
		return
	}
	in.aside.bound = max(in.aside.bound, int(min(bound, aheadBytes)))
	if !in.aside.running {
		in.aside.running = true
		go in.c.beside("reading ahead", in.pump)
	}
	in.cond.Broadcast()
}

// aheadFull reports whether there is no room to read ahead. in.mu is held.
func (in *input) aheadFull() bool { return len(in.Window()) >= in.aside.bound }

// giveUp lets what the client still sends be thrown away, within the bounds for lingering. in.mu is held.
func (in *input) giveUp() {
	in.reader.Abandon()
	in.aside.discard = in.c.cfg.LingerBytes
	in.aside.deadline = time.Now().Add(in.c.cfg.LingerTimeout)
	in.cond.Broadcast()
}

// pump reads ahead while there is room and nobody else reads.
func (in *input) pump() {
	in.mu.Lock()
	defer in.mu.Unlock()
	defer func() {
		in.aside.running, in.aside.reading = false, false
		in.cond.Broadcast()
	}()
	for in.aside.bound > 0 && !in.ended {
		a := &in.aside
		if in.halted || a.owners > 0 || in.busy || in.aheadFull() && a.discard <= 0 {
			in.cond.Wait()
			continue
		}
		a.reading = true
		var n int
		if a.discard > 0 {
			n = in.throwAway()
		} else {
			a.most = a.bound - len(in.Window())
			n, _ = in.readFreely(time.Time{}, func() (int, error) { return in.c.readLent(aheadRoom{in}) })
			in.w += n
		}
		a.reading = false
		in.c.sock.Credit(int64(n))
		in.cond.Broadcast()
	}
}

// throwAway reads and forgets. in.mu is held, but not while it reads.
func (in *input) throwAway() int {
	a := &in.aside
	most := a.discard
	n, err := in.readFreely(a.deadline, func() (int, error) { return in.c.discard(most) })
	a.discard -= int64(n)
	if transport.IsTimeout(err) && !in.halted && a.owners == 0 {
		a.discard = 0
	}
	return n
}

// readFreely reads without the exchange's limits of time and rate: the client owes nothing to who reads ahead. in.mu is
// held before and after.
func (in *input) readFreely(until time.Time, read func() (int, error)) (int, error) {
	in.c.sock.Reads.Free(until)
	defer in.c.sock.Reads.Bind()
	return in.unlocked(read)
}

// lose notes that nothing will come any more. in.mu is held.
func (in *input) lose(err error) {
	in.ended, in.gone = true, err
	if in.aside.onGone != nil {
		go in.aside.onGone(err != io.EOF)
	}
}

// makeFreshRoom makes in.w < len(in.buf) without a change to bytes that somebody may be reading.
func (in *input) makeFreshRoom() {
	if in.w < len(in.buf) {
		return
	}
	window := in.Window()
	buf := transport.GetBuffer(max(2*len(window), transport.SmallBuffer))
	in.buf, in.r, in.w = buf, 0, copy(buf, window)
}

// stopAhead ends the reading beside the handler, and returns when it has ended, or goes on because it cannot be
// interrupted: then what it brings is the next request's.
func (in *input) stopAhead() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lent.Store(false)
	in.c.sock.Reads.Rate(0, 0)
	if in.polled {
		in.polled = false
		in.c.cfg.parked.Unwatch(in.c.id)
	}
	in.aside.bound, in.aside.onGone, in.aside.discard = 0, nil, 0
	if !in.aside.running {
		return
	}
	in.nudge()
	in.cond.Broadcast()
	for in.aside.running && !in.aside.reading {
		in.cond.Wait()
	}
	in.stuck = in.aside.running
}

// nudge makes the goroutine that reads ahead leave its read, if it can be made to. in.mu is held.
func (in *input) nudge() {
	a := &in.aside
	if !a.reading || a.deaf {
		return
	}
	in.c.sock.Reads.Nudge()
	late := !in.c.sock.Reads.Works()
	alarm := time.AfterFunc(deafAfter, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		late = true
		in.cond.Broadcast()
	})
	for a.reading && !late {
		in.cond.Wait()
	}
	alarm.Stop()
	a.deaf = a.reading
	if !in.halted {
		in.c.sock.Reads.Resume()
	}
}

// shoo lets nobody read ahead. Where a read cannot be interrupted, it waits for what that brings, within the time for the
// content. in.mu is held.
func (in *input) shoo() error {
	in.nudge()
	if !in.aside.reading {
		return nil
	}
	late := false
	if limit := in.c.sock.Reads.Limit(); !limit.IsZero() {
		alarm := time.AfterFunc(time.Until(limit), func() {
			in.mu.Lock()
			defer in.mu.Unlock()
			late = true
			in.cond.Broadcast()
		})
		defer alarm.Stop()
	}
	for in.aside.reading && !late && !in.halted {
		in.cond.Wait()
	}
	if in.aside.reading {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// unstick waits for what a read brings that the last exchange has left, and reports whether there is something to look at:
// it may have come before the wait began, and behind the caller's last look.
func (in *input) unstick() (some bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.shoo(); err != nil {
		return false, err
	}
	for in.aside.running {
		in.cond.Wait()
	}
	in.stuck = false
	return len(in.Window()) > 0, nil
}
