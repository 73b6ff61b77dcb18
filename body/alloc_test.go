// What reading allocates.

package body_test

import (
	"io"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// window is a connection's input of which everything has been received.
type window struct {
	all []byte
	at  int
}

func (w *window) Window() []byte                     { return w.all[w.at:] }
func (w *window) Buffered() int                      { return len(w.all) - w.at }
func (w *window) TopUp() bool                        { return false }
func (w *window) Consume(n int)                      { w.at += n }
func (w *window) Fill() error                        { return io.EOF }
func (w *window) Read(body.Lender, int) (int, error) { return 0, io.EOF }
func (w *window) Discard(int64) (int64, error)       { return 0, io.EOF }
func (w *window) Continue() error                    { return nil }
func (w *window) SetDrainDeadline(time.Time)         {}
func (w *window) Interrupt()                         {}
func (w *window) Resume()                            {}

func TestAllocations(t *testing.T) {
	allocates := func(what string, want float64, f func()) {
		t.Helper()
		if got := testing.AllocsPerRun(100, f); got != want {
			t.Errorf("%s allocates %v times, not %v", what, got, want)
		}
	}
	const chunked = parser.Chunked
	for _, row := range []struct {
		what    string
		framing parser.Framing
		wire    string
	}{{"a fixed length", 11, "hello world"}, {"chunks", chunked, "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"}} {
		w, p := &window{all: []byte(row.wire + next)}, make([]byte, 4)
		end := func(want body.Leftover) {
			r := body.NewReader(w, row.framing, false, &limits)
			for want == body.LeftoverNothing {
				if _, err := r.Read(p); err != nil {
					break
				}
			}
			r.Foresee(in5s(100))
			if l, _ := r.Settle(in5s(100)); l != want || string(w.all[w.at:]) != next {
				t.Fatalf("%v, %q", l, w.all[w.at:])
			}
			w.at = 0
		}
		allocates(row.what+": a Reader that is read and settled", 1, func() { end(body.LeftoverNothing) })
		allocates(row.what+": a Reader that is settled", 1, func() { end(body.LeftoverDrained) })
	}
	allocates("no content", 0, func() {
		r := body.NewReader(nil, 0, false, &limits)
		r.Limit(5)
		r.Read(nil)
		r.Settle(in5s(0))
	})
	much := &window{all: make([]byte, 1<<20)}
	r := body.NewReader(much, 1<<20, false, &limits)
	p := make([]byte, 4096)
	allocates("a read", 0, func() { r.Read(p) })
	allocates("Foresee", 0, func() { r.Foresee(in5s(100)) })
	allocates("a Reader that is copied", 1, func() {
		much.at = 0
		if n, err := body.NewReader(much, 1<<20, false, &limits).WriteTo(io.Discard); n != 1<<20 || err != nil {
			t.Fatal(n, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, m := range messages {
		b.Run(m.name, func(b *testing.B) {
			w, p := &window{all: []byte(m.wire)}, make([]byte, 4096)
			b.ReportAllocs()
			b.SetBytes(int64(len(m.wire)))
			for b.Loop() {
				w.at = 0
				r := body.NewReader(w, m.framing, false, &limits)
				for {
					if _, err := r.Read(p); err != nil {
						break
					}
				}
				if l, _ := r.Settle(in5s(0)); l != body.LeftoverNothing {
					b.Fatal(l)
				}
			}
		})
	}
}

func BenchmarkSettle(b *testing.B) {
	for _, m := range messages {
		b.Run(m.name, func(b *testing.B) {
			w := &window{all: []byte(m.wire)}
			b.ReportAllocs()
			b.SetBytes(int64(len(m.wire)))
			for b.Loop() {
				w.at = 0
				if l, _ := body.NewReader(w, m.framing, false, &limits).Settle(in5s(100)); l != body.LeftoverDrained {
					b.Fatal(l)
				}
			}
		})
	}
}
