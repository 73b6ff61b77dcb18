// What TLS is to a connection. It is handed in, so that only programs that use it have it.

package conn

import (
	"bytes"
	"context"
	"net"
	"strconv"
)

// TLS makes the server's side of TLS connections. Package server/https has it for crypto/tls.
type TLS interface {
	// Check returns an error if it cannot make any connection.
	Check() error
	// Server returns a TLS connection on top of one that was accepted, or nil where that is to stay as it is.
	Server(nc net.Conn) Secure
	// Handshake runs the connection's handshake, and returns what it agreed on. A client that does not speak TLS is a
	// *PlaintextError.
	Handshake(ctx context.Context, s Secure) (Session, error)
}

// Session is what a TLS handshake has agreed on.
type Session struct {
	Protocol string // by ALPN (RFC 7301); "": none
	Version  TLSVersion
}

// TLSVersion is a version of TLS, by the number that it has on the wire (RFC 8446 §4.1.2) and in crypto/tls; 0: none.
type TLSVersion uint16

// String returns the version as in "1.3", "" for none, or the number of one that is not known.
func (v TLSVersion) String() string {
	switch {
	case v == 0:
		return ""
	case v > 0x0300 && v <= 0x0304:
		return "1." + strconv.Itoa(int(v-0x0301))
	}
	return nameOf(nil, "TLSVersion", int(v))
}

// Secure is a TLS connection, as *crypto/tls.Conn is one.
type Secure interface {
	net.Conn
	HandshakeContext(context.Context) error
	CloseWrite() error // sends close_notify (RFC 8446 §6.1)
	NetConn() net.Conn // what lies under it
}

// PlaintextError says that a client has sent something else than a TLS record.
type PlaintextError struct {
	Head [5]byte // its first bytes
	Err  error
}

// Error returns what TLS said of it.
func (e *PlaintextError) Error() string { return e.Err.Error() }

// Unwrap returns TLS's own error.
func (e *PlaintextError) Unwrap() error { return e.Err }

// StartTLS lets the connection begin with a TLS handshake, where t makes one. It is called before Serve and
// behind ReadProxyHeader, on a connection whose Config has a TLS too.
func (c *Conn) StartTLS(t TLS) {
	below := &behind{Conn: &c.sock, c: c}
	secure := t.Server(c.cfg.inTurn(below))
	if secure == nil {
		return
	}
	below.early = bytes.Clone(c.in.Window())
	c.in.Consume(len(below.early))
	c.in.advance()
	c.in.release()
	c.stream = secure
	c.putUnder(secure)
	c.sock.StandBelow()
}

// NetConn returns the connection as it was accepted, or the TLS connection on top of it. Whoever closes it must know that a
// parked connection does not notice.
func (c *Conn) NetConn() net.Conn {
	if by := c.around.Load(); by != nil && by.tls != nil {
		return by.tls
	}
	return c.nc
}

// around is what few connections have, and any goroutine may ask for.
type around struct {
	introduced *introduced // nil: it began with no PROXY header
	tls        Secure      // nil: plain
}

// putUnder puts the connection under TLS, or under nothing.
func (c *Conn) putUnder(secure Secure) {
	c.tls = secure
	c.around.Store(&around{c.introduced(), secure})
}

// bottom returns the connection that lies under TLS, or the connection itself.
func (c *Conn) bottom() net.Conn {
	if c.tlsIsGiven() {
		return c.nc.(Secure).NetConn()
	}
	return c.nc
}

// tlsIsGiven reports whether the connection was a TLS connection when it was accepted, so that the socket stands on top of TLS.
func (c *Conn) tlsIsGiven() bool {
	_, already := c.nc.(Secure)
	return already
}
