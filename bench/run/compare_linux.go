// Two builds of the same server, side by side: may this change go in?

package run

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/check"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
)

// CompareOptions says which builds to compare in which cases.
type CompareOptions struct {
	Old, Self string // the programs; the generators are Self's for both
	Subjects  []Subject
	Rounds    int           // at most, of each subject
	Window    time.Duration // a build has two in every round
	Warm      time.Duration
	Turns     int
	Limit     time.Duration // no round begins later; every subject has a few all the same
	Tries     int
	Bound     float64 // how much worse is too much: 0.03
	MaxConns  int
	Progress  io.Writer
}

// Subject is a server in a case.
type Subject struct{ Case, Server string }

// usual are the cases of a comparison that nobody chose: together they pass through all of the server that is hot.
const usual = "get-64 pipelined-64 browser-same browser-vary tls upload-1k upload-64k-chunked leftover-64k response-64k " +
	"scale-10000 idle spillway-handler:get-64 spillway-handler:pipelined-64 spillway-handler:browser-vary"

// Usual returns the subjects of a comparison that nobody chose.
func Usual() []Subject {
	var all []Subject
	for _, name := range strings.Fields(usual) {
		if server, id, ok := strings.Cut(name, ":"); ok {
			all = append(all, Subject{id, server})
		} else {
			all = append(all, Subject{name, "spillway"})
		}
	}
	return all
}

// fewRounds is how many rounds it takes at least to say anything, each build having begun half of them, and fewIdle where only
// memory counts, which hardly varies.
const (
	fewRounds = 8
	fewIdle   = 3
)

// rival is a subject with what was measured of it.
type rival struct {
	c      *cases.Case
	s      servers.Server
	called [2]build
	row    *report.Row
	done   bool
}

// Compare compares two builds and returns a row for each subject.
func Compare(o CompareOptions) (*report.Comparison, error) {
	r, err := newRunner(Options{Self: o.Self, Window: o.Window, Warm: o.Warm, Turns: o.Turns, Tries: o.Tries, MaxConns: o.MaxConns,
		Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	defer r.close()
	EnoughFiles(cases.Most + 1000)
	result := &report.Comparison{Bound: o.Bound, Rows: make([]report.Row, len(o.Subjects))}
	rivals := make([]rival, len(o.Subjects))
	for i, subject := range o.Subjects {
		rivals[i].row = &result.Rows[i]
		if err := r.prepareRival(&rivals[i], subject, &o); err != nil {
			return nil, err
		}
	}
	for round := 1; round <= o.Rounds; round++ {
		open := 0
		for i := range rivals {
			v := &rivals[i]
			if v.done || v.enough() && time.Since(r.began) > o.Limit {
				continue
			}
			open++
			if err := r.rivalRound(v, round, o.Bound); err != nil {
				return nil, fmt.Errorf("%s on %s: %w", v.c.ID, v.s.Name, err)
			}
		}
		if open == 0 {
			break
		}
		r.say("round %d: %d of %d were not settled before it", round, open, len(rivals))
	}
	result.Noise = report.Noise{Repeated: r.repeats}
	for _, row := range result.Rows {
		result.Noise.Windows += len(row.Cost)
		result.Noise.Disturbed += row.Disturbed()
	}
	result.Seconds = time.Since(r.began).Seconds()
	return result, nil
}

// prepareRival finds out what the builds call the case, and whether they answer it rightly.
func (r *runner) prepareRival(v *rival, subject Subject, o *CompareOptions) error {
	var err error
	if v.c, err = cases.Find(subject.Case); err != nil {
		return err
	}
	v.c.Limit(o.MaxConns)
	s, err := servers.Find(subject.Server)
	if err != nil {
		return err
	}
	if why := s.Lacks(v.c); why != "" || s.Serve == nil {
		return fmt.Errorf("run: %s cannot be compared in %s: %s", s.Name, v.c.ID, why)
	}
	v.s = *s
	*v.row = report.Row{Case: *v.c, Server: s.Name}
	for i, program := range []string{o.Old, o.Self} {
		if v.called[i], err = r.knows(program, v); err != nil {
			return fmt.Errorf("run: %s: %s on %s: %w", program, v.c.ID, s.Name, err)
		}
	}
	return nil
}

// knows asks a build for the case, and then for the one on which it is based.
func (r *runner) knows(program string, v *rival) (build, error) {
	b := build{program: program}
	err := r.answers(b, v)
	if err != nil && v.c.Base != "" {
		b.called = map[string]string{v.c.ID: v.c.Base}
		err = r.answers(b, v)
	}
	return b, err
}

func (r *runner) answers(b build, v *rival) error {
	srv, err := r.startServer(b, v.s, v.c)
	if err != nil {
		return err
	}
	defer srv.stop()
	_, err = check.Case(srv.addr, v.c)
	return err
}

// enough reports whether there are enough rounds to say something.
func (v *rival) enough() bool {
	if v.c.Idle {
		return len(v.row.Cost) >= fewIdle
	}
	return len(v.row.Cost) >= fewRounds
}

func (r *runner) rivalRound(v *rival, round int, bound float64) error {
	measure := r.duel
	if v.c.Idle {
		measure = r.idleDuel
	}
	sides, disturbed, err := measure(v, round)
	if failed(err) {
		r.say("%s on %s once more: %v", v.c.ID, v.s.Name, err)
		sides, disturbed, err = measure(v, round)
	}
	if err != nil {
		return err
	}
	v.row.Add(sides[0], sides[1], disturbed)
	v.done = v.enough() && (v.c.Idle || v.row.Verdict(bound) != report.Open)
	return nil
}

// turns is the order of the windows within a round. Before each one the other build has had the machine, so that the same pause
// has passed; who begins changes from round to round.
var turns = [2][4]int{{0, 1, 0, 1}, {1, 0, 1, 0}}

// duel sets both builds up beside each other and measures one while the other has nothing to do. It returns what each had
// in its two windows.
func (r *runner) duel(v *rival, round int) (sides [2][]report.Round, disturbed bool, err error) {
	order := turns[round%2]
	var stands [2]*stand
	for _, i := range []int{order[0], 1 - order[0]} {
		if stands[i], err = r.setUp(v.called[i], v.s, v.c); err != nil {
			return sides, false, err
		}
		defer stands[i].close()
	}
	for _, i := range order {
		one, _, err := stands[i].measure()
		if err != nil {
			return sides, false, err
		}
		sides[i] = append(sides[i], *one)
		disturbed = disturbed || one.Disturbed
	}
	return sides, disturbed, nil
}

// idleDuel measures the memory of idle connections, of both builds at the same time.
func (r *runner) idleDuel(v *rival, _ int) (sides [2][]report.Round, disturbed bool, err error) {
	var waits [2]func() (*report.Round, error)
	for i := range waits {
		if waits[i], err = r.beginIdle(v.called[i], v.s, v.c); err != nil {
			if i == 1 {
				waits[0]()
			}
			return sides, false, err
		}
	}
	type side struct {
		i   int
		one *report.Round
		err error
	}
	ended := make(chan side, len(waits))
	for i, wait := range waits {
		go func() {
			one, err := wait()
			ended <- side{i, one, err}
		}()
	}
	for range waits {
		got := <-ended
		if got.err != nil {
			err = got.err
			continue
		}
		sides[got.i] = []report.Round{*got.one}
	}
	return sides, false, err
}
