// Accepting goes on through what passes by itself: a client that left in the queue, a lack of descriptors or memory.

package server

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	shortestPause = 5 * time.Millisecond
	longestPause  = time.Second

	queueQuiet  = 2 * time.Millisecond   // a queue to which nothing comes for so long has come to its end
	queueTime   = 100 * time.Millisecond // or when it is empty after so long
	queueLength = 1 << 14                // or when so many were served
)

// accept serves connections until the listener fails.
func (s *Server) accept(l net.Listener) error {
	pause := shortestPause
	for {
		if !s.registry.reserve(s.registry.done) {
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

// begin serves a connection in a goroutine of its own.
func (s *Server) begin(l net.Listener, nc net.Conn) {
	c := s.registry.add(nc, s.shared)
	if s.Prepare != nil {
		s.Prepare(l, c)
	}
	go c.Serve()
}

// serveQueue serves what the system has accepted when the server begins to shut down. As far as those clients know, they
// are connected and have sent their requests; closing the listener would reset them. It waits for a moment in which none
// comes, but not for long, and leaves an empty queue behind, where the system lets it look.
func (s *Server) serveQueue(l net.Listener) {
	timed, ok := l.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), queueTime)
	defer cancel()
	for n := 0; n < queueLength && s.registry.reserve(ctx.Done()); n++ {
		timed.SetDeadline(time.Now().Add(queueQuiet))
		nc, err := l.Accept()
		if err == nil {
			s.begin(l, nc)
		} else {
			s.registry.release()
		}
		quiet := errors.Is(err, os.ErrDeadlineExceeded) // or the program was too busy to look before
		if err != nil && !quiet || (quiet || ctx.Err() != nil) && !queued(l) {
			return
		}
	}
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
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
