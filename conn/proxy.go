// A balancer may say in front of everything else, TLS too, for whom it speaks: in a header of the PROXY protocol. It is read
// here, and from then on the connection's addresses are the client's and the one that this has connected to.

package conn

import (
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
	"github.com/spillway-go/spillway/parser"
)

// ProxyProtocol says whether connections begin with a header of the PROXY protocol, version 1 or 2.
type ProxyProtocol uint8

// What connections may begin with. Whatever the value, a header is believed only from an address that is trusted.
const (
	ProxyOff      ProxyProtocol = iota // a header is no request, and gets 400
	ProxyOptional                      // a header or a request. One who sends neither for the ProxyHeaderTimeout may send requests alone
	ProxyRequired                      // a header
)

// introduced is what a PROXY header has made known.
type introduced struct {
	header        parser.ProxyHeader
	remote, local net.Addr // nil: the connection's own
}

// remoteOf returns the address of a connection's client. There may have been no header.
func (by *introduced) remoteOf(nc net.Conn) net.Addr {
	if by != nil && by.remote != nil {
		return by.remote
	}
	return nc.RemoteAddr()
}

// localOf returns the address to which a connection's client has connected.
func (by *introduced) localOf(nc net.Conn) net.Addr {
	if by != nil && by.local != nil {
		return by.local
	}
	return nc.LocalAddr()
}

// ReadProxyHeader reads what stands in front of the connection, as the configuration says, and reports whether the connection
// is to be served. If not, Serve, which is called next in any case, ends it. The client's address is known after it.
func (c *Conn) ReadProxyHeader() bool {
	if c.cfg.config.ProxyProtocol == ProxyOff {
		return true
	}
	c.barred = ReasonAborted.ending() // where that does not return
	c.listen()
	c.barred = c.readProxyHeader()
	c.sock.Reads.By(time.Time{})
	c.in.advance() // the header is no request's
	if c.barred.verdict == VerdictReuse && c.tls == nil && c.cfg.config.TLS != nil {
		c.StartTLS(c.cfg.config.TLS)
	}
	return c.barred.verdict == VerdictReuse
}

func (c *Conn) readProxyHeader() ending {
	trusted := c.cfg.config.ProxyTrusts(c.nc.RemoteAddr())
	required := c.cfg.config.ProxyProtocol == ProxyRequired
	switch {
	case required && !trusted:
		return ReasonProxyUntrusted.ending()
	case required && c.tlsIsGiven(): // it has begun without one
		return ReasonProxyMissing.ending()
	case c.tlsIsGiven():
		return ending{}
	}
	by := after(time.Now(), c.cfg.ProxyHeaderTimeout)
	for {
		header, n, err := c.takeProxyHeader()
		switch {
		case err == parser.ErrNoProxyHeader && !required:
			return ending{}
		case err == parser.ErrNoProxyHeader:
			return ReasonProxyMissing.ending()
		case err != nil:
			if c.record != nil {
				c.record.failed = err
			}
			c.cfg.config.Log.Debug("PROXY header refused", "remote", c.nc.RemoteAddr(), "error", err)
			return ReasonProxyMalformed.ending()
		case n > 0 && !trusted:
			return ReasonProxyUntrusted.ending()
		case n > 0:
			c.introduce(header)
			return ending{}
		}
		c.sock.Reads.By(by)
		if stopped, err := c.awaitPart(); err != nil {
			return c.noProxyHeader(err, stopped, required)
		}
	}
}

// takeProxyHeader takes a whole header from the window.
func (c *Conn) takeProxyHeader() (h parser.ProxyHeader, n int, err error) {
	c.in.take(func(window []byte) (int, error) {
		h, n, err = parser.ParseProxyHeader(window)
		return n, err
	})
	return h, n, err
}

// awaitPart waits for a part of the header. Before the first, the connection is as idle as before a request.
func (c *Conn) awaitPart() (stopped bool, err error) {
	if c.in.waiting() > 0 {
		return false, c.in.Fill()
	}
	return c.awaitUnlessStopped(false)
}

// noProxyHeader returns what becomes of a connection on which no whole header has come.
func (c *Conn) noProxyHeader(err error, stopped, required bool) ending {
	began := c.in.waiting() > 0
	switch {
	case transport.IsTimeout(err) && stopped:
		return ending{verdict: VerdictLinger, reason: ReasonShutdown, idle: true}
	case transport.IsTimeout(err) && !began && !required:
		return ending{}
	case transport.IsTimeout(err):
		return ReasonProxyTimeout.ending()
	case err == io.EOF && !began:
		return ReasonClientClosed.ending() // a balancer looks whether anybody listens
	}
	return ReasonClientGone.ending()
}

// introduce takes a header's word for the addresses. One that has none, or in which the balancer speaks for itself, leaves the
// connection its own.
func (c *Conn) introduce(h parser.ProxyHeader) {
	by := &introduced{header: h}
	switch {
	case h.Source.IsValid():
		by.remote, by.local = tcpAddr(h.Source), tcpAddr(h.Destination)
	case h.SourceName+h.DestinationName != "":
		by.remote, by.local = unixAddr(h.SourceName), unixAddr(h.DestinationName)
	}
	c.around.Store(&around{by, c.tls})
}

// introduced returns what the PROXY header has made known, or nil.
func (c *Conn) introduced() *introduced {
	if by := c.around.Load(); by != nil {
		return by.introduced
	}
	return nil
}

func tcpAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }
func unixAddr(name string) net.Addr     { return &net.UnixAddr{Name: name, Net: "unix"} }

// ProxyHeader returns the PROXY header that the connection began with, or nil.
func (c *Conn) ProxyHeader() *parser.ProxyHeader {
	if by := c.introduced(); by != nil {
		return &by.header
	}
	return nil
}

// RemoteAddr returns the client's address: the PROXY header's, or else the connection's own.
func (c *Conn) RemoteAddr() net.Addr { return c.introduced().remoteOf(c.nc) }

// LocalAddr returns the address that the client has connected to: the PROXY header's, or else the connection's own.
func (c *Conn) LocalAddr() net.Addr { return c.introduced().localOf(c.nc) }

// behind is what TLS stands on: the socket behind a PROXY header, if there is one. What was received with that comes first.
type behind struct {
	net.Conn
	c     *Conn
	early []byte
}

func (b *behind) Read(p []byte) (int, error) {
	if len(b.early) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.early)
	b.early = b.early[n:]
	return n, nil
}

// RemoteAddr returns the client's address.
func (b *behind) RemoteAddr() net.Addr { return b.c.RemoteAddr() }

// LocalAddr returns the address that the client has connected to.
func (b *behind) LocalAddr() net.Addr { return b.c.LocalAddr() }
