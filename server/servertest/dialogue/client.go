// The client: sends what it is told to, reads in the background, and notes both.

package dialogue

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	slice      = 64 << 10 // bytes of one write
	mostUnread = 1 << 20  // received bytes that wait to be looked at; beyond that the connection is not read
)

// ErrSilent says that the server neither answered nor ended the connection in time. It is an os.ErrDeadlineExceeded.
var ErrSilent error = silentError{}

type silentError struct{}

func (silentError) Error() string { return "the server did not answer in time" }
func (silentError) Unwrap() error { return os.ErrDeadlineExceeded }

// ResetError says that the connection was reset: the transport reported it where Err says.
type ResetError struct{ Err error }

func (e *ResetError) Error() string { return "the connection was reset: " + e.Err.Error() }

// Unwrap returns the transport's error.
func (e *ResetError) Unwrap() error { return e.Err }

// A Talker is the client's end of one connection. Its methods may be called from one goroutine at a time.
type Talker struct {
	Record
	conn     net.Conn
	patience time.Duration // how long a write may make no progress

	reads sync.Once
	done  chan struct{} // closed when reading has ended
	more  chan struct{} // a token for each change that a waiter may want to see

	lock   sync.Mutex // guards what follows
	unread []byte     // received, not looked at
	at     int64      // the offset of unread in what the server has sent
	ended  error      // io.EOF, *ResetError, or nil while the server may still send
	sent   error      // *ResetError or a timeout, where sending has failed
	room   *sync.Cond
}

// Dial opens a TCP connection.
func Dial(ctx context.Context, addr string) (*Talker, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return New(conn), nil
}

// New returns a Talker on a connection that is open already. It reads from the first call on that asks for what the
// server sent, or from StartReading on.
func New(conn net.Conn) *Talker {
	t := &Talker{conn: conn, patience: 10 * time.Second, done: make(chan struct{}), more: make(chan struct{}, 1)}
	t.began = time.Now()
	t.room = sync.NewCond(&t.lock)
	return t
}

// SetPatience sets how long a send may make no progress; it is 10 s by default.
func (t *Talker) SetPatience(d time.Duration) { t.patience = d }

// StartReading begins to read what the server sends. Until then it waits in the system's buffers, as with a client that
// reads its response when it has sent its request.
func (t *Talker) StartReading() { t.reads.Do(func() { go t.read() }) }

func (t *Talker) read() {
	defer close(t.done)
	buf := make([]byte, slice)
	for {
		n, err := t.conn.Read(buf)
		if n > 0 {
			t.data(Server, buf[:n])
		}
		t.lock.Lock()
		t.unread = append(t.unread, buf[:n]...)
		for len(t.unread) > mostUnread && t.ended == nil {
			t.tell()
			t.room.Wait()
		}
		over := t.ended != nil
		t.lock.Unlock()
		if err != nil && !over {
			t.hear(err)
		}
		t.tell()
		if err != nil || over {
			return
		}
	}
}

// hear notes how the server's direction ended.
func (t *Talker) hear(err error) {
	switch {
	case err == io.EOF:
		t.add(Event{From: Server, Kind: End})
	case errors.Is(err, net.ErrClosed):
	default:
		t.add(Event{From: Server, Kind: Reset, Text: "seen by a read"})
		err = &ResetError{err}
	}
	t.lock.Lock()
	t.ended = err
	t.lock.Unlock()
}

func (t *Talker) tell() {
	select {
	case t.more <- struct{}{}:
	default:
	}
}

// Send sends bytes. Its errors are *ResetError, and os.ErrDeadlineExceeded when the server takes nothing for too long.
func (t *Talker) Send(p []byte) error {
	for len(p) > 0 {
		t.conn.SetWriteDeadline(time.Now().Add(t.patience))
		piece := p[:min(len(p), slice)]
		t.data(Client, piece) // before it is answered
		n, err := t.conn.Write(piece)
		if err != nil {
			t.unsay(len(piece) - n)
			return t.sendFailed(err)
		}
		p = p[n:]
	}
	return nil
}

func (t *Talker) sendFailed(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		t.Remark("the server takes nothing for %v", t.patience)
	case errors.Is(err, net.ErrClosed):
	default:
		t.add(Event{From: Server, Kind: Reset, Text: "seen by a write"})
		err = &ResetError{err}
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.sent == nil {
		t.sent = err
	}
	return err
}

// CloseWrite ends the client's direction.
func (t *Talker) CloseWrite() error {
	half, ok := t.conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	err := half.CloseWrite()
	t.add(Event{From: Client, Kind: End})
	return err
}

// Abort resets the connection.
func (t *Talker) Abort() error {
	switch c := t.conn.(type) {
	case interface{ Abort() }:
		c.Abort()
	case interface{ SetLinger(int) error }:
		c.SetLinger(0)
	default:
		return errors.ErrUnsupported
	}
	t.add(Event{From: Client, Kind: Reset})
	if err := t.Close(); !errors.Is(err, net.ErrClosed) { // which an Abort has done
		return err
	}
	return nil
}

// Close closes the connection and waits until nothing of the Talker runs any more.
func (t *Talker) Close() error {
	t.lock.Lock()
	if t.ended == nil {
		t.ended = net.ErrClosed
	}
	t.room.Broadcast()
	t.lock.Unlock()
	err := t.conn.Close()
	t.reads.Do(func() { close(t.done) })
	<-t.done
	return err
}

// Ended returns how the server's direction has ended so far: io.EOF, a *ResetError, or nil.
func (t *Talker) Ended() error {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.ended
}

// SendError returns the first error of a send.
func (t *Talker) SendError() error {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.sent
}

// Unread returns how many bytes have come that no response has been read from, and the first of them.
func (t *Talker) Unread() (n int, first []byte) {
	t.lock.Lock()
	defer t.lock.Unlock()
	return len(t.unread), append([]byte(nil), t.unread[:min(len(t.unread), Kept)]...)
}

// WaitEnd waits until the server has ended its direction. It returns nil then, a *ResetError, or ErrSilent. What comes
// meanwhile is kept to be read.
func (t *Talker) WaitEnd(within time.Duration) error {
	_, err := t.wait(within, func() (bool, error) { return false, nil })
	if err == io.EOF {
		return nil
	}
	return err
}

// WaitBytes waits until the server has sent something that no response has been read from. It returns nil then, ErrSilent,
// or how the connection ended.
func (t *Talker) WaitBytes(within time.Duration) error {
	_, err := t.wait(within, func() (bool, error) { return len(t.unread) > 0, nil })
	return err
}

// Next reads the next response, interim ones included. It returns what came of it and nil if it is whole, or ErrSilent,
// io.EOF where the connection ended before it, io.ErrUnexpectedEOF where it ended inside, a *ResetError or a
// *MalformedError.
func (t *Talker) Next(method string, within time.Duration) (*Response, error) {
	r := newReading(method)
	first := true
	_, err := t.wait(within, func() (bool, error) {
		if first && len(t.unread) > 0 {
			first = false
			r.res.Offset = t.at
			r.res.First = t.TimeOf(Server, t.at)
		}
		n, err := r.feed(t.unread)
		t.take(n)
		r.res.End = t.at
		return r.res.Whole, err
	})
	if err == io.EOF && r.end() {
		err = nil
	}
	if err == io.EOF && !first {
		err = io.ErrUnexpectedEOF
	}
	if r.res.Whole {
		t.lock.Lock()
		r.res.Done = t.TimeOf(Server, t.at-1)
		t.lock.Unlock()
	}
	return &r.res, err
}

// take drops received bytes that have been looked at. t.lock is held.
func (t *Talker) take(n int) {
	t.unread = t.unread[n:]
	t.at += int64(n)
	t.room.Broadcast()
}

// wait waits until check, which is called with t.lock held after every change, returns true or an error, or the server
// has ended its direction.
func (t *Talker) wait(within time.Duration, check func() (bool, error)) (bool, error) {
	t.StartReading()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		t.lock.Lock()
		ok, err := check()
		if !ok && err == nil {
			err = t.ended
		}
		t.lock.Unlock()
		if ok || err != nil {
			return ok, err
		}
		select {
		case <-t.more:
		case <-timer.C:
			return false, ErrSilent
		}
	}
}
