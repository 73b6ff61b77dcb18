// What lies below a connection that wraps another: found through the methods by which such types show it.

package transport

import (
	"errors"
	"net"
)

// deepest is how many wrappers are looked through at most.
const deepest = 8

// layers calls see for a connection and for those that it shows to wrap, the outermost first, until it returns true.
func layers(nc net.Conn, see func(net.Conn) bool) bool {
	for range deepest {
		if nc == nil {
			return false
		}
		if see(nc) {
			return true
		}
		switch w := nc.(type) {
		case interface{ NetConn() net.Conn }:
			nc = w.NetConn()
		case interface{ Unwrap() net.Conn }:
			nc = w.Unwrap()
		default:
			return false
		}
	}
	return false
}

// CloseWrite ends the sending direction, by the connection's own CloseWrite method or that of one that it wraps. It returns
// errors.ErrUnsupported where there is none.
func CloseWrite(nc net.Conn) error {
	err := errors.ErrUnsupported
	layers(nc, func(nc net.Conn) bool {
		half, ok := nc.(interface{ CloseWrite() error })
		if ok {
			err = half.CloseWrite()
		}
		return ok
	})
	return err
}

// ResetOnClose makes the close that follows a reset, where that can be done: the only way to tell the client of a response
// whose end is the end of the connection that this is not the end.
func ResetOnClose(nc net.Conn) {
	layers(nc, func(nc net.Conn) bool {
		l, ok := nc.(interface{ SetLinger(int) error })
		return ok && l.SetLinger(0) == nil
	})
}

// breaksAtTimeouts reports whether a write that has met its deadline has broken the connection, as it has under TLS.
func breaksAtTimeouts(nc net.Conn) bool {
	return layers(nc, func(nc net.Conn) bool {
		_, secure := nc.(interface{ Handshake() error })
		return secure
	})
}
