// Reading ahead, beside the handler. It begins only when something cannot be known or done without it: somebody wants
// to know when the client has gone, or the response cannot be written because the client is still sending. It never
// parses: what it reads waits in the window, for the body reader or for the next exchange.

package conn

import "time"

const (
	watchBytes = largeBuffer // how far ahead the connection reads to see the client go
	aheadBytes = 1 << 20     // how far ahead it reads at most, whatever the budget for leftovers is
)

// aside is the part of the input that is read beside the handler. The input's mu guards it.
type aside struct {
	//	bound == 0                         // nothing is read ahead
	//	window ≤ bound                     // of what was read ahead
	bound    int
	running  bool      // there is a goroutine
	reading  bool      // it is inside a read
	owners   int       // body reads that wait or are under way: they come first
	stopped  bool      // Interrupt was called
	discard  int64     // content was given up: so much is still read and thrown away
	gone     error     // why nothing will come any more
	onGone   func()    // is called then
	deadline time.Time // for throwing away
}

// readAhead lets the window grow to bound bytes beside the handler. in.mu is held.
func (in *input) readAhead(bound int64) {
	if !in.lent || in.ended {
		return
	}
	in.aside.bound = max(in.aside.bound, int(min(bound, aheadBytes)))
	if !in.aside.running {
		in.aside.running = true
		go in.pump()
	}
	in.cond.Broadcast()
}

// aheadFull reports whether there is no room to read ahead. in.mu is held.
func (in *input) aheadFull() bool { return len(in.Window()) >= in.aside.bound }

// giveUp lets what the client still sends be thrown away, within the budget for lingering. in.mu is held.
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
	for in.aside.bound > 0 && !in.ended {
		a := &in.aside
		if a.stopped || a.owners > 0 || in.busy || in.aheadFull() && a.discard <= 0 {
			in.cond.Wait()
			continue
		}
		in.busy, a.reading = true, true
		var n int
		var err error
		if a.discard > 0 {
			n, err = in.throwAway()
		} else {
			in.makeFreshRoom()
			p := in.buf[in.w:]
			n, err = in.unlockedRead(p[:min(len(p), a.bound-len(in.Window()))], time.Time{})
			in.w += n
		}
		in.c.sock.credit.Add(int64(n))
		in.busy, a.reading = false, false
		if err != nil && !isTimeout(err) {
			in.lose(err)
		}
		in.cond.Broadcast()
	}
	in.aside.running = false
	in.cond.Broadcast()
}

// throwAway reads and forgets. in.mu is held, but not while it reads.
func (in *input) throwAway() (int, error) {
	a := &in.aside
	buf := getBuffer(largeBuffer)
	defer putBuffer(buf)
	n, err := in.unlockedRead(buf[:min(int64(len(buf)), a.discard)], a.deadline)
	a.discard -= int64(n)
	if isTimeout(err) && !a.stopped && a.owners == 0 {
		a.discard = 0
	}
	return n, err
}

// unlockedRead reads from the client without in.mu, which is held before and after.
func (in *input) unlockedRead(p []byte, until time.Time) (int, error) {
	in.c.sock.reads.by(until)
	in.mu.Unlock()
	n, err := in.c.stream.Read(p)
	in.mu.Lock()
	return n, err
}

// lose notes that nothing will come any more. in.mu is held.
func (in *input) lose(err error) {
	in.ended = true
	in.aside.gone = err
	if in.aside.onGone != nil {
		go in.aside.onGone()
	}
}

// makeFreshRoom makes in.w < len(in.buf) without a change to bytes that somebody may be reading.
func (in *input) makeFreshRoom() {
	if in.w < len(in.buf) {
		return
	}
	window := in.Window()
	buf := getBuffer(max(2*len(window), smallBuffer))
	in.buf, in.r, in.w = buf, 0, copy(buf, window)
}

// stopAhead ends the reading beside the handler, and returns when it has ended.
func (in *input) stopAhead() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lent = false
	if in.polled {
		in.polled = false
		in.c.cfg.poller.unwatch(in.c)
	}
	in.aside.bound, in.aside.onGone = 0, nil
	if !in.aside.running {
		return
	}
	in.shoo()
	in.cond.Broadcast()
	for in.aside.running {
		in.cond.Wait()
	}
	in.aside.discard = 0
}

// shoo makes the goroutine that reads ahead leave its read. in.mu is held.
func (in *input) shoo() {
	if !in.aside.reading {
		return
	}
	in.c.sock.reads.interrupt()
	for in.aside.reading {
		in.cond.Wait()
	}
	if !in.aside.stopped {
		in.c.sock.reads.resume()
	}
}
