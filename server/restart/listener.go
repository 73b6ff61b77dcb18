// A listener that tells when it is accepted from, and whose queue is another process's to serve once that has it too.

package restart

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type listener struct {
	net.Listener
	once      sync.Once
	accepting chan struct{} // closed when Accept is called: what the server cannot do it has said by then
	handed    atomic.Bool   // another process accepts from the socket too
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, accepting: make(chan struct{})}
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	l.once.Do(func() { close(l.accepting) })
	return l.Listener.Accept()
}

// SetDeadline is what lets a shutdown serve the system's queue before it closes the listener. Another process that has the
// listener serves the queue better: there a connection has more than a moment to send its first request.
func (l *listener) SetDeadline(t time.Time) error {
	timed, can := l.Listener.(interface{ SetDeadline(time.Time) error })
	if !can || l.handed.Load() {
		return errors.ErrUnsupported
	}
	return timed.SetDeadline(t)
}

// SyscallConn is what lets a shutdown look into the system's queue.
func (l *listener) SyscallConn() (syscall.RawConn, error) {
	if socket, can := l.Listener.(syscall.Conn); can {
		return socket.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
