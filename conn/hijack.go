// A handler may take the connection over: for an upgrade, for CONNECT, or because it knows better.

package conn

import (
	"errors"
	"net"
)

// Hijacked is a connection that a handler has taken over. Its Read returns first what had been received already.
type Hijacked struct {
	net.Conn        // as the server accepted it, or its *tls.Conn; without deadlines
	Early    []byte // received behind the request's head or its read content, and not yet read
}

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
func (h *Hijacked) CloseWrite() error { return closeWrite(h.Conn) }

// Hijack takes the connection over. If a status was set, the head is sent first, with the fields set so far: that must be
// 101 (RFC 9110 §7.8), or 2xx for a CONNECT (§9.3.6). Otherwise nothing is sent. From then on the connection is the
// handler's, also after it has returned; the server neither counts nor closes it. Content that was not read is among what
// comes next. Hijack returns ErrHeadSent or ErrHijacked when it is too late.
func (w *Response) Hijack() (*Hijacked, error) {
	switch {
	case w.hijacked:
		return nil, ErrHijacked
	case w.sentHead:
		return nil, ErrHeadSent
	case w.chosen && w.status != 101 && (w.c.req.Method != "CONNECT" || w.status > 299):
		return nil, errors.New("conn: this status does not hand the connection over")
	}
	return w.TakeOver()
}

// TakeOver is Hijack without a condition: it may also come after the head, with any status. What was written and not yet
// sent is sent first.
func (w *Response) TakeOver() (*Hijacked, error) {
	if w.hijacked {
		return nil, ErrHijacked
	}
	w.c.req.Body.Detach()
	w.c.in.stopAhead()
	w.hijacked = true
	if w.chosen || w.sentHead {
		if err := w.push(nil, false); err != nil {
			return nil, err
		}
	}
	w.dropContent()
	if err := w.c.out.Flush(); err != nil {
		return nil, err
	}
	return w.c.handOver(), nil
}

// handOver gives the connection away as it was before it was served.
func (c *Conn) handOver() *Hijacked {
	h := &Hijacked{Conn: c.nc}
	if c.tls != nil {
		h.Conn = c.tls
	}
	if window := c.in.Window(); len(window) > 0 {
		h.Early = append([]byte(nil), window...)
	}
	c.in.release()
	c.handSocketOver()
	c.leave()
	return h
}
