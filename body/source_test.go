// The connection that this package's tests read from: a client that sends prepared pieces, and a strict lender.

package body_test

import (
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// next stands behind every message that has an end. No test may lose a byte of it.
const next = "GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n"

var limits = parser.DefaultLimits()

// in5s is a budget of some bytes whose time is not what the test is about.
func in5s(bytes int64) body.Budget { return body.Budget{Bytes: bytes, Time: 5 * time.Second} }

// source is a connection's input as body.Source describes it, down to a window that may not be used after the next call.
// It fails the test when the Reader asks for what it may not have.
type source struct {
	t     testing.TB
	calls []string // what the Reader has called, if notes is set; Window and Consume are left out
	notes bool
	asked int   // how often 100 (Continue) was sent
	refer error // what Continue returns

	users atomic.Int32 // goroutines inside a method
	mu    sync.Mutex
	cond  sync.Cond
	//	window, then pieces // sent and not consumed
	window      []byte
	pieces      []string
	then        error // what follows the pieces; nil: nothing follows, and whoever waits goes on waiting
	lent        []byte
	deadline    time.Time
	interrupted bool
	revoked     bool // the exchange is over: nobody may call
}

// sends returns the input from a client that sends these pieces and no more.
func sends(t testing.TB, pieces ...string) *source {
	s := &source{t: t}
	s.cond.L = &s.mu
	s.send(pieces...)
	return s
}

func (s *source) send(pieces ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pieces {
		if p != "" {
			s.pieces = append(s.pieces, p)
		}
	}
	s.cond.Broadcast()
}

// ends lets err follow the pieces, and returns s.
func (s *source) ends(err error) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.then = err
	s.cond.Broadcast()
	return s
}

// received lets the first n bytes be in the window already, and returns s.
func (s *source) received(n int) *source {
	for len(s.window) < n {
		s.window, s.pieces = append(s.window, s.pieces[0]...), s.pieces[1:]
	}
	return s
}

// revoke makes every later call an error.
func (s *source) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// rest is what was not consumed: where the connection goes on.
func (s *source) rest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.window) + strings.Join(s.pieces, "")
}

// enter begins a method: nobody else may be inside one, and what was lent before is spoilt.
func (s *source) enter(format string, args ...any) (leave func()) {
	if s.users.Add(1) > 1 {
		s.t.Errorf("%s beside another call", fmt.Sprintf(format, args...))
	}
	s.mu.Lock()
	if s.revoked {
		s.t.Errorf("%s after the exchange", fmt.Sprintf(format, args...))
	}
	for i := range s.lent {
		s.lent[i] = '!'
	}
	s.lent = nil
	if s.notes && format != "Window" && format != "Consume" {
		s.calls = append(s.calls, fmt.Sprintf(format, args...))
	}
	return s.leave
}

func (s *source) leave() {
	s.mu.Unlock()
	s.users.Add(-1)
}

func (s *source) Window() []byte {
	defer s.enter("Window")()
	s.lent = append([]byte(nil), s.window...)
	return s.lent
}

func (s *source) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.window)
}

func (s *source) TopUp() bool {
	defer s.enter("TopUp")()
	if len(s.pieces) == 0 {
		return false
	}
	s.window, s.pieces = append(s.window, s.pieces[0]...), s.pieces[1:]
	return true
}

func (s *source) Consume(n int) {
	defer s.enter("Consume")()
	if n < 0 || n > len(s.window) {
		s.t.Errorf("%d bytes consumed of a window of %d", n, len(s.window))
		n = len(s.window)
	}
	s.window = s.window[n:]
}

func (s *source) Fill() error {
	defer s.enter("Fill")()
	if err := s.wait(); err != nil {
		return err
	}
	s.window, s.pieces = append(s.window, s.pieces[0]...), s.pieces[1:]
	return nil
}

func (s *source) Read(l body.Lender, past int) (int, error) {
	defer s.enter("Window")() // what is called is known when the lender has been asked
	if err := s.wait(); err != nil {
		return 0, err
	}
	p := l.Room(body.LargestRoom)
	if s.notes {
		s.calls = append(s.calls, fmt.Sprintf("Read %d at %p", len(p), unsafe.SliceData(p)))
	}
	if len(s.window) > 0 || len(p) == 0 {
		s.t.Errorf("Read of %d bytes past a window of %d", len(p), len(s.window))
	}
	got := s.take(int64(len(p) + past))
	n := copy(p, got)
	s.window = append(s.window, got[n:]...)
	return n, nil
}

func (s *source) Discard(n int64) (int64, error) {
	defer s.enter("Discard %d", n)()
	if len(s.window) > 0 || n <= 0 {
		s.t.Errorf("%d bytes discarded past a window of %d", n, len(s.window))
	}
	if err := s.wait(); err != nil {
		return 0, err
	}
	return int64(len(s.take(n))), nil
}

// take returns at most n bytes of the next piece.
func (s *source) take(n int64) string {
	p := s.pieces[0]
	n = min(n, int64(len(p)))
	if s.pieces[0] = p[n:]; s.pieces[0] == "" {
		s.pieces = s.pieces[1:]
	}
	return p[:n]
}

// wait returns when there is another piece, or why there will not be. s.mu is held.
func (s *source) wait() error {
	for {
		switch {
		case s.interrupted || !s.deadline.IsZero() && !time.Now().Before(s.deadline):
			return os.ErrDeadlineExceeded
		case len(s.pieces) > 0:
			return nil
		case s.then != nil:
			return s.then
		}
		s.cond.Wait()
	}
}

func (s *source) Continue() error {
	defer s.enter("Continue")()
	s.asked++
	return s.refer
}

func (s *source) SetDrainDeadline(t time.Time) {
	defer s.enter("SetDrainDeadline")()
	s.deadline = t
	time.AfterFunc(time.Until(t), s.cond.Broadcast)
}

func (s *source) Interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupted = true
	s.cond.Broadcast()
}

func (s *source) Resume() {
	defer s.enter("Resume")()
	if !s.interrupted {
		s.t.Error("Resume without Interrupt")
	}
	s.interrupted = false
}

// reader returns a Reader of s that expects nothing and is under the default limits.
func reader(s *source, framing parser.Framing) *body.Reader {
	return body.NewReader(s, framing, false, &limits)
}

// readAll reads with buffers of this size to the end of the content. The error is nil at a clean end.
func readAll(t testing.TB, r *body.Reader, size int) (string, error) {
	t.Helper()
	content, p := []byte{}, make([]byte, size)
	for {
		n, err := r.Read(p)
		content = append(content, p[:n]...)
		if r.Received() != int64(len(content)) {
			t.Fatalf("Received is %d after %d bytes", r.Received(), len(content))
		}
		if err != nil {
			if again, same := r.Read(p); err != io.EOF && again != 0 || err == io.EOF && same != io.EOF {
				t.Errorf("after %v another read gives %d bytes and %v", err, again, same)
			}
			if err == io.EOF {
				err = nil
			}
			return string(content), err
		}
		if n == 0 {
			t.Fatal("a read of no bytes and no error")
		}
	}
}

// read reads exactly n bytes, and not the end behind them.
func read(t testing.TB, r *body.Reader, n int) string {
	t.Helper()
	p := make([]byte, n)
	for got := 0; got < n; {
		k, err := r.Read(p[got:])
		if got += k; err != nil && (err != io.EOF || got < n) {
			t.Fatalf("after %d of %d bytes: %v", got, n, err)
		}
	}
	return string(p)
}

// waysToSend yields the pieces in which bytes may come: whole, one by one, and in two, split at each position.
func waysToSend(wire string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		if !yield([]string{wire}) || !yield(strings.Split(wire, "")) {
			return
		}
		for i := 1; i < len(wire); i++ {
			if !yield([]string{wire[:i], wire[i:]}) {
				return
			}
		}
	}
}

// message is the same content, "hello world", in one of the ways to frame it.
type message struct {
	name    string
	framing parser.Framing
	wire    string
	trailer string // the value of the trailer field A
	// left is how many bytes of the wire are left when so many bytes of content have been read, and no end.
	left map[int]int64
}

var messages = []message{
	{
		name: "fixed length", framing: 11, wire: "hello world",
		left: map[int]int64{0: 11, 1: 10, 5: 6, 6: 5, 10: 1, 11: 0},
	},
	{
		name: "one chunk", framing: parser.Chunked, wire: "b\r\nhello world\r\n0\r\n\r\n",
		left: map[int]int64{0: 21, 1: 17, 5: 13, 6: 12, 10: 8, 11: 7},
	},
	{
		name: "a chunk for each byte", framing: parser.Chunked,
		wire: "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n1\r\n \r\n1\r\nw\r\n1\r\no\r\n1\r\nr\r\n1\r\nl\r\n1\r\nd\r\n0\r\n\r\n",
		left: map[int]int64{0: 71, 1: 67, 5: 43, 6: 37, 10: 13, 11: 7},
	},
	{
		name: "two chunks with extensions and trailers", framing: parser.Chunked, trailer: "1",
		wire: "5;a=b\r\nhello\r\n6 ; c=\"d\"\r\n world\r\n0;e\r\nA: 1\r\nB: 2\r\n\r\n",
		left: map[int]int64{0: 52, 1: 44, 5: 40, 6: 26, 10: 22, 11: 21},
	},
}

const content = "hello world"
