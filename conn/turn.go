// How many TLS handshakes of a server compute at once, where that is bounded.

package conn

import (
	"net"
	"os"
	"time"
)

// shaking is the connection under TLS during the handshake. It has one of the server's turns while the handshake computes, and
// none while that waits for the client: a client that stalls keeps no other from its turn. A turn is waited for when bytes have
// come, since only they make work, and behind what is written nothing is left to compute until more come.
type shaking struct {
	net.Conn
	turns chan struct{}
	by    time.Time // until when a turn is waited for; zero: for as long as it takes
	has   bool
	over  bool // the handshake is
}

// inTurn returns what TLS is to stand on: the connection, with the server's turns if it has any.
func (s *Shared) inTurn(nc net.Conn) net.Conn {
	if s.turns == nil {
		return nc
	}
	return &shaking{Conn: nc, turns: s.turns}
}

// Read gives the turn up, and waits for another when bytes have come.
func (s *shaking) Read(p []byte) (int, error) {
	s.leave()
	n, err := s.Conn.Read(p)
	if n > 0 && !s.over {
		if late := s.enter(); late != nil {
			return 0, late
		}
	}
	return n, err
}

// Write gives the turn up.
func (s *shaking) Write(p []byte) (int, error) {
	s.leave()
	return s.Conn.Write(p)
}

// enter waits for a turn. Those who wait get theirs in the order in which they came.
func (s *shaking) enter() error {
	var late <-chan time.Time // never, or when the time is over
	if !s.by.IsZero() {
		timer := time.NewTimer(time.Until(s.by))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case s.turns <- struct{}{}:
		s.has = true
		return nil
	case <-late:
		return os.ErrDeadlineExceeded
	}
}

// leave gives the turn up, if there is one.
func (s *shaking) leave() {
	if s.has {
		s.has = false
		<-s.turns
	}
}

// end gives the turn up for good.
func (s *shaking) end() {
	s.leave()
	s.over = true
}
