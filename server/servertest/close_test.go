// Law of this file: every way to end a connection has the consequence it has on TCP, no more and no less.

package servertest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/servertest"
)

// end is a Conn whose every step must go as the test says.
type end struct {
	*servertest.Conn
	t *testing.T
}

func (e end) sends(s string) {
	e.t.Helper()
	if n, err := e.Write([]byte(s)); n != len(s) || err != nil {
		e.t.Fatalf("Write(%q) = %d, %v", s, n, err)
	}
}

// reads expects s to have arrived, all of it at once and nothing behind it.
func (e end) reads(s string) {
	e.t.Helper()
	b := make([]byte, len(s)+1)
	if n, err := e.Read(b); string(b[:n]) != s || err != nil {
		e.t.Fatalf("Read = %q, %v, want %q", b[:n], err, s)
	}
}

func (e end) readFails(want error) {
	e.t.Helper()
	n, err := e.Read(make([]byte, 10))
	e.failed("Read", n, err, want)
}

func (e end) writeFails(want error) {
	e.t.Helper()
	n, err := e.Write([]byte("x"))
	e.failed("Write", n, err, want)
}

func (e end) failed(op string, n int, err, want error) {
	e.t.Helper()
	var oe *net.OpError
	if n != 0 || !errors.Is(err, want) || (err != io.EOF) != errors.As(err, &oe) {
		e.t.Fatalf("%s = %d, %T %v, want %v", op, n, err, err, want)
	}
}

func (e end) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e end) resetIs(want bool) {
	e.t.Helper()
	if got := e.WasReset(); got != want {
		e.t.Fatalf("WasReset of %v = %v", e.LocalAddr(), got)
	}
}

// bubble runs f on a connection in fake time.
func bubble(t *testing.T, f func(c, s end), link ...servertest.Link) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, s := servertest.Pipe(link...)
		f(end{c, t}, end{s, t})
	})
}

// closes are the rules of ending a connection. Each must hold on every link: pass stands for the time a link needs.
var closes = []struct {
	name string
	run  func(c, s end, pass func())
}{
	{"CloseWrite lets the peer read everything, then EOF, and answer", func(c, s end, pass func()) {
		c.sends("question")
		c.must(c.CloseWrite())
		c.must(c.CloseWrite())
		pass()
		s.reads("question")
		s.readFails(io.EOF)
		s.readFails(io.EOF)
		s.sends("answer")
		s.must(s.Close())
		pass()
		c.reads("answer")
		c.readFails(io.EOF)
		c.writeFails(syscall.EPIPE)
		c.must(c.Close())
		pass()
		c.resetIs(false)
		s.resetIs(false)
	}},
	{"Close with nothing unread is a FIN", func(c, s end, pass func()) {
		c.sends("question")
		pass()
		s.reads("question")
		s.sends("answer")
		s.must(s.Close())
		pass()
		c.resetIs(false)
		c.reads("answer")
		c.readFails(io.EOF)
	}},
	{"Close with one byte unread is a RST, which destroys the response", func(c, s end, pass func()) {
		c.sends("question")
		pass()
		io.ReadFull(s, make([]byte, len("questio")))
		s.sends("answer")
		pass()
		s.must(s.Close())
		pass()
		c.resetIs(true)
		c.readFails(syscall.ECONNRESET)
		c.readFails(syscall.ECONNRESET)
		c.writeFails(syscall.ECONNRESET)
		c.writeFails(syscall.EPIPE)
		c.failed("CloseWrite", 0, c.CloseWrite(), syscall.ENOTCONN)
		c.must(c.Close())
		pass()
		s.resetIs(false)
	}},
	{"a FIN is not unread data", func(c, s end, pass func()) {
		c.must(c.CloseWrite())
		pass()
		s.sends("answer")
		s.must(s.Close())
		pass()
		c.reads("answer")
		c.readFails(io.EOF)
		c.resetIs(false)
	}},
	{"data that arrives after Close is answered by a RST, which destroys the response", func(c, s end, pass func()) {
		s.sends("answer")
		s.must(s.Close())
		pass()
		c.resetIs(false)
		c.sends("more") // cannot know
		pass()
		pass()
		c.resetIs(true)
		c.readFails(syscall.ECONNRESET)
		c.writeFails(syscall.ECONNRESET)
	}},
	{"a FIN that arrives after Close is not answered", func(c, s end, pass func()) {
		s.sends("answer")
		s.must(s.Close())
		pass()
		c.must(c.CloseWrite())
		pass()
		pass()
		c.reads("answer")
		c.readFails(io.EOF)
		c.resetIs(false)
	}},
	{"lingering saves the response", func(c, s end, pass func()) {
		c.sends("question")
		pass()
		s.sends("answer")
		s.must(s.CloseWrite())
		c.sends("more")
		pass()
		s.reads("questionmore")
		c.reads("answer")
		c.readFails(io.EOF)
		c.must(c.Close())
		pass()
		s.readFails(io.EOF)
		s.must(s.Close())
		pass()
		c.resetIs(false)
		s.resetIs(false)
	}},
	{"Close with unread data resets no peer that is done in both directions", func(c, s end, pass func()) {
		c.sends("question")
		s.must(s.CloseWrite())
		pass()
		c.readFails(io.EOF)
		c.must(c.Close())
		pass()
		s.must(s.Close())
		pass()
		c.resetIs(false)
	}},
	{"Abort destroys both directions", func(c, s end, pass func()) {
		c.sends("question")
		s.sends("answer")
		pass()
		c.Abort()
		c.Abort()
		pass()
		s.resetIs(true)
		c.resetIs(false)
		s.readFails(syscall.ECONNRESET)
		s.writeFails(syscall.ECONNRESET)
		c.readFails(net.ErrClosed)
		c.writeFails(net.ErrClosed)
	}},
	{"Close after SetLinger(0) is a RST, though all was read", func(c, s end, pass func()) {
		c.sends("question")
		pass()
		s.reads("question")
		s.sends("answer")
		pass()
		s.must(s.SetLinger(0))
		c.resetIs(false)
		s.must(s.Close())
		pass()
		c.resetIs(true)
		c.readFails(syscall.ECONNRESET)
		s.failed("SetLinger", 0, s.SetLinger(0), net.ErrClosed)
	}},
	{"SetLinger with a time undoes SetLinger(0)", func(c, s end, pass func()) {
		s.sends("answer")
		s.must(s.SetLinger(0))
		s.must(s.SetLinger(-1))
		s.must(s.Close())
		pass()
		c.reads("answer")
		c.readFails(io.EOF)
		c.resetIs(false)
	}},
	{"a RST destroys an unread end of stream", func(c, s end, pass func()) {
		c.sends("question")
		c.must(c.CloseWrite())
		pass()
		c.Abort()
		pass()
		s.readFails(syscall.ECONNRESET)
	}},
	{"a RST reaches an end that has closed", func(c, s end, pass func()) {
		s.must(s.Close())
		pass()
		c.Abort()
		s.Abort() // after Close: nothing
		pass()
		s.resetIs(true)
		c.resetIs(false)
	}},
	{"after Close everything is ErrClosed", func(c, s end, pass func()) {
		s.sends("answer")
		pass()
		c.must(c.Close())
		c.readFails(net.ErrClosed)
		c.writeFails(net.ErrClosed)
		for _, err := range []error{
			c.Close(), c.CloseWrite(),
			c.SetDeadline(time.Time{}), c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}),
		} {
			c.failed("operation", 0, err, net.ErrClosed)
		}
		c.Abort()
	}},
}

func TestCloses(t *testing.T) {
	const ms = time.Millisecond
	for name, link := range map[string]servertest.Link{
		"fast":          {},
		"delayed":       {Delay: 7 * ms},
		"rated":         {Rate: 1000},
		"rated delayed": {Rate: 1000, Delay: 7 * ms, Buffer: 12},
	} {
		for _, tt := range closes {
			t.Run(name+"/"+strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
				bubble(t, func(c, s end) {
					tt.run(c, s, func() {
						if link.Delay > 0 || link.Rate > 0 {
							time.Sleep(20 * ms) // 12 bytes and the delay
						}
					})
				}, link)
			})
		}
	}
}

// What is blocked when a connection ends learns it as soon as the news has crossed the link, and not before.
func TestBlockedIsWoken(t *testing.T) {
	full := strings.Repeat("x", 8)
	for _, tt := range []struct {
		name        string
		crosses     bool // the link
		end         func(c, s end)
		read, write error // of the server's blocked operations
	}{
		{"own Close", false, func(c, s end) { s.must(s.Close()) }, net.ErrClosed, net.ErrClosed},
		{"own Abort", false, func(c, s end) { s.Abort() }, net.ErrClosed, net.ErrClosed},
		{"the peer's CloseWrite, then own", false, func(c, s end) {
			c.must(c.CloseWrite())
			time.Sleep(time.Minute)
			s.must(s.CloseWrite())
		}, io.EOF, syscall.EPIPE},
		{"the peer's Abort", true, func(c, s end) { c.Abort() }, syscall.ECONNRESET, syscall.ECONNRESET},
		{"the peer's Close with unread data", true, func(c, s end) {
			c.must(c.Close())
		}, syscall.ECONNRESET, syscall.ECONNRESET},
		{"a deadline in the past", false, func(c, s end) {
			s.must(s.SetDeadline(time.Unix(1, 0)))
		}, os.ErrDeadlineExceeded, os.ErrDeadlineExceeded},
		{"a deadline now", false, func(c, s end) {
			s.must(s.SetDeadline(time.Now()))
		}, os.ErrDeadlineExceeded, os.ErrDeadlineExceeded},
	} {
		for _, delay := range []time.Duration{0, time.Second} {
			t.Run(tt.name+"/"+delay.String(), func(t *testing.T) {
				bubble(t, func(c, s end) {
					done := make(chan struct{}, 2)
					go func() {
						s.readFails(tt.read)
						done <- struct{}{}
					}()
					go func() {
						n, err := s.Write([]byte(full + "y"))
						if n != len(full) || !errors.Is(err, tt.write) {
							t.Errorf("Write = %d, %v, want %d, %v", n, err, len(full), tt.write)
						}
						done <- struct{}{}
					}()
					time.Sleep(2 * time.Second)
					if len(done) != 0 {
						t.Error("not blocked")
					}
					tt.end(c, s)
					if tt.crosses && delay > 0 {
						time.Sleep(delay - 1)
						synctest.Wait()
						if len(done) != 0 {
							t.Error("woken too early")
						}
						time.Sleep(time.Nanosecond)
					}
					synctest.Wait()
					if len(done) != 2 {
						t.Error("still blocked")
					}
					s.Close()
					c.Close()
				}, servertest.Link{Buffer: len(full), Delay: delay})
			})
		}
	}
}

// A Write that waits for room when its peer closes cannot know, sends a byte more, and is told.
func TestWriteBlockedWithoutBuffer(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		bubble(t, func(c, s end) {
			time.AfterFunc(time.Second, func() { c.Close() })
			start := time.Now()
			_, err := s.Write([]byte("hello"))
			if !errors.Is(err, syscall.ECONNRESET) || time.Since(start) != time.Second+2*delay {
				t.Errorf("Write: %v after %v", err, time.Since(start))
			}
		}, servertest.Link{Buffer: -1, Delay: delay})
	}
}

// Data that was on its way when its receiver closed is not unread: the FIN goes out, and the RST when the data arrives.
func TestCloseBeforeDataArrives(t *testing.T) {
	bubble(t, func(c, s end) {
		c.sends("on its way")
		s.must(s.Close())
		time.Sleep(time.Second)
		c.readFails(io.EOF)
		time.Sleep(time.Second - 1)
		c.resetIs(false)
		time.Sleep(time.Nanosecond)
		c.resetIs(true)
	}, servertest.Link{Delay: time.Second})
}

func TestAbortsThatCross(t *testing.T) {
	bubble(t, func(c, s end) {
		c.Abort()
		s.Abort()
		time.Sleep(time.Minute)
		c.resetIs(false)
		s.resetIs(false)
	}, servertest.Link{Delay: time.Second})
}
