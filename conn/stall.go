// A client may send all of its request before it reads any of the response, and a handler may write a response before it
// reads the request: then each waits for the other. This file breaks that knot, but only a knot: a client that is slow
// moves, if only now and then.

package conn

import (
	"time"
)

// stallTime is how long a write waits before the connection reads ahead for it, and how often it looks whether the client
// has moved.
const stallTime = 100 * time.Millisecond

// stall watches one write at a time. The input's mu guards it.
type stall struct {
	timer    *time.Timer
	patience time.Duration // Limits.StallTimeout, or what the exchange has in its place; 0: for ever
	began    time.Time     // of the write; zero: none is watched
	ahead    bool          // reading ahead has begun for it
	moved    int64         // bytes that the connection had moved when it was last seen to move
	since    time.Time     // when that was
	beside   chan struct{} // closed when the content, that nobody will read, has been settled beside the write; nil: it is not
}

// guarded reports whether a write may have to wait because the client is still sending.
func (c *Conn) guarded() bool {
	if !c.in.lent.Load() { // nearly always
		return false
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.lent.Load() && !c.in.reader.Ended()
}

// guard runs a write, and watches it while content is unread.
func (c *Conn) guard(write func() error) error {
	if !c.guarded() {
		return write()
	}
	c.sock.Tell(true)
	defer c.sock.Tell(false)
	c.watchWrite()
	defer c.unwatchWrite()
	return write()
}

func (c *Conn) watchWrite() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	s := &c.stall
	s.began, s.ahead = time.Now(), false
	if s.timer == nil {
		w := c.work // a timer that has struck may come late, when the connection is parked and has none
		s.timer = time.AfterFunc(stallTime, func() { c.beside("watching a write", w.stalled) })
	} else {
		s.timer.Reset(stallTime)
	}
}

func (c *Conn) unwatchWrite() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.stall.began = time.Time{}
	c.stall.timer.Stop()
}

// setPatience sets how long neither side may move before the content is given up; 0 means for ever.
func (c *Conn) setPatience(d time.Duration) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.stall.patience = d
}

// handlerReturned says that nobody will read the content any more, and whether the response's head leaves the connection
// for another request.
func (in *input) handlerReturned(keeps bool) {
	if in.c.req.ContentLength == 0 {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.final, in.keeps = true, keeps
}

// stalled runs when a write has taken long: first it reads ahead, and when there is no more room for that and neither side
// has moved a byte for the patience, it gives the content up. Where the handler has returned, no patience is needed: the
// content is settled beside the write, so that the connection can be kept, or given up at once if it will not be kept.
func (w *work) stalled() {
	w.in.mu.Lock()
	defer w.in.mu.Unlock()
	s, now := &w.stall, time.Now()
	if s.began.IsZero() || w.in.reader.Ended() { // what comes behind the content is not ours to give up
		return
	}
	if wait := stallTime - now.Sub(s.began); wait > 0 { // the timer struck for an earlier write
		s.timer.Reset(wait)
		return
	}
	if moved := w.sock.Moved(); !s.ahead || moved != s.moved {
		s.moved, s.since = moved, now
	}
	settles := w.in.final && w.in.keeps
	switch {
	case settles && s.beside == nil:
		s.beside = make(chan struct{})
		go w.c.settleBeside(s.beside)
	case settles && !isClosed(s.beside):
	case !s.ahead:
		s.ahead = true
		w.in.readAhead(w.c.cfg.DrainBytes)
	case w.in.aheadFull() && (w.in.final || s.patience > 0 && now.Sub(s.since) >= s.patience):
		w.in.giveUp()
		return
	case w.in.aheadFull() && s.patience > 0:
		w.sock.Writes.Forgive() // it cannot move: nobody reads what it sends
	}
	s.timer.Reset(stallTime)
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// settleBeside settles the content while the response is being written: the client takes no more of it before its content
// is read.
func (c *Conn) settleBeside(done chan<- struct{}) {
	defer close(done)
	c.beside("settling", func() { c.req.Body.Settle(c.budget(true)) })
}

// awaitBeside waits until the content has been settled that is settled beside the write, or has it settled at once, if that
// is of no use any more. The write is over.
func (c *Conn) awaitBeside(useful bool) {
	c.in.mu.Lock()
	beside := c.stall.beside
	c.stall.beside = nil
	c.in.mu.Unlock()
	if beside == nil {
		return
	}
	if !useful {
		content{&c.in}.SetDrainDeadline(time.Now())
	}
	<-beside
}
