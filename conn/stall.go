// A client may send all of its request before it reads any of the response, and a handler may write a response before it
// reads the request: then each waits for the other. This file breaks that knot.

package conn

import "time"

const (
	stallTime  = 100 * time.Millisecond // a write that takes longer makes the connection read ahead
	stallLimit = time.Second            // one that takes this much longer still gives the content up
)

// stall watches one write at a time. The input's mu guards it.
type stall struct {
	timer *time.Timer
	began time.Time // of the write; zero: none is watched
	ahead bool      // reading ahead has begun for it
}

// guarded reports whether a write may have to wait because the client is still sending.
func (c *Conn) guarded() bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.lent && !c.in.reader.Ended()
}

// guard runs a write, and watches it while content is unread.
func (c *Conn) guard(write func() error) error {
	if !c.guarded() {
		return write()
	}
	c.watchWrite()
	defer c.unwatchWrite()
	return write()
}

func (c *Conn) watchWrite() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	timer := c.stall.timer
	c.stall = stall{timer: timer, began: time.Now()}
	if timer == nil {
		c.stall.timer = time.AfterFunc(stallTime, c.stalled)
	} else {
		timer.Reset(stallTime)
	}
}

func (c *Conn) unwatchWrite() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.stall.began = time.Time{}
	c.stall.timer.Stop()
}

// stalled runs when a write has taken too long: first it reads ahead, and when there is no more room for that, it gives
// the content up.
func (c *Conn) stalled() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	s := &c.stall
	if s.began.IsZero() || c.in.reader.Ended() { // what comes behind the content is not ours to give up
		return
	}
	patience := stallTime
	if s.ahead && !c.in.final {
		patience += stallLimit
	}
	if wait := patience - time.Since(s.began); wait > 0 { // the timer struck for an earlier write
		s.timer.Reset(wait)
		return
	}
	if !s.ahead {
		s.ahead = true
		c.in.readAhead(c.cfg.DrainBytes)
	} else if c.in.aheadFull() {
		c.in.giveUp()
		return
	}
	s.timer.Reset(stallLimit)
	if c.in.final {
		s.timer.Reset(stallTime)
	}
}
