//go:build linux

// A million connections, and then everything must be as it was before.

package scale

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// By how much a server's memory may be more than it was, in bytes. What the runtime keeps of its own for goroutines and
// threads that there were makes the process larger, and is no more for a million connections than for ten thousand.
const (
	heapMargin = 1 << 20
	rssMargin  = 8 << 20
)

// Million opens connections in waves, serves each once while the others of its wave wait, and closes them. It fails if the
// server then has more goroutines, descriptors or memory than after its first wave.
func Million(out io.Writer, self string, conns int) error {
	wave := min(10_000, raiseFiles()-200, conns/2)
	if wave < workers {
		return errors.New("scale: too few connections, or descriptors")
	}
	s, err := start(self, Order{Procs: 2, ParkAfter: 100 * time.Millisecond, AtOnce: 2 * wave})
	if err != nil {
		return err
	}
	defer s.stop()
	defer s.clients.close()
	began := time.Now()
	before, err := s.wave(wave)
	if err != nil {
		return err
	}
	for done := wave; done < conns; {
		n := min(wave, conns-done)
		if err := s.clients.open(n); err != nil {
			return err
		}
		s.clients.close()
		done += n
	}
	after, err := s.settled(0)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d connections, up to %d at once, in %v; the server's CPU: %.1f µs for each\n", conns, wave,
		time.Since(began).Round(time.Second), (after.CPU-before.CPU).Seconds()*1e6/float64(conns-wave))
	fmt.Fprintf(out, "%-20s %12s %12s %12s %12s\n", "", "goroutines", "descriptors", "heap", "resident")
	for _, row := range []struct {
		name string
		*State
	}{{"after the first wave", before}, {"after all", after}} {
		fmt.Fprintf(out, "%-20s %12d %12d %12d %12d\n", row.name, row.Goroutines, row.Files, row.Heap, row.RSS)
	}
	return left(before, after)
}

// wave is one wave, after which the server has no connections.
func (s *child) wave(conns int) (*State, error) {
	if err := s.clients.open(conns); err != nil {
		return nil, err
	}
	if _, err := s.settled(conns); err != nil {
		return nil, err
	}
	s.clients.close()
	return s.settled(0)
}

// left returns an error for what is more than it was.
func left(before, after *State) error {
	var errs []error
	for _, of := range []struct {
		what        string
		before, now int64
		margin      int64
	}{
		{"goroutines", int64(before.Goroutines), int64(after.Goroutines), 0},
		{"descriptors", int64(before.Files), int64(after.Files), 0},
		{"bytes of heap", int64(before.Heap), int64(after.Heap), heapMargin},
		{"bytes that are resident", before.RSS, after.RSS, rssMargin},
	} {
		if of.now > of.before+of.margin {
			errs = append(errs, fmt.Errorf("scale: %d %s, before %d", of.now, of.what, of.before))
		}
	}
	return errors.Join(errs...)
}
