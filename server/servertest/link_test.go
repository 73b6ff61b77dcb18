// Law of this file: on a link bytes take exactly the time, the room and the allocations that they should.

package servertest_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spillway-go/spillway/server/servertest"
)

// arrival is what one Read returned and when.
type arrival struct {
	At   time.Duration
	Data string
}

// arrivals reads e to its end.
func arrivals(e end, start time.Time) (all []arrival) {
	b := make([]byte, 1<<16)
	for {
		n, err := e.Read(b)
		a := arrival{time.Since(start), string(b[:n])}
		if err != nil {
			a.Data = err.Error()
			if i := strings.LastIndex(a.Data, ": "); i >= 0 {
				a.Data = a.Data[i+2:]
			}
		}
		if all = append(all, a); err != nil {
			return all
		}
	}
}

func TestTiming(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for _, tt := range []struct {
		name string
		link servertest.Link
		send func(c end)
		want []arrival
	}{
		{"delay", servertest.Link{Delay: 3 * s}, func(c end) {
			c.sends("a")
			time.Sleep(s)
			c.sends("b")
			c.must(c.CloseWrite())
		}, []arrival{{3 * s, "a"}, {4 * s, "b"}, {4 * s, "EOF"}}},

		{"a FIN alone", servertest.Link{Delay: 3 * s}, func(c end) {
			c.must(c.CloseWrite())
		}, []arrival{{3 * s, "EOF"}}},

		{"a FIN after a pause", servertest.Link{Delay: 3 * s, Rate: 1}, func(c end) {
			c.sends("a")
			time.Sleep(10 * s)
			c.must(c.CloseWrite())
		}, []arrival{{4 * s, "a"}, {13 * s, "EOF"}}},

		{"rate", servertest.Link{Rate: 2}, func(c end) {
			c.sends("abc")
			c.must(c.Close())
		}, []arrival{{500 * ms, "a"}, {s, "b"}, {1500 * ms, "c"}, {1500 * ms, "EOF"}}},

		{"rate is not saved up while idle", servertest.Link{Rate: 2}, func(c end) {
			c.sends("a")
			time.Sleep(10 * s)
			c.sends("b")
			c.must(c.Close())
		}, []arrival{{500 * ms, "a"}, {10500 * ms, "b"}, {10500 * ms, "EOF"}}},

		{"rate groups bytes", servertest.Link{Rate: 300}, func(c end) {
			c.sends("abcd")
			c.must(c.Close())
		}, []arrival{{10 * ms, "abc"}, {13333334, "d"}, {13333334, "EOF"}}},

		{"rate and delay add up", servertest.Link{Rate: 1, Delay: 5 * s}, func(c end) {
			c.sends("ab")
			c.must(c.Close())
		}, []arrival{{6 * s, "a"}, {7 * s, "b"}, {7 * s, "EOF"}}},

		{"a buffer of one byte paces the sender", servertest.Link{Rate: 1, Delay: s, Buffer: 1}, func(c end) {
			c.sends("ab")
			c.must(c.Close())
		}, []arrival{{2 * s, "a"}, {4 * s, "b"}, {4 * s, "EOF"}}},

		{"a RST overtakes what has not left", servertest.Link{Rate: 1, Delay: 5 * s}, func(c end) {
			c.sends("abcdef")
			c.must(c.CloseWrite())
			time.Sleep(3500 * ms)
			c.Abort()
		}, []arrival{{6 * s, "a"}, {7 * s, "b"}, {8 * s, "c"}, {8500 * ms, "connection reset by peer"}}},

		{"data and RST of one instant arrive at one instant: the data is lost", servertest.Link{Delay: 1}, func(c end) {
			c.sends("a")
			c.Abort()
		}, []arrival{{1, "connection reset by peer"}}},

		{"no link at all", servertest.Link{Rate: -1, Delay: -1}, func(c end) {
			c.sends("a")
			c.must(c.Close())
		}, []arrival{{0, "a"}, {0, "EOF"}}},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			bubble(t, func(c, s end) {
				start := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() { tt.send(c) })
				if got := arrivals(s, start); !cmp.Equal(got, tt.want) {
					t.Error(cmp.Diff(tt.want, got))
				}
				wg.Wait()
			}, tt.link)
		})
	}
}

// A million bytes at an awkward rate: rounding must not add up.
func TestRateIsExact(t *testing.T) {
	bubble(t, func(c, s end) {
		start := time.Now()
		go func() {
			c.Write(make([]byte, 1e6))
			c.Close()
		}()
		n, err := io.Copy(io.Discard, s)
		if want := time.Duration(142857142858); n != 1e6 || err != nil || time.Since(start) != want {
			t.Errorf("%d bytes, %v, %v, want %v", n, err, time.Since(start), want)
		}
	}, servertest.Link{Rate: 7000, Buffer: 1 << 20})
}

// The two links of a Pipe are the two directions, and neither waits for the other.
func TestTwoLinks(t *testing.T) {
	bubble(t, func(c, s end) {
		start := time.Now()
		c.sends("a")
		s.reads("a")
		up := time.Since(start)
		s.sends("b")
		c.reads("b")
		if both := time.Since(start); up != time.Second || both != 3*time.Second {
			t.Error(up, both)
		}
	}, servertest.Link{Delay: time.Second}, servertest.Link{Delay: 2 * time.Second})
}

func TestFastLinkBesideSlow(t *testing.T) {
	bubble(t, func(c, s end) {
		start := time.Now()
		c.sends("slow")
		s.sends("fast")
		c.reads("fast")
		if d := time.Since(start); d != time.Second {
			t.Error(d)
		}
	}, servertest.Link{Delay: time.Hour}, servertest.Link{Delay: time.Second})
}

// Whatever the sizes of Writes and Reads, the bytes come out as they went in.
func TestBytesKeepTheirOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, link := range []servertest.Link{{Buffer: 3000}, {Buffer: 3000, Delay: 1}} {
		bubble(t, func(c, s end) {
			var in, out int // counting modulo a prime, lest what is stale in a buffer look right
			held, b := 0, make([]byte, 3000)
			for range 3000 {
				put := b[:rnd.IntN(3000-held+1)]
				for i := range put {
					put[i] = byte(in % 251)
					in++
				}
				c.sends(string(put))
				time.Sleep(time.Nanosecond)
				if held += len(put); held == 0 {
					continue
				}
				n, err := s.Read(b[:1+rnd.IntN(held)])
				c.must(err)
				for i, got := range b[:n] {
					if got != byte(out%251) {
						t.Fatalf("byte %d of %d is %d, want %d", i, n, got, out%251)
					}
					out++
				}
				held -= n
			}
		}, link)
	}
}

// A Write blocks when the buffer is full, not a byte before, and goes on when a byte is read.
func TestBuffer(t *testing.T) {
	for _, tt := range []struct{ buffer, size int }{{1, 1}, {511, 511}, {512, 512}, {513, 513}, {0, 64 << 10}} {
		for _, delay := range []time.Duration{0, time.Second} {
			bubble(t, func(c, s end) {
				c.sends(strings.Repeat("x", tt.size))
				c.must(c.SetWriteDeadline(time.Now().Add(time.Hour)))
				c.writeFails(os.ErrDeadlineExceeded)
				c.must(c.SetWriteDeadline(time.Time{}))
				time.AfterFunc(time.Minute, func() { s.Read(make([]byte, 1)) })
				start := time.Now()
				c.sends("y")
				if got := time.Since(start); got != time.Minute {
					t.Errorf("buffer %d: room after %v", tt.buffer, got)
				}
				c.must(c.Close())
				got, err := io.ReadAll(s)
				if want := strings.Repeat("x", tt.size-1) + "y"; string(got) != want || err != nil {
					t.Errorf("buffer %d: read %d bytes, %v", tt.buffer, len(got), err)
				}
			}, servertest.Link{Buffer: tt.buffer, Delay: delay})
		}
	}
}

// Without a buffer a Write waits for a Read, and hands over no more than it asks for.
func TestUnbuffered(t *testing.T) {
	bubble(t, func(c, s end) {
		c.must(c.SetWriteDeadline(time.Now().Add(time.Second)))
		c.writeFails(os.ErrDeadlineExceeded)
		c.must(c.SetWriteDeadline(time.Now().Add(time.Minute)))
		go func() {
			time.Sleep(time.Second)
			b := make([]byte, 2)
			if n, err := s.Read(b); string(b[:n]) != "he" || err != nil {
				t.Errorf("Read = %q, %v", b[:n], err)
			}
		}()
		start := time.Now()
		n, err := c.Write([]byte("hello"))
		if n != 2 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("Write = %d, %v after %v", n, err, time.Since(start))
		}
	}, servertest.Link{Buffer: -1})
}

// Writes of several goroutines come out whole, through any buffer, and none is forgotten.
func TestWritesDoNotInterleave(t *testing.T) {
	for _, buffer := range []int{-1, 1, 3, 7, 100} {
		bubble(t, func(c, s end) {
			c.must(c.SetWriteDeadline(time.Now().Add(time.Hour)))
			for i := range 20 {
				go c.Write([]byte(strings.Repeat(string(rune('a'+i)), 10))) // what it did not write is missed below
			}
			var got []byte
			for b := make([]byte, 100); len(got) < 200; {
				synctest.Wait() // so that all Writes that can go on have
				n, err := s.Read(b[:1+len(got)%7*16])
				s.must(err)
				got = append(got, b[:n]...)
			}
			for ; len(got) > 0; got = got[10:] {
				if strings.Count(string(got[:10]), string(got[:1])) != 10 {
					t.Fatalf("buffer %d: interleaved: %q", buffer, got)
				}
			}
		}, servertest.Link{Buffer: buffer})
	}
}

// When one Write gives up its turn the next goes on at once.
func TestWritesTakeTurns(t *testing.T) {
	bubble(t, func(c, s end) {
		c.sends("0123456789")
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() { c.sends("x") })
		}
		synctest.Wait()
		s.reads("0123456789")
		wg.Wait() // a bubble's deadlock if not
		s.reads("xxxxxxxxx")
	}, servertest.Link{Buffer: 10})
}

// A deadline strikes when it says, wins over data, and can be moved and cleared.
func TestDeadlines(t *testing.T) {
	bubble(t, func(c, s end) {
		start := time.Now()
		at := func(want time.Duration) {
			t.Helper()
			if got := time.Since(start); got != want {
				t.Fatalf("after %v, want %v", got, want)
			}
		}
		s.must(s.SetReadDeadline(start.Add(5 * time.Second)))
		s.readFails(os.ErrDeadlineExceeded)
		at(5 * time.Second)
		c.sends("data")
		s.readFails(os.ErrDeadlineExceeded)
		s.sends("writes are not concerned")
		s.must(s.SetReadDeadline(time.Time{}))
		s.reads("data")

		s.must(s.SetReadDeadline(start.Add(time.Hour))) // moved nearer while a Read is blocked, then away
		time.AfterFunc(time.Second, func() { s.SetReadDeadline(start.Add(9 * time.Second)) })
		s.readFails(os.ErrDeadlineExceeded)
		at(9 * time.Second)
		s.must(s.SetReadDeadline(start.Add(10 * time.Second)))
		time.AfterFunc(time.Second/2, func() { s.SetReadDeadline(start.Add(20 * time.Second)) })
		s.readFails(os.ErrDeadlineExceeded)
		at(20 * time.Second)

		for _, never := range []time.Time{{}, start.Add(1<<63 - 1), time.Unix(1<<40, 0)} {
			s.must(s.SetReadDeadline(start))
			s.must(s.SetReadDeadline(never))
			time.AfterFunc(time.Second, func() { c.sends("data") })
			s.reads("data")
		}

		// Data and deadline of one instant: the deadline wins, and the data is not lost.
		s.must(s.SetReadDeadline(time.Now().Add(time.Second)))
		time.Sleep(time.Second)
		c.sends("late")
		s.readFails(os.ErrDeadlineExceeded)
		s.must(s.SetReadDeadline(time.Time{}))
		s.reads("late")
	})
}

// Closed connections leave no goroutine behind, which synctest.Test would report, and nothing that takes time.
func TestNothingOutlivesClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := servertest.Pipe(servertest.Link{Delay: time.Second})
		for _, e := range []*servertest.Conn{c, s} {
			e.SetDeadline(time.Now().Add(time.Hour))
			e.Write([]byte("on its way"))
			e.Close()
		}
	})
}

func TestNoAllocations(t *testing.T) {
	c, s := servertest.Pipe()
	msg, buf := make([]byte, 1000), make([]byte, 4096)
	if n := testing.AllocsPerRun(200, func() { // sizes at which the ring turns around
		c.Write(msg)
		s.Read(buf[:300])
		c.Write(msg)
		io.ReadFull(s, buf[:1700])
	}); n != 0 {
		t.Errorf("buffered: %v allocations", n)
	}
	go func() { // an echo, so that Reads block
		for b := make([]byte, 4096); ; {
			n, err := s.Read(b)
			if err != nil {
				return
			}
			s.Write(b[:n])
		}
	}()
	defer c.Close()
	if n := testing.AllocsPerRun(200, func() {
		c.Write(msg)
		io.ReadFull(c, buf[:len(msg)])
	}); n != 0 {
		t.Errorf("blocking: %v allocations", n)
	}
	far := time.Now().Add(time.Hour)
	if n := testing.AllocsPerRun(200, func() { c.SetDeadline(far) }); n != 0 {
		t.Errorf("deadlines: %v allocations", n)
	}
}
