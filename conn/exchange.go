// One exchange: a head, a handler, a response, a settled leftover, a verdict.

package conn

import (
	"time"

	"github.com/spillway-go/spillway/body"
)

// exchange serves one request, and tells of it.
func (c *Conn) exchange() ending {
	end := c.serveRequest(c.awaitRequest())
	if end.verdict == VerdictPark {
		return end
	}
	c.account(end)
	if end.verdict == VerdictReuse {
		c.tell(StateIdle)
	}
	return end
}

// serveRequest serves the request that has begun, if the wait for it did not end the connection.
func (c *Conn) serveRequest(end ending) ending {
	if end.verdict == VerdictReuse {
		end = c.readHead()
	}
	if c.cfg.config.State != nil && (end.verdict == VerdictReuse || c.in.waiting() > 0) {
		c.beginRead()
		c.sock.Reads.Set(after(c.began, c.cfg.ReadTimeout)) // before the hook, which may want another
		c.tell(StateActive)
	}
	if end.verdict != VerdictReuse {
		c.in.take(func(window []byte) (int, error) { return len(window), nil }) // what was read of a head counts
		return end
	}
	if c.head.IsPreface() {
		if serve := c.nextProto("h2c"); serve != nil {
			return c.serveOther(serve)
		}
	}
	c.state.Store(serving)
	number := c.served.Add(1)
	if err := c.req.begin(c); err != nil {
		return c.reject(err)
	}
	c.lend()
	t := c.beginTurn(number)
	c.tellHead()
	err := c.req.overLimit(c.cfg.BodyBytes)
	if err == nil {
		err = c.call(t)
	}
	c.endTurn()
	c.noteHandled(err)
	c.req.end()
	if c.req.ContentLength < 0 && c.res.isOpen() {
		c.req.Body.Skim(c.drain())
	}
	if !c.res.end(err) {
		return c.judge(body.LeftoverNothing)
	}
	c.tellResponded()
	return c.settle()
}

// beginTurn lets the handler's turn begin.
func (c *Conn) beginTurn(number int64) turn {
	c.res.begin()
	c.current.Store(number)
	return turn{c.work, number}
}

// handle lets the handler answer.
func (t turn) handle() error {
	cfg := t.c.cfg
	if cfg.adapted != nil {
		return cfg.adapted.ServeAdapted(Adapter{Response{t}})
	}
	l := t.lending()
	l.response.turn = t
	l.request.fill(t)
	return cfg.config.Handler.Serve(&l.response, &l.request)
}

// endTurn takes it back: from now on it does nothing, whoever may still have it. Whoever has begun to use the response has the
// output's lock.
func (c *Conn) endTurn() {
	c.current.Store(0)
	if c.inside.Load() > 0 { // whoever comes in now finds it taken back; who is in is waited for
		c.life.Lock()
		defer c.life.Unlock()
	}
}

// settle finds out whether another exchange can follow. The response waits for nothing here: it is sent before anybody
// waits for the client, and while it is sent, what the client still sends is read.
func (c *Conn) settle() ending {
	promised := c.res.announced == ReasonNone && !c.res.truncated
	if c.in.used || c.cfg.config.State != nil || c.record != nil {
		if c.flushFirst() != nil {
			promised = false // there is no next request to keep the connection for
		}
		c.awaitBeside(promised)
		c.in.stopAhead()
	}
	leftover, thrown := c.req.Body.Settle(c.budget(promised))
	if c.in.used && c.in.waiting() > 0 {
		c.out.FlushSoon()
	}
	c.countSettled(leftover, thrown)
	c.noteLeftover(leftover, thrown)
	return c.judge(leftover)
}

// flushFirst sends the response before anything is waited for, and where somebody asks for when that was.
func (c *Conn) flushFirst() error {
	asked := c.cfg.config.State != nil || c.record != nil && content{&c.in}.Buffered() == 0
	if !asked && c.req.Body.Foresee(body.Budget{}) == body.LeftoverNothing && !c.in.readsAhead() {
		return nil
	}
	defer c.noteSent()
	return c.out.Flush()
}

// lend gives the connection to the exchange, with the deadlines and rates that count from the head on.
func (c *Conn) lend() {
	lim := &c.cfg.Limits
	c.beginRead()
	if c.in.used = c.req.ContentLength != 0; c.in.used {
		c.in.lend(c.req.Body, after(c.began, lim.ReadTimeout))
	}
	by := time.Time{}
	if lim.WriteTimeout > 0 {
		by = time.Now().Add(lim.WriteTimeout)
	}
	c.sock.Writes.Start(by, lim.MinWriteRate, lim.RateGrace)
}

// beginRead lets the time for the request begin, if it has not begun with its head.
func (c *Conn) beginRead() {
	if c.cfg.ReadTimeout > 0 && c.began.IsZero() {
		c.began = time.Now()
	}
}
