// What the client sends: a PROXY header perhaps, then requests.

package anatomy

import (
	"fmt"
	"strconv"

	"github.com/spillway-go/spillway/parser"
)

// begin is a connection's first byte, which tells TLS and a PROXY header from a request.
func (c *Conversation) begin(b []byte) Piece {
	const tlsHandshake = 22
	d := &c.client
	d.step = c.nextRequest
	if b[0] == tlsHandshake {
		return c.other(d, b, "TLS: what follows is encrypted")
	}
	if c.Proxy && (b[0] == 'P' || b[0] == '\r') {
		d.step = c.proxyHeader
	}
	return d.step(b)
}

// other says that from here on neither direction is HTTP/1.1.
func (c *Conversation) other(d *direction, b []byte, why string) Piece {
	c.client.rest(Other)
	c.server.rest(Other)
	p := d.piece(Other, len(b))
	p.Note = why
	return p
}

// proxyHeader reads the PROXY header that may stand in front of everything. What is none is a request's beginning.
func (c *Conversation) proxyHeader(b []byte) Piece {
	d := &c.client
	before := len(d.held)
	window := append(d.held, b...)
	h, n, err := parser.ParseProxyHeader(window)
	switch {
	case err == nil && n == 0:
		d.held, d.holding = window, Head
		return Piece{Kind: Head, Len: len(b), Message: 1} // which it is unless more shows
	case err == nil:
		d.held, d.step = nil, c.nextRequest
		p := d.piece(Other, n-before)
		p.Note = fmt.Sprintf("PROXY header: the client is %v", h.Source)
		return p
	}
	d.step = c.nextRequest // and what is held belongs to it
	return d.step(b)
}

// nextRequest is a request's first byte.
func (c *Conversation) nextRequest(b []byte) Piece {
	if c.last {
		c.client.rest(Behind)
		return c.client.step(b)
	}
	c.client.message++
	var h parser.Head
	c.client.step = func(b []byte) Piece { return c.requestHead(&h, b) }
	return c.client.step(b)
}

func (c *Conversation) requestHead(h *parser.Head, b []byte) Piece {
	d := &c.client
	lim := parser.DefaultLimits()
	preface := false
	p, done := d.hold(Head, b, func(window []byte) (int, error) {
		if n, is := h.ParsePreface(window); is {
			preface = n > 0
			return n, nil
		}
		return h.Parse(window, &lim)
	})
	if preface {
		return c.other(d, b, "HTTP/2 begins")
	}
	if !done {
		return p
	}
	framing, err := parser.FramingOf(h)
	if err == nil {
		_, err = h.ExpectsContinue()
	}
	if err != nil {
		rest := p
		rest.Kind = Refused
		refused := d.refuse(b[:p.Len], err)
		rest.Error = refused.Error
		return rest
	}
	p.Note, p.Method, p.Ends = describe(h, framing), h.Method, framing == 0
	if len(c.methods) < mostWaiting {
		c.methods = append(c.methods, h.Method)
	}
	c.last = c.last || !h.Persists()
	d.frame(framing, c.nextRequest)
	return p
}

// describe says what a head says.
func describe(h *parser.Head, framing parser.Framing) string {
	const most = 80
	target := h.Target
	if len(target) > most {
		target = target[:most] + "…"
	}
	text := h.Method + " " + target
	switch {
	case framing == parser.Chunked:
		text += ", content in chunks"
	case framing > 0:
		text += ", content of " + strconv.FormatInt(int64(framing), 10) + " bytes"
	}
	if waits, _ := h.ExpectsContinue(); waits && framing != 0 {
		text += ", which waits for a 100"
	}
	if !h.Persists() {
		text += "; no other request follows"
	}
	return text
}
