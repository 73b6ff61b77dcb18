// A handler may take the connection over: for an upgrade, for CONNECT, or because it knows better.

package conn

import (
	"errors"
	"net"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// Hijacked is a connection that a handler has hijacked. Its Read returns first what had been received already.
type Hijacked struct {
	net.Conn        // as the server accepted it, or the TLS connection on top of it; without deadlines
	Early    []byte // received behind the request's head or its read content, and not yet read

	introduced *introduced // nil: the connection began with no PROXY header
}

// RemoteAddr returns the client's address: the PROXY header's, where a balancer has sent one.
func (h *Hijacked) RemoteAddr() net.Addr { return h.introduced.remoteOf(h.Conn) }

// LocalAddr returns the address that the client has connected to: the PROXY header's, where a balancer has sent one.
func (h *Hijacked) LocalAddr() net.Addr { return h.introduced.localOf(h.Conn) }

// Read reads from Early, and then from the connection.
func (h *Hijacked) Read(p []byte) (int, error) {
	if len(h.Early) == 0 {
		return h.Conn.Read(p)
	}
	n := copy(p, h.Early)
	if h.Early = h.Early[n:]; len(h.Early) == 0 {
		h.Early = nil
	}
	return n, nil
}

// CloseWrite ends the sending direction, where the connection has directions.
func (h *Hijacked) CloseWrite() error { return transport.CloseWrite(h.Conn) }

// Hijack takes the connection over. If a status was set, the head is sent first, with the fields set so far: that must be
// 101 (RFC 9110 §7.8), or 2xx for a CONNECT (§9.3.6). Otherwise nothing is sent. From then on the connection is the
// handler's, also after it has returned; the server neither counts nor closes it. Content that was not read is among what
// comes next. Hijack returns ErrHeadSent or ErrHijacked when it is too late, and the connection's error, which also ends
// it, when the head cannot be sent.
func (w *Response) Hijack() (*Hijacked, error) {
	res, err := w.lock()
	if err != nil {
		return nil, err
	}
	err = res.open()
	if err == nil && res.chosen && res.status != 101 && (w.req.Method != "CONNECT" || res.status > 299) {
		err = errors.New("conn: this status does not hand the connection over")
	}
	w.out.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return w.hijack()
}

// hijack is Hijack without a condition: it may also come after the head, with any status. What was written and not yet
// sent is sent first.
func (w turn) hijack() (*Hijacked, error) {
	res, err := w.lock()
	if err != nil {
		return nil, err
	}
	before := res.phase
	res.phase = phaseHijacked
	w.handing.Add(1) // the exchange does not end before the connection has been given away
	defer w.handing.Done()
	w.out.mu.Unlock()
	if before == phaseHijacked {
		return nil, ErrHijacked
	}
	w.req.Body.Detach() // without the lock: a read that it ends may be about to send a 100 (Continue)
	w.stopUse()
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	switch {
	case before == phaseHeadSent:
		res.sendContent(nil)
	case res.chosen:
		res.sendHijackedHead()
		res.sendContent(nil)
	}
	res.dropContent()
	res.account()
	if err := w.out.flush(); err != nil {
		return nil, err // and the connection is closed, when the handler has returned
	}
	return w.c.giveAway(), nil
}

// stopUse lets nobody read for this exchange any more.
func (t turn) stopUse() {
	t.enter() // in which whoever begins to watch the client is
	used := t.in.used
	t.in.taken = true
	t.exit()
	if used {
		t.in.stopAhead()
	}
}

// giveAway gives the connection to a handler, as it was before it was served.
func (c *Conn) giveAway() *Hijacked {
	h := c.detach()
	c.hijacked = true
	c.leave()
	return h
}

// leave tells, once, that the connection is not the server's any more.
func (c *Conn) leave() {
	if !c.marks.add(left) {
		return
	}
	c.handCounters()
	if c.cfg.config.Ended != nil {
		c.cfg.config.Ended(c)
	}
}

// detach returns the connection as it was before it was served, with what has been received.
func (c *Conn) detach() *Hijacked {
	h := &Hijacked{Conn: c.nc, introduced: c.introduced()}
	if c.tls != nil {
		h.Conn = c.tls
	}
	if c.in.stuck {
		h.Conn = &unstuck{h.Conn, &c.in}
	} else {
		h.Early = append([]byte(nil), c.in.Window()...)
		c.in.release()
	}
	c.sock.Release()
	return h
}

// unstuck is a hijacked connection in which a read is under way that could not be interrupted. What that brings comes first.
type unstuck struct {
	net.Conn
	in *input
}

// Read reads from what the read has brought, and then from the connection.
func (u *unstuck) Read(p []byte) (int, error) {
	if u.in.stuck {
		u.in.mu.Lock()
		for u.in.aside.running && len(u.in.Window()) == 0 {
			u.in.cond.Wait()
		}
		n := copy(p, u.in.Window())
		u.in.Consume(n)
		u.in.stuck = u.in.aside.running || len(u.in.Window()) > 0
		u.in.mu.Unlock()
		if n > 0 {
			return n, nil
		}
	}
	return u.Conn.Read(p)
}

// NetConn returns the connection as the server accepted it.
func (u *unstuck) NetConn() net.Conn { return u.Conn }
