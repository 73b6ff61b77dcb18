// The exchange under test: a handler that reads content and writes a response in steps, and calls a method on the way.

package api_test

import (
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spillway-go/spillway/conn"
)

const (
	content = "abcdefghijklmnopqrstuvwxyz" // of the request: no piece of it stands in it twice
	text    = "one two three"              // of the response
	raw     = "raw"                        // of the response that the handler spells itself
)

// phase is where in an exchange the method is called.
type phase string

// Those from goroutine on are from outside the handler.
const (
	beforeReading phase = "before reading"
	amidContent   phase = "amid content"
	behindContent phase = "behind the content"
	written       phase = "before the head is sent"
	headSent      phase = "after the head was sent"
	hijacked      phase = "after a hijack"
	unread        phase = "with the content left unread"
	goroutine     phase = "from a goroutine"
	owner         phase = "from a goroutine that has hijacked"
	returned      phase = "after the handler returned"
)

var phases = []phase{beforeReading, amidContent, behindContent, written, headSent, hijacked, unread, goroutine, owner, returned}

// exchange is one that a method is called in.
type exchange struct {
	phase phase
	call  call

	w *conn.Response
	r *conn.Request
	h *conn.Hijacked // once the handler, or a call of its, has hijacked the connection

	done  chan struct{} // the handler has returned
	stop  chan struct{} // tells the goroutine to end
	ended chan struct{} // the goroutine has

	mu       sync.Mutex
	pieces   []string // the pieces of the content that were read, by whomever
	accepted string   // of the response
	err      error    // what the handler returned
}

func newExchange(p phase, c call) *exchange {
	return &exchange{phase: p, call: c, done: make(chan struct{}), stop: make(chan struct{}), ended: make(chan struct{})}
}

// leaks reports whether a goroutine is left behind.
func (x *exchange) leaks() bool { return x.phase == goroutine || x.phase == owner }

// here calls the method, if this is its phase.
func (x *exchange) here(p phase) {
	if x.phase == p {
		x.call(x)
	}
}

// serve is the handler. It goes on after the call as if it had not been.
func (x *exchange) serve(w *conn.Response, r *conn.Request) (err error) {
	x.w, x.r = w, r
	defer func() {
		x.err = err
		close(x.done)
	}()
	if x.phase == goroutine {
		go x.goOn()
	}
	if x.phase == hijacked || x.phase == owner {
		x.hijack()
	} else if err = x.steps(); err != nil && x.h == nil {
		return err
	}
	switch {
	case x.h == nil && x.phase == owner:
		close(x.ended) // without ever having run
	case x.h == nil:
	case x.phase == owner:
		go x.goOn()
	default:
		x.here(hijacked)
		x.finish()
	}
	return nil
}

// steps reads the content and writes the response.
func (x *exchange) steps() error {
	x.here(beforeReading)
	if x.phase != unread {
		if err := x.readAll(5); err != nil {
			return err
		}
		x.here(amidContent)
		if err := x.readAll(-1); err != nil {
			return err
		}
	}
	x.here(behindContent)
	x.here(unread)
	for _, step := range []struct {
		text   string
		behind phase
		flush  bool
	}{{"one ", written, false}, {"two ", headSent, true}, {"three", "", false}} {
		n, err := x.w.WriteString(step.text)
		x.accept(step.text, int64(n))
		if err == nil && step.flush {
			err = x.w.Flush()
		}
		if err != nil {
			return err
		}
		x.here(step.behind)
	}
	return nil
}

// readAll reads n bytes, or all.
func (x *exchange) readAll(n int) error {
	for n != 0 {
		size := 7
		if n > 0 {
			size = n
		}
		m, err := x.read(make([]byte, size))
		if n > 0 {
			n -= m
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) read(p []byte) (int, error) {
	n, err := x.r.Body.Read(p)
	x.noteRead(p[:n])
	return n, err
}

func (x *exchange) noteRead(p []byte) {
	if len(p) > 0 {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.pieces = append(x.pieces, string(p))
	}
}

func (x *exchange) accept(text string, n int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.accepted += text[:n]
}

// hijack hijacks the connection. What was accepted before is not sent. In the handler it is left to that; a goroutine that
// has it closes it.
func (x *exchange) hijack() {
	h, err := x.w.Hijack()
	if err != nil {
		return
	}
	x.mu.Lock()
	x.accepted = ""
	x.mu.Unlock()
	if x.phase == goroutine {
		h.Close()
		return
	}
	x.h = h
}

// finish answers on a hijacked connection, and closes it.
func (x *exchange) finish() {
	x.accept(raw, int64(len(raw))) // before anybody can have seen it
	io.WriteString(x.h, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"+raw)
	x.h.Close()
}

// readHijacked reads what is there.
func (x *exchange) readHijacked() {
	x.h.SetReadDeadline(time.Now().Add(time.Millisecond))
	x.h.Read(make([]byte, 100))
	x.h.SetReadDeadline(time.Time{})
}

// goOn calls the method again and again, while the handler runs and after it, until it is told to stop.
func (x *exchange) goOn() {
	defer close(x.ended)
	if x.phase == owner { // the connection ends when this goroutine has had its way with it
		x.call(x)
		x.finish()
	}
	for {
		select {
		case <-x.stop:
			return
		default:
			x.call(x)
		}
	}
}

// outcome waits for the handler's end and returns what it meant, and what was read.
func (x *exchange) outcome() (accepted string, failed error, pieces []string) {
	<-x.done
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.accepted, x.err, slices.Clone(x.pieces)
}

// own returns the handler's own part of a response's content.
func own(content string) string { return strings.ReplaceAll(content, called, "") }
