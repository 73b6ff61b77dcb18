// While a handler's client is waited for, nothing is held for it: what a read goes into is lent for as long as there is something
// to read, and so are the connection's own buffers, where nothing waits in them.

package conn

import (
	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn/internal/transport"
)

// readLent reads at least one byte into what is lent, or returns an error. While it waits it holds nothing of that, where it can
// know that it waits: on sockets that are used through their descriptor. Under TLS, where there may be something to read although
// the socket has nothing, it waits for one byte there, and takes with it what else has come.
func (c *Conn) readLent(l transport.Lender) (int, error) {
	switch {
	case c.stream == &c.sock:
		return c.sock.Await(l)
	case !c.sock.Raw():
		p, _ := l.Room()
		return c.stream.Read(p)
	}
	l.GiveBack()
	n, err := c.stream.Read(c.in.one[:])
	if n <= 0 {
		return 0, err
	}
	p, _ := l.Room()
	if p[0] = c.in.one[0]; len(p) == 1 || err != nil {
		return 1, err
	}
	c.sock.Hurry(true)
	defer c.sock.Hurry(false)
	n, _ = c.stream.Read(p[1:]) // an error comes again
	return 1 + max(n, 0), nil
}

// discard throws away at least one byte of the content, and at most n. Under TLS it must be read to be known.
func (c *Conn) discard(n int64) (int, error) {
	if c.stream == &c.sock {
		return c.sock.Discard(n)
	}
	b := &c.in.bin
	b.Aim(n, !c.sock.Raw())
	defer b.GiveBack()
	got, err := c.readLent(b)
	b.Note(got)
	return got, err
}

// straight is a read of content that does not go through the window.
type straight struct {
	to    body.Lender
	size  int // of what was lent
	past  int // bytes that may go into the window
	guess transport.Guess
}

// straightRoom lends what content is read straight into.
type straightRoom struct{ *input }

func (in straightRoom) Room() (p, behind []byte) {
	worth := body.LargestRoom
	if !in.c.sock.Raw() {
		worth = in.straight.guess.Size()
		in.GiveBack()
	}
	p = in.straight.to.Room(worth)
	in.straight.size = len(p)
	if in.straight.past > 0 {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.makeRoom()
		behind = in.buf[in.w:min(in.w+in.straight.past, len(in.buf))]
	}
	return p, behind
}

func (in straightRoom) GiveBack() {
	in.straight.to.GiveBack()
	in.c.returnLendings()
	in.giveBackWindow()
}

// windowRoom lends the room behind the window.
type windowRoom struct{ *input }

func (in windowRoom) Room() (p, behind []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.makeRoom()
	return in.buf[in.w:], nil
}

func (in windowRoom) GiveBack() {
	in.c.returnLendings()
	in.giveBackWindow()
}

// aheadRoom lends the room behind the window to who reads ahead: somebody may be reading the window meanwhile.
type aheadRoom struct{ *input }

func (in aheadRoom) Room() (p, behind []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.makeFreshRoom()
	p = in.buf[in.w:]
	return p[:min(len(p), in.aside.most)], nil
}

func (in aheadRoom) GiveBack() { in.giveBackWindow() }

// giveBackWindow gives back what the connection holds of its own, but for what there is something in. It is called while content is
// read, without in.mu.
func (in *input) giveBackWindow() {
	in.mu.Lock()
	if in.r == in.w {
		in.release()
	}
	in.mu.Unlock()
	in.c.out.releaseIfIdle()
}
