// Who may read the connection, and until when: a handler may leave a goroutine inside Read.

package body_test

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// reading begins a read of this size and returns what it will return, once it waits for the client.
func reading(r *body.Reader, size int) <-chan string {
	got := make(chan string, 1)
	go func() {
		p := make([]byte, size)
		n, err := r.Read(p)
		got <- fmt.Sprintf("%q, %v", p[:n], err)
	}()
	synctest.Wait()
	return got
}

func TestReadBesideARead(t *testing.T) {
	for _, row := range []struct {
		size        int
		first, rest string
	}{{1, `"h", <nil>`, "ello world"}, {4096, `"hello world", EOF`, ""}} {
		synctest.Test(t, func(t *testing.T) {
			s := sends(t)
			r := reader(s, 11)
			first := reading(r, row.size)
			if n, err := r.Read(make([]byte, 100)); n != 0 || err != body.ErrBusy {
				t.Errorf("a second read: %d bytes, %v", n, err)
			}
			if n, err := r.WriteTo(io.Discard); n != 0 || err != body.ErrBusy {
				t.Errorf("WriteTo: %d bytes, %v", n, err)
			}
			if l := r.Foresee(in5s(0)); l != body.LeftoverDrained {
				t.Errorf("foreseen %v, while a read may read it all", l)
			}
			s.send(content)
			if got := <-first; got != row.first {
				t.Errorf("the first read: %s", got)
			}
			if rest, err := copyAll(r); rest != row.rest || err != nil {
				t.Errorf("then %q, %v", rest, err)
			}
		})
	}
}

// Content has been begun when a byte of it was read, or is waited for.
func TestBegun(t *testing.T) {
	for _, m := range messages {
		synctest.Test(t, func(t *testing.T) {
			s := sends(t)
			r := reader(s, m.framing)
			if r.Begun() {
				t.Errorf("%s: begun before a read", m.name)
			}
			late := reading(r, 1)
			if !r.Begun() {
				t.Errorf("%s: not begun while a read waits", m.name)
			}
			s.send(m.wire)
			if got := <-late; got != `"h", <nil>` || !r.Begun() {
				t.Errorf("%s: the read gives %s, begun %v", m.name, got, r.Begun())
			}
		})
	}
	if !body.Empty.Begun() {
		t.Error("nobody has begun to read no content, and nobody will")
	}
}

// A handler may write its response, which asks what will become of the content, while another goroutine reads that.
func TestForeseeBesideReads(t *testing.T) {
	const size = 100_000
	r := body.NewReader(&window{all: make([]byte, size)}, size, false, &limits)
	read := make(chan error)
	go func() {
		for {
			if _, err := r.Read(make([]byte, 1)); err != nil {
				read <- err
				return
			}
		}
	}()
	for {
		select {
		case err := <-read:
			if err != io.EOF || r.Received() != size {
				t.Errorf("%v after %d bytes", err, r.Received())
			}
			return
		default:
			r.Foresee(in5s(1))
			r.Begun()
		}
	}
}

// Settle makes a read that waits return at once, takes over where that stood, and gives nothing to a later one.
func TestSettleBesideARead(t *testing.T) {
	for _, m := range messages {
		for cut := range len(m.wire) {
			for _, size := range []int{1, 4096} {
				synctest.Test(t, func(t *testing.T) { settleBesideARead(t, m, cut, size) })
			}
		}
	}
}

func settleBesideARead(t *testing.T, m message, cut, size int) {
	s := sends(t, m.wire[:cut])
	r := reader(s, m.framing)
	var got string
	var err error
	var reads sync.WaitGroup
	reads.Go(func() {
		for p := make([]byte, size); err == nil; {
			var n int
			n, err = r.Read(p)
			got += string(p[:n])
		}
		for range 10 { // it does not take no for an answer
			if n, err := r.Read(make([]byte, 100)); n != 0 || err != body.ErrClosed {
				t.Errorf("after ErrClosed a read gives %d bytes and %v", n, err)
			}
		}
	})
	synctest.Wait()
	time.AfterFunc(time.Second, func() { s.send(m.wire[cut:] + next) })
	began := time.Now()
	var l body.Leftover
	var thrown int64
	var settling sync.WaitGroup
	settling.Go(func() { l, thrown = r.Settle(in5s(100)) })
	reads.Wait()
	if time.Since(began) != 0 || err != body.ErrClosed {
		t.Errorf("%q: the read returned after %v with %v", m.wire[:cut], time.Since(began), err)
	}
	settling.Wait()
	want := m.left[len(got)]
	if l != body.LeftoverDrained || s.rest() != next || want != 0 && thrown > want {
		t.Errorf("%q read by %d: %q, then %v, %d bytes, and %q is next", m.wire[:cut], size, got, l, thrown, s.rest())
	}
	if again, n := r.Settle(in5s(0)); again != l || n != thrown {
		t.Errorf("%q: settled to %v, %d and then to %v, %d", m.wire[:cut], l, thrown, again, n)
	}
}

// When nothing of the rest comes, the time of a read that was under way does not count, and that of Settle does.
func TestSettleBesideAReadOfASilentClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sends(t, "hello")
		r := reader(s, 11)
		read(t, r, 5)
		late := reading(r, 100)
		time.Sleep(time.Hour)
		began := time.Now()
		if l, n := r.Settle(in5s(6)); l != body.LeftoverTooSlow || n != 0 || time.Since(began) != 5*time.Second {
			t.Errorf("%v, %d bytes after %v", l, n, time.Since(began))
		}
		if got := <-late; got != `"", body: read after the exchange has ended` {
			t.Errorf("the read: %s", got)
		}
	})
}

// What a read gets when the content has been given up meanwhile may be anything.
func TestAbandonBesideARead(t *testing.T) {
	for _, m := range messages {
		synctest.Test(t, func(t *testing.T) {
			s := sends(t, m.wire[:8])
			r := reader(s, m.framing)
			r.Read(make([]byte, 100))
			late := reading(r, 100)
			r.Abandon()
			s.send("hello world")
			if got := <-late; got != `"", `+body.ErrAbandoned.Error() {
				t.Errorf("%s: a read gives %s", m.name, got)
			}
			if l, _ := r.Settle(in5s(1000)); l.Boundary() {
				t.Errorf("%s: settled to %v", m.name, l)
			}
		})
	}
}

// Detach leaves everything where it is.
func TestDetach(t *testing.T) {
	for _, m := range messages {
		for _, had := range []int{0, 5, 11} {
			s := sends(t, m.wire+next)
			r := reader(s, m.framing)
			read(t, r, had)
			before := s.rest()
			r.Detach()
			if n, err := r.Read(make([]byte, 100)); n != 0 || err != body.ErrClosed || s.rest() != before {
				t.Errorf("%s: a read gives %d bytes and %v, and %q is next", m.name, n, err, s.rest())
			}
		}
	}
}

func TestDetachBesideARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sends(t, "hello")
		r := reader(s, 11)
		read(t, r, 5)
		late := reading(r, 100)
		r.Detach()
		if got := <-late; got != `"", body: read after the exchange has ended` {
			t.Errorf("the read: %s", got)
		}
		s.revoke()
		s.send(" world")
		if n, err := r.Read(make([]byte, 100)); n != 0 || err != body.ErrClosed {
			t.Errorf("a read gives %d bytes and %v", n, err)
		}
	})
}

// A read may have seen that the Reader is open, and wait for the lock that Settle or Detach holds.
func TestReadThatComesTooLate(t *testing.T) {
	for _, m := range messages {
		for what, end := range map[string]func(r *body.Reader){
			"Settle": func(r *body.Reader) { r.Settle(in5s(10)) },
			"Detach": func(r *body.Reader) { r.Detach() },
		} {
			s := sends(t, m.wire+next)
			r := reader(s, m.framing)
			end(r)
			s.revoke()
			if n, err := r.ReadInside(make([]byte, 100)); n != 0 || err != body.ErrClosed {
				t.Errorf("%s, %s: a read gives %d bytes and %v", m.name, what, n, err)
			}
		}
	}
}

// However close they come, no call reaches the connection after Settle or Detach has returned.
func TestNoReadAfterTheEnd(t *testing.T) {
	for _, row := range []struct {
		what string
		end  func(r *body.Reader)
	}{
		{"Settle", func(r *body.Reader) { r.Settle(in5s(100)) }},
		{"Detach", func(r *body.Reader) { r.Detach() }},
	} {
		t.Run(row.what, func(t *testing.T) {
			for i := range 20_000 {
				s := sends(t, "hello world")
				r := reader(s, 11)
				var others sync.WaitGroup
				others.Go(func() {
					for _, err := r.Read(make([]byte, 1)); err == nil; _, err = r.Read(make([]byte, 1)) {
						runtime.Gosched()
					}
				})
				for range i % 7 {
					runtime.Gosched()
				}
				row.end(r)
				s.revoke()
				others.Wait()
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A read that waits for the end of a chunk is taken over like one that waits for content.
func TestSettleBesideAReadOfFraming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sends(t, "5\r\nhello\r", "\n")
		r := reader(s, parser.Chunked)
		read(t, r, 5)
		late := reading(r, 100)
		time.AfterFunc(time.Second, func() { s.send("0\r\nA: 1\r\n\r\n" + next) })
		l, n := r.Settle(in5s(11))
		if got := <-late; got != `"", body: read after the exchange has ended` {
			t.Errorf("the read: %s", got)
		}
		if l != body.LeftoverDrained || n != 11 || s.rest() != next {
			t.Errorf("%v, %d bytes, and %q is next", l, n, s.rest())
		}
	})
}
