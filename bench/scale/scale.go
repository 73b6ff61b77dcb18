//go:build linux

// Package scale measures what a million connections, and a million requests in a second, would meet: what a server's single
// locks and goroutines cost for each connection, what an idle connection keeps, and whether anything is left behind.
//
// The server is a process of its own, and so nothing of its clients counts.
package scale

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// window is how long one line of the table is measured.
const window = 3 * time.Second

// Measure writes the table.
func Measure(out io.Writer, self string) error {
	raiseFiles()
	for procs := 1; procs <= min(2, runtime.NumCPU()); procs++ {
		fmt.Fprintf(out, "\nGOMAXPROCS=%d\n", procs)
		for _, line := range []func(io.Writer, string, int) error{rates, snapshots} {
			if err := line(out, self, procs); err != nil {
				return err
			}
		}
	}
	if err := locks(out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nAn idle connection (the slope between the fewest and the most)\n")
	for _, api := range []string{native, netHTTP} {
		if err := idle(out, self, api); err != nil {
			return err
		}
	}
	return nil
}

// rates measures what is done for a connection, or for a request, while the server is asked for as much as it can.
func rates(out io.Writer, self string, procs int) error {
	for _, m := range []struct {
		what  string
		conns int // kept open; 0: each request has a connection of its own
		how   Order
	}{
		{"connections opened, served once and closed", 0, Order{}},
		{"the same, with a listener for each core", 0, Order{PerCore: true}},
		{"requests on 64 connections that are never parked", 64, Order{NoPark: true}},
		{"requests on 5,000 connections that are never parked", 5000, Order{NoPark: true}},
		{"requests on 5,000 connections, each parked before", 5000, Order{ParkAfter: time.Millisecond}},
	} {
		m.how.Procs = procs
		n, cpu, took, err := rate(self, m.how, m.conns)
		if err != nil {
			return fmt.Errorf("scale: %s: %w", m.what, err)
		}
		each := cpu.Seconds() * 1e6 / float64(n)
		fmt.Fprintf(out, "  %-54s %8.0f/s %7.1f µs of the server's CPU each, %8.0f in a second of one core\n",
			m.what, float64(n)/took.Seconds(), each, 1e6/each)
	}
	return nil
}

// rate returns how many requests were answered, the server's processor time, and how long that took.
func rate(self string, how Order, conns int) (n int64, cpu, took time.Duration, err error) {
	s, err := start(self, how)
	if err != nil {
		return 0, 0, 0, err
	}
	defer s.stop()
	turn, end, err := s.clients.turns(conns)
	if err != nil {
		return 0, 0, 0, err
	}
	defer end()
	if _, err := during(window/10, turn); err != nil { // what the first ones cost is none of the others' price
		return 0, 0, 0, err
	}
	before, err := s.ask("state")
	if err != nil {
		return 0, 0, 0, err
	}
	began := time.Now()
	if n, err = during(window, turn); err != nil {
		return 0, 0, 0, err
	}
	took = time.Since(began)
	after, err := s.ask("state")
	if err != nil {
		return 0, 0, 0, err
	}
	return n, after.CPU - before.CPU, took, nil
}

// snapshots measures Server.Stats, which goes through the connections.
func snapshots(out io.Writer, self string, procs int) error {
	s, err := start(self, Order{Procs: procs, ParkAfter: time.Millisecond})
	if err != nil {
		return err
	}
	defer s.stop()
	defer s.clients.close()
	for _, conns := range []int{100, 1000, 10_000} {
		if err := s.clients.open(conns); err != nil {
			return err
		}
		if _, err := s.settled(conns); err != nil {
			return err
		}
		state, err := s.ask("stats")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  Server.Stats with %-37d %8.1f µs %6.0f ns for each\n", conns,
			state.Stats.Seconds()*1e6, float64(state.Stats)/float64(conns))
	}
	return nil
}

// idle measures what parked connections keep.
func idle(out io.Writer, self, api string) error {
	s, err := start(self, Order{API: api, Procs: 1, ParkAfter: time.Millisecond})
	if err != nil {
		return err
	}
	defer s.stop()
	defer s.clients.close()
	fmt.Fprintf(out, "  %-8s %8s %16s %16s %12s %12s %16s\n", api, "parked", "resident", "heap and stacks", "descriptors", "goroutines",
		"slab, both ends")
	sizes := []int{1000, 5000, 10_000}
	var all []*State
	var slabs []int64
	for _, conns := range sizes {
		if err := s.clients.open(conns); err != nil {
			return err
		}
		state, err := s.settled(conns)
		if err != nil {
			return err
		}
		system, err := slab()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-8s %8d %16d %16d %12d %12d %16d\n", "", conns, state.RSS, state.Heap+state.Stacks, state.Files,
			state.Goroutines, system)
		all, slabs = append(all, state), append(slabs, system)
	}
	first, last, more := all[0], all[len(all)-1], float64(sizes[len(sizes)-1]-sizes[0])
	fmt.Fprintf(out, "  %-8s %8s %16.0f %16.0f %12.3f %12.3f %16.0f\n", "", "each", float64(last.RSS-first.RSS)/more,
		(float64(last.Heap+last.Stacks)-float64(first.Heap+first.Stacks))/more, float64(last.Files-first.Files)/more,
		float64(last.Goroutines-first.Goroutines)/more, float64(slabs[len(slabs)-1]-slabs[0])/more)
	return nil
}

// slab returns how many bytes the system has in objects of its own, sockets among them, whoever they are for.
func slab() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Slab:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("scale: meminfo without Slab")
}
