// What Read returns, and when.

package body_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// However the bytes come and however they are read, the content is the same, and the next request stays where it is.
func TestRead(t *testing.T) {
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			for pieces := range waysToSend(m.wire + next) {
				for _, size := range []int{1, 2, 3, 5, 10, 11, 12, 2047, 2048, 64 << 10} {
					s := sends(t, pieces...)
					r := reader(s, m.framing)
					got, err := readAll(t, r, size)
					if got != content || err != nil || s.rest() != next || s.asked > 0 {
						t.Fatalf("%q read by %d: %q, %v, and %q is left", pieces, size, got, err, s.rest())
					}
					if r.Remaining() != 0 || !r.Ended() || r.Trailers().Get("A") != m.trailer {
						t.Fatalf("%q read by %d: %d remain, ended %v, trailer %q", pieces, size, r.Remaining(), r.Ended(), r.Trailers().Get("A"))
					}
				}
			}
		})
	}
}

// Content that the client closes inside of is never taken for complete, wherever that is.
func TestReadCut(t *testing.T) {
	reset := errors.New("reset by peer")
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			for i := range m.wire {
				for _, end := range []error{io.EOF, reset} {
					for _, size := range []int{1, 3, 4096} {
						s := sends(t, m.wire[:i]).ends(end)
						r := reader(s, m.framing)
						got, err := readAll(t, r, size)
						var cut *body.CutError
						if !errors.As(err, &cut) || cut.Got != int64(len(got)) || cut.Want != int64(m.framing) {
							t.Fatalf("%q: %q, %v", m.wire[:i], got, err)
						}
						if !strings.HasPrefix(content, got) || errors.Is(err, reset) != (end == reset) {
							t.Fatalf("%q: %q, %v", m.wire[:i], got, err)
						}
						if r.Remaining() == 0 || r.Trailers().Len() > 0 {
							t.Fatalf("%q: %d remain, %d trailers", m.wire[:i], r.Remaining(), r.Trailers().Len())
						}
					}
				}
			}
		})
	}
}

// A fixed length is known to end with its last byte; behind a chunk there is still something to read.
func TestEOF(t *testing.T) {
	for _, row := range []struct {
		what    string
		framing parser.Framing
		wire    string
		size    int
		want    string
	}{
		{"a fixed length, into a larger buffer", 5, "hello", 8, "5 EOF, 0 EOF"},
		{"a fixed length, into one as large", 5, "hello", 5, "5 EOF, 0 EOF"},
		{"a fixed length, into a smaller one", 5, "hello", 3, "3 <nil>, 2 EOF, 0 EOF"},
		{"a chunk", parser.Chunked, "5\r\nhello\r\n0\r\n\r\n", 8, "5 <nil>, 0 EOF, 0 EOF"},
		{"two chunks", parser.Chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 8, "5 <nil>, 0 EOF, 0 EOF"},
		{"no chunk", parser.Chunked, "0\r\n\r\n", 8, "0 EOF, 0 EOF"},
		{"no content", 0, "", 8, "0 EOF, 0 EOF"},
		{"into nothing", 5, "hello", 0, "0 <nil>, 0 <nil>"},
		{"a cut", 5, "hel", 8, "3 <nil>, 0 body: peer closed after 3 of 5 bytes, 0 body: peer closed after 3 of 5 bytes"},
	} {
		t.Run(row.what, func(t *testing.T) {
			r, p, got := reader(sends(t, row.wire).ends(io.EOF), row.framing), make([]byte, row.size), []string{}
			for calls := 0; calls < 2; {
				n, err := r.Read(p)
				got = append(got, fmt.Sprint(n, " ", err))
				if n == 0 {
					calls++
				}
				if n > 0 && err == io.EOF {
					calls = 1
				}
			}
			if s := strings.Join(got, ", "); s != row.want {
				t.Errorf("reads gave %s\n       want %s", s, row.want)
			}
		})
	}
}

// Large reads go past the window into the caller's slice, small ones through the window, and neither asks for a byte
// behind the content, or behind the chunk whose end is known.
func TestDirectReads(t *testing.T) {
	for _, row := range []struct {
		what    string
		framing parser.Framing
		pieces  []string
		window  int // bytes of it received before
		size    int
		want    []string
	}{
		{"a large buffer, and a small end", 5000, []string{text(5000), next}, 0, 4096, []string{"Read 4096", "Fill"}},
		{"a buffer larger than the content", 5000, []string{text(5000) + next}, 0, 8192, []string{"Read 5000"}},
		{"content that comes in pieces", 5000, []string{text(1000), text(4000)}, 0, 4096, []string{"Read 4096", "Read 4000"}},
		{"a buffer just large enough", 5000, []string{text(5000)}, 0, 2048, []string{"Read 2048", "Read 2048", "Fill"}},
		{"a buffer just too small", 5000, []string{text(5000)}, 0, 2047, []string{"Fill"}},
		{"a window that holds the beginning", 5000, []string{text(1000), text(4000)}, 1000, 8192, []string{"Read 4000"}},
		{"a window that holds all", 5000, []string{text(5000) + next}, 5000, 8192, nil},
		{
			"a chunk", parser.Chunked, []string{"1388\r\n", text(5000), "\r\n0\r\n\r\n" + next}, 0, 4096,
			[]string{"Fill", "Read 4096", "Fill", "Fill"},
		},
		{
			"a large chunk", parser.Chunked, []string{"1388\r\n", text(5000), "\r\n0\r\n\r\n" + next}, 0, 64 << 10,
			[]string{"Fill", "Read 5000", "Fill"},
		},
		{
			"a chunk whose beginning came with its header", parser.Chunked, []string{"1388\r\n" + text(1000), text(4000) + "\r\n0\r\n\r\n"},
			0, 64 << 10, []string{"Fill", "Read 4000"}, // the end is as long as a header and the line end before it
		},
		{
			"chunks that follow each other", parser.Chunked,
			[]string{"a28\r\n" + text(100), text(2500) + "\r\n960\r\n" + text(2400) + "\r\n0\r\n\r\n" + next},
			0, 64 << 10, []string{"Fill", "Read 2500", "Read 2400"},
		},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := sends(t, row.pieces...).received(row.window)
			s.notes = true
			r, p := reader(s, row.framing), make([]byte, row.size)
			var err error
			for err == nil {
				_, err = r.Read(p)
			}
			at, want := fmt.Sprintf(" at %p", unsafe.SliceData(p)), row.want
			for i, call := range want {
				if strings.HasPrefix(call, "Read") {
					want[i] += at
				}
			}
			if diff := cmp.Diff(want, s.calls); err != io.EOF || r.Received() != 5000 || diff != "" {
				t.Errorf("%d bytes, %v; calls (-want +got):\n%s", r.Received(), err, diff)
			}
		})
	}
}

// text returns n letters.
func text(n int) string { return strings.Repeat("abcdefghijklmnopqrstuvwxyz", n/26+1)[:n] }

// What has come is given at once: a Read does not wait for a full buffer, and the next one waits for a byte only.
func TestReadDoesNotWaitForMore(t *testing.T) {
	for _, row := range []struct {
		framing parser.Framing
		first   string
	}{{11, "hello"}, {parser.Chunked, "b\r\nhello"}} {
		synctest.Test(t, func(t *testing.T) {
			s := sends(t, row.first)
			r, p, got := reader(s, row.framing), make([]byte, 4096), make(chan string)
			go func() {
				for range 2 {
					n, err := r.Read(p)
					got <- fmt.Sprintf("%q, %v", p[:n], err)
				}
			}()
			if first := <-got; first != `"hello", <nil>` {
				t.Errorf("the first read gives %s", first)
			}
			time.Sleep(time.Minute)
			select {
			case early := <-got:
				t.Fatalf("a read gives %s before anything came", early)
			default:
			}
			s.send(" ")
			if second := <-got; second != `" ", <nil>` {
				t.Errorf("the second read gives %s", second)
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	s := sends(t, next)
	s.revoke()
	r := body.NewReader(s, 0, true, &limits)
	if r != body.Empty {
		t.Error("content of no bytes has a Reader of its own")
	}
	r.Limit(0)
	r.Abandon()
	r.Detach()
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read: %d, %v", n, err)
	}
	if n, err := r.WriteTo(io.Discard); n != 0 || err != nil {
		t.Errorf("WriteTo: %d, %v", n, err)
	}
	if r.Remaining() != 0 || r.Received() != 0 || r.Trailers().Len() != 0 || !r.Ended() {
		t.Errorf("%d remain, %d received, %d trailers, ended %v", r.Remaining(), r.Received(), r.Trailers().Len(), r.Ended())
	}
	if l := r.Foresee(body.Budget{}); l != body.LeftoverNothing {
		t.Errorf("Foresee: %v", l)
	}
	if l, n := r.Settle(body.Budget{}); l != body.LeftoverNothing || n != 0 {
		t.Errorf("Settle: %v, %d", l, n)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read after Settle: %d, %v", n, err)
	}
}

// Trailers show when Read has returned io.EOF, and not a read earlier, even if they have been received.
func TestTrailers(t *testing.T) {
	r := reader(sends(t, "5\r\nhello\r\n0\r\nA: 1\r\nHost: evil\r\nb:  2 \r\nA: 3\r\n\r\n"+next), parser.Chunked)
	read(t, r, 5)
	if r.Trailers().Len() != 0 {
		t.Errorf("%d trailers before the end", r.Trailers().Len())
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	got := []string{}
	for name, value := range r.Trailers().All() {
		got = append(got, name+": "+value)
	}
	if want := []string{"A: 1", "b: 2", "A: 3"}; !slices.Equal(got, want) {
		t.Errorf("trailers %q, want %q", got, want)
	}
}

// A trailer section that is refused, or cut, has no trailers.
func TestTrailersOfABrokenSection(t *testing.T) {
	for _, wire := range []string{"5\r\nhello\r\n0\r\nA: 1\r\n\r\n", "5\r\nhello\r\n0\r\nA: 1\r\nB 2\r\n\r\n", "5\r\nhello\r\n0\r\nA: 1\r\n"} {
		r := reader(sends(t, wire).ends(io.EOF), parser.Chunked)
		_, err := readAll(t, r, 100)
		if (err == nil) != (r.Trailers().Len() == 1) {
			t.Errorf("%q: %d trailers and %v", wire, r.Trailers().Len(), err)
		}
	}
}

// copyAll returns what WriteTo writes.
func copyAll(r *body.Reader) (string, error) {
	var b strings.Builder
	_, err := r.WriteTo(&b)
	return b.String(), err
}

func TestWriteTo(t *testing.T) {
	much := text(200_000)
	for _, m := range append(messages, message{name: "more than a buffer", framing: 200_000, wire: much}) {
		for _, pieces := range [][]string{{m.wire + next}, {m.wire[:7], m.wire[7:], next}} {
			s, want := sends(t, pieces...), content
			if m.framing == 200_000 {
				want = much
			}
			r := reader(s, m.framing)
			var b bytes.Buffer
			n, err := io.Copy(&b, r)
			if b.String() != want || n != int64(len(want)) || err != nil || s.rest() != next {
				t.Errorf("%s: %d bytes, %.20q, %v, and %q is left", m.name, n, b.String(), err, s.rest())
			}
			if n, err := r.WriteTo(&b); n != 0 || err != nil {
				t.Errorf("%s, again: %d bytes, %v", m.name, n, err)
			}
		}
	}
}

func TestWriteToStops(t *testing.T) {
	full := errors.New("no space left")
	for _, row := range []struct {
		what string
		to   io.Writer
		end  error
		want string
	}{
		{"at a count below zero", liar{-1, nil}, nil, "0 invalid write result"},
		{"at a count of more than there was", liar{6, nil}, nil, "0 invalid write result"},
		{"at the error with such a count", liar{-1, full}, nil, "0 no space left"},
		{"at the writer's error", writer{2, full}, nil, "2 no space left"},
		{"at a short write", writer{2, nil}, nil, "2 short write"},
		{"at the reader's error", writer{100, nil}, io.EOF, "5 body: peer closed after 5 of 11 bytes"},
		{"at the first of both", writer{2, full}, io.EOF, "2 no space left"},
	} {
		t.Run(row.what, func(t *testing.T) {
			n, err := reader(sends(t, "hello").ends(row.end), 11).WriteTo(row.to)
			if got := fmt.Sprint(n, " ", err); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// writer takes n bytes of each write and returns err.
type writer struct {
	n   int
	err error
}

func (w writer) Write(p []byte) (int, error) { return min(w.n, len(p)), w.err }

// liar says that it has taken n bytes.
type liar writer

func (w liar) Write([]byte) (int, error) { return w.n, w.err }

// A client that was too slow may be given more time.
func TestReadAfterATimeout(t *testing.T) {
	for _, m := range messages {
		for i := range m.wire {
			s := sends(t, m.wire[:i]).ends(os.ErrDeadlineExceeded)
			r := reader(s, m.framing)
			first, err := copyAll(r)
			var slow *body.SlowError
			if !errors.As(err, &slow) || slow.Got != int64(len(first)) || slow.Want != int64(m.framing) {
				t.Fatalf("%s, %q: %q, %v", m.name, m.wire[:i], first, err)
			}
			if l := r.Foresee(in5s(1000)); l != body.LeftoverTooSlow {
				t.Fatalf("%s, %q: Foresee: %v", m.name, m.wire[:i], l)
			}
			s.ends(nil).send(m.wire[i:] + next)
			rest, err := copyAll(r)
			if first+rest != content || err != nil || s.rest() != next {
				t.Fatalf("%s, %q: %q and %q, %v, and %q is left", m.name, m.wire[:i], first, rest, err, s.rest())
			}
			if l, n := r.Settle(in5s(0)); l != body.LeftoverNothing || n != 0 {
				t.Fatalf("%s, %q: leftover: %v, %d bytes", m.name, m.wire[:i], l, n)
			}
		}
	}
}
