// The TLS handshake, and what it may find: a client that does not speak TLS, or one that does not speak HTTP/1.1.

package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
)

// handshake makes the TLS connection, within the shortest of the times for a head, a request and a response.
func (c *Conn) handshake() ending {
	if c.tls == nil {
		return ending{}
	}
	ctx := c.Context()
	var by time.Time
	if t := c.cfg.handshakeTimeout(); t > 0 {
		by = time.Now().Add(t)
		c.sock.Reads.Set(by)
		c.sock.Writes.Set(by)
		if c.tlsIsGiven() { // it does not read through the socket
			within, cancel := context.WithTimeout(ctx, t)
			defer cancel()
			ctx = within
		}
	}
	session, err := c.shakeHands(ctx, by)
	if err != nil {
		return c.handshakeFailed(err)
	}
	c.sock.Reads.Set(time.Time{})
	c.sock.Writes.Set(time.Time{})
	c.version = session.Version
	return c.negotiated(session.Protocol)
}

func (c *Conn) shakeHands(ctx context.Context, by time.Time) (Session, error) {
	if turn, bounded := c.tls.NetConn().(*shaking); bounded {
		turn.by = by
		defer turn.end() // deferred, because functions of the program's may panic in it
	}
	if t := c.cfg.config.TLS; t != nil {
		return t.Handshake(ctx, c.tls)
	}
	return Session{}, c.tls.HandshakeContext(ctx)
}

func (l *Limits) handshakeTimeout() time.Duration {
	least := l.ReadHeaderTimeout
	for _, t := range []time.Duration{l.ReadTimeout, l.WriteTimeout} {
		if t > 0 && (least <= 0 || t < least) {
			least = t
		}
	}
	return least
}

// handshakeFailed answers a client that speaks HTTP without TLS, and tells who asks for it why the others failed.
func (c *Conn) handshakeFailed(err error) ending {
	end, why := ReasonHandshakeFailed.ending(), handshakeFailure(err)
	var plain *PlaintextError
	if errors.As(err, &plain) && looksLikeHTTP(plain.Head) {
		err = errors.New("client sent an HTTP request to an HTTPS server")
		io.WriteString(c.tls.NetConn(), "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		c.putUnder(nil) // there is none to end
		end, why = ReasonRefused.ending(), HandshakeHTTP
	}
	c.noteHandshake(why, err)
	c.cfg.config.Log.Debug("TLS handshake failed", "remote", c.RemoteAddr(), "error", err)
	return end
}

// looksLikeHTTP reports whether the first bytes of a connection are a method and not a TLS record.
func looksLikeHTTP(head [5]byte) bool {
	switch string(head[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// negotiated serves the protocol on which the handshake agreed, if it is another than HTTP/1.
func (c *Conn) negotiated(proto string) ending {
	switch serve := c.nextProto(proto); {
	case serve != nil:
		return c.serveOther(serve)
	case proto == "" || proto == "http/1.1" || proto == "http/1.0":
		return ending{}
	}
	c.noteHandshake(HandshakeProtocol, fmt.Errorf("conn: the handshake agreed on %.40q, which nothing serves", proto))
	return ReasonHandshakeFailed.ending()
}

// nextProto returns what serves a protocol, or nil.
func (c *Conn) nextProto(name string) func(*Conn, *Hijacked) {
	if c.cfg.config.NextProto == nil {
		return nil
	}
	return c.cfg.config.NextProto(name)
}

// serveOther lets another protocol be served. The connection stays the server's, which counts and ends it.
func (c *Conn) serveOther(serve func(*Conn, *Hijacked)) ending {
	c.state.Store(serving)
	c.res.phase = phaseHijacked
	if c.record != nil {
		c.record.open = false // this is no exchange
	}
	serve(c, c.detach())
	return ReasonOtherProtocol.ending()
}

// Handshake is why a TLS handshake failed.
type Handshake uint8

// The kinds of failed handshakes.
const (
	HandshakeRefused  Handshake = iota // one side did not accept what the other offered
	HandshakeGone                      // the client closed or reset the connection
	HandshakeTimeout                   // it did not end in time
	HandshakeNotTLS                    // the client spoke something else than TLS
	HandshakeHTTP                      // the client spoke HTTP without TLS, and was told so
	HandshakeProtocol                  // it agreed on a protocol that nothing serves

	// Handshakes is how many there are.
	Handshakes = int(HandshakeProtocol) + 1
)

var handshakes = []string{"refused", "client gone", "timeout", "not TLS", "HTTP", "other protocol"}

// String returns the kind in a word or two, or as a number if it is none.
func (h Handshake) String() string { return nameOf(handshakes, "Handshake", int(h)) }

// handshakeFailure tells the kind of a handshake's error.
func handshakeFailure(err error) Handshake {
	var plain *PlaintextError
	switch {
	case errors.As(err, &plain):
		return HandshakeNotTLS
	case transport.IsTimeout(err):
		return HandshakeTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed):
		return HandshakeGone
	}
	return HandshakeRefused
}

// noteHandshake counts a handshake that has failed.
func (c *Conn) noteHandshake(why Handshake, err error) {
	c.cfg.counters.handshakes[why].Add(1)
	if c.record != nil {
		c.record.failed = err
	}
}
