// The input as the body readers see it: what they do may happen beside the reading ahead.

package conn

import (
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn/internal/transport"
)

// content is the input while it is lent.
type content struct{ *input }

var _ body.Source = content{}

// Window returns what was received and not consumed. It stays readable while more is read ahead. When the time for the
// content is over it is empty, so that the body reader's next step fails.
func (in content) Window() []byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.late() {
		in.seen = 0
		return nil
	}
	in.seen = len(in.input.Window())
	return in.input.Window()
}

// Buffered returns how much of the content, and of what stands behind it, has been received.
func (in content) Buffered() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.input.Window())
}

// looks is how often TopUp looks whether something has come, making way for others in between: what a client sends right
// behind its head is often still on its way when a fast handler has returned.
const looks = 32

// looksFor is for how long it does in one exchange: where many goroutines want to run, each look is behind a turn of all of
// them, and the response waits for what is found.
const looksFor = 10 * time.Millisecond

// TopUp adds to the window what has come already, where the socket can tell.
func (in content) TopUp() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.busy || in.ended || !in.c.sock.Raw() {
		return false
	}
	if in.looks.IsZero() {
		in.looks = in.c.cfg.now().Add(looksFor)
	}
	for range looks {
		if in.takeReady() {
			return true
		}
		if !in.c.cfg.now().Before(in.looks) {
			break
		}
		runtime.Gosched()
	}
	return false
}

// Consume takes n bytes from the window's front.
func (in content) Consume(n int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.consumeSeen(n)
}

func (in content) consumeSeen(n int) {
	in.seen -= n
	in.input.Consume(n)
	if in.aside.running {
		in.cond.Broadcast()
	}
}

// Fill waits until the window has grown from what the reader saw of it.
func (in content) Fill() error {
	_, err := in.wait(func() (int, error) {
		if len(in.input.Window()) > in.seen {
			return 0, nil
		}
		n, err := in.unlocked(func() (int, error) { return in.c.readLent(windowRoom(in)) })
		in.w += n
		return n, err
	})
	return err
}

// Read reads from behind the window, which the reader saw empty, straight into what is lent, and up to past bytes into the
// window.
func (in content) Read(l body.Lender, past int) (int, error) {
	return in.wait(func() (int, error) {
		if window := in.input.Window(); len(window) > 0 {
			n := copy(l.Room(body.LargestRoom), window)
			in.consumeSeen(n)
			return n, nil
		}
		if in.c.tls != nil || !in.c.sock.Raw() {
			past = 0
		}
		in.straight.to, in.straight.past, in.straight.size = l, past, 0
		n, err := in.unlocked(func() (int, error) { return in.c.readLent(straightRoom(in)) })
		size := in.straight.size
		in.straight.to = nil
		in.straight.guess.Note(n, size)
		in.w += max(0, n-size)
		n = min(n, size)
		in.consumed += int64(n)
		return n, err
	})
}

// Discard throws away bytes from behind the window, which the reader saw empty.
func (in content) Discard(n int64) (int64, error) {
	got, err := in.wait(func() (int, error) {
		if window := in.input.Window(); len(window) > 0 {
			n := int(min(n, int64(len(window))))
			in.consumeSeen(n)
			return n, nil
		}
		got, err := in.unlocked(func() (int, error) { return in.c.discard(n) })
		in.consumed += int64(got)
		return got, err
	})
	return int64(got), err
}

// late reports whether the time for the content is over although some of it is there, because it was read ahead. Reads of
// the socket find that out themselves. in.mu is held.
func (in content) late() bool { return in.aside.running && in.c.sock.Reads.Passed() }

// wait takes the connection from those who read ahead, for one read, which is made with in.mu held.
func (in content) wait(read func() (int, error)) (int, error) {
	in.c.out.flushIfFree()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.late() {
		return 0, os.ErrDeadlineExceeded
	}
	if in.ended && len(in.input.Window()) == in.seen {
		return 0, in.gone
	}
	if len(in.input.Window()) > in.seen { // it came after the reader's last look, and whoever reads ahead may wait for more by now
		return read()
	}
	in.aside.owners++
	defer func() {
		in.aside.owners--
		in.cond.Broadcast()
	}()
	if err := in.shoo(); err != nil {
		return 0, err
	}
	if in.ended && len(in.input.Window()) == in.seen {
		return 0, in.gone
	}
	return read()
}

// unlocked reads without in.mu, which is held before and after, also when the read panics: then nothing will come any more.
func (in *input) unlocked(read func() (int, error)) (n int, err error) {
	in.busy = true
	in.mu.Unlock()
	err = errNoReturn
	defer func() {
		in.mu.Lock()
		in.busy = false
		if n == 0 && err != nil && !transport.IsTimeout(err) {
			in.lose(err)
		}
	}()
	n, err = read()
	if in.c.stream != &in.c.sock && n > 0 {
		in.c.sock.Reads.Pay(int64(n)) // the socket has seen records, and not what is in them
	}
	if n == 0 && transport.IsTimeout(err) && !errors.Is(err, ErrMinRate) {
		err = os.ErrDeadlineExceeded // without the addresses: handlers tell their users
	}
	return n, err
}

// Continue sends 100 (Continue), unless the final response has begun.
func (in content) Continue() error { return in.c.res.sendContinue() }

// SetDrainDeadline is the time after which waiting for the client fails, in place of those for the handler's reads.
func (in content) SetDrainDeadline(t time.Time) {
	in.c.sock.Reads.Rate(0, 0)
	in.c.sock.Reads.Set(t)
}

// Interrupt makes a wait that is under way fail at once, and all later ones until Resume.
func (in content) Interrupt() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.halted = true
	in.c.sock.Reads.Interrupt()
	in.cond.Broadcast()
}

// Resume ends the interruption.
func (in content) Resume() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.halted = false
	in.c.sock.Reads.Resume()
	in.cond.Broadcast()
}
