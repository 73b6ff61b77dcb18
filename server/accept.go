// Accepting goes on through what passes by itself: a client that left in the queue, a lack of descriptors or memory.

package server

import (
	"errors"
	"net"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/conn"
)

const (
	shortestPause = 5 * time.Millisecond
	longestPause  = time.Second
)

// accept serves connections until the listener fails.
func (s *Server) accept(l *listening) error {
	pause := shortestPause
	for {
		if s.registry.retired() || !s.registry.reserve(s.registry.done) {
			return ErrClosed
		}
		nc, err := l.Accept()
		if err == nil {
			pause = shortestPause
			s.begin(l, nc)
			continue
		}
		s.registry.release()
		if s.registry.retired() {
			return ErrClosed
		}
		if !passing(err) {
			return err
		}
		s.shared.Log().Warn("cannot accept connections for now", "error", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-s.registry.done:
			return ErrClosed
		}
		pause = min(2*pause, longestPause)
	}
}

// begin registers a connection before anything else can happen to it, and serves it in a goroutine of its own, in which
// Prepare is called too: a program's function neither holds Accept up nor ends it.
func (s *Server) begin(l *listening, nc net.Conn) {
	s.serve(l, s.registry.add(nc, s.shared), nc)
}

// serve serves a connection in a goroutine of its own. There its address is asked for too: a listener may have to wait for it,
// or it comes in a PROXY header.
func (s *Server) serve(l *listening, c *conn.Conn, nc net.Conn) {
	if s.Prepare == nil && s.MaxConnsPerClient <= 0 && s.ProxyProtocol == ProxyOff {
		go c.Serve()
		return
	}
	l.preparing.Add(1)
	go func() {
		prepared := false
		defer func() { // deferred, because Prepare may panic or end the goroutine
			if !prepared {
				c.Abort()
				s.logUnprepared(recover(), nc)
			}
			l.preparing.Done()
			c.Serve()
		}()
		switch {
		case !c.ReadProxyHeader():
		case s.MaxConnsPerClient > 0 && !s.registry.admit(c, c.RemoteAddr()):
			c.Deny()
		case s.Prepare != nil:
			s.Prepare(l.Listener, c)
		}
		prepared = true
	}()
}

// logUnprepared logs that Prepare has not returned, and what recover has. Only then is the connection's address asked for: a
// connection whose address comes with its first bytes may wait for them.
func (s *Server) logUnprepared(v any, nc net.Conn) {
	if v == nil {
		v = "nil, or runtime.Goexit"
	}
	s.shared.Log().Error("connection could not be prepared", "panic", v, "remote", addressOf(nc), "stack", string(debug.Stack()))
}

// addressOf returns the client's address, or nil if that cannot be had.
func addressOf(nc net.Conn) net.Addr {
	defer func() { recover() }() // there is nobody left to tell
	return nc.RemoteAddr()
}

// passing reports whether an error of Accept says nothing of the next one.
func passing(err error) bool {
	for _, e := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	var temporary interface{ Temporary() bool } // net/http waits it out, and so listeners go on saying it
	return isTimeout(err) || errors.As(err, &temporary) && temporary.Temporary()
}

// isTimeout reports whether an error is a timeout, as every kind of connection and listener says it.
func isTimeout(err error) bool {
	var failure net.Error
	return errors.As(err, &failure) && failure.Timeout()
}
