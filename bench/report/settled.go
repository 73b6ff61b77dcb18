// Whether a ratio is known: what the benchmark goes on measuring for, and what the report leads with.

package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spillway-go/spillway/bench/stat"
)

// subjects are the entries whose ratios are to be known.
var subjects = []string{spillway, spillwayHandler}

// Open returns the servers that take part in a ratio that is not known yet, which is one of spillway's to a reference whose
// rounds spread too far. The case must be complete.
func (c *Case) Open() map[string]bool {
	all := map[string]bool{}
	for _, own := range subjects {
		for _, to := range References {
			if s, ok := c.ratio(own, to); ok && !c.settled(s) {
				all[own], all[to] = true, true
			}
		}
	}
	return all
}

// ratio returns a server's ratio to a reference, where there is one.
func (c *Case) ratio(own, to string) (stat.Summary, bool) {
	result := c.Result(own)
	if result == nil || result.State != Timed || result.Figures == nil {
		return stat.Summary{}, false
	}
	s, ok := result.Figures.Ratios[to]
	return s, ok
}

// settled reports whether a ratio is known. Two rounds that happen to agree are no spread.
func (c *Case) settled(s stat.Summary) bool { return s.N > 2 && s.Width() < CostOf(&c.Case).Width }

// ratios writes the tables with which the report begins.
func (r *Report) ratios(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n## Ratios\n\nWhat spillway costs, as a multiple of what others cost: the median over the rounds, and where the middle half "+
		"of them lies. CPU per request where the case does not say otherwise. A ratio is settled when that half is no wider than %.0f %% of the "+
		"median, or %.0f %% for a latency; one that is not has a question mark.\n", 100*narrow, 100*wide)
	var open []string
	for _, s := range r.Servers {
		if slices.Contains(subjects, s.Name) {
			open = append(open, r.ratioTable(b, s.Name)...)
		}
	}
	fmt.Fprintf(b, "\n### What could not be settled\n\n")
	if len(open) == 0 {
		fmt.Fprintf(b, "Nothing: every ratio is.\n")
	}
	for _, line := range open {
		fmt.Fprintf(b, "- %s\n", line)
	}
}

// ratioTable writes one entry's table and returns what is not settled in it.
func (r *Report) ratioTable(b *bytes.Buffer, own string) (open []string) {
	fmt.Fprintf(b, "\n### %s\n\n| case |", r.title(own))
	for _, to := range References {
		fmt.Fprintf(b, " × %s |", r.title(to))
	}
	fmt.Fprintf(b, "\n| --- |%s\n", strings.Repeat(" ---: |", len(References)))
	for i := range r.Cases {
		c := &r.Cases[i]
		var cells, loose []string
		known := false
		for _, to := range References {
			s, ok := c.ratio(own, to)
			known = known || ok
			switch {
			case !ok:
				cells = append(cells, "–")
			case c.settled(s):
				cells = append(cells, middle(s))
			default:
				cells = append(cells, middle(s)+" ?")
				loose = append(loose, fmt.Sprintf("of %s %s after %d rounds", r.title(to), middle(s), s.N))
			}
		}
		if !known {
			continue
		}
		fmt.Fprintf(b, "| %s | %s |\n", c.label(), strings.Join(cells, " | "))
		if len(loose) > 0 {
			open = append(open, fmt.Sprintf("%s: %s, %s.", c.label(), r.title(own), strings.Join(loose, "; ")))
		}
	}
	return open
}

// label names a case and, where that is not CPU, what it compares.
func (c *Case) label() string {
	name := c.Topic + ": " + c.Title
	if unit := CostOf(&c.Case).Unit; unit != "µs of CPU" {
		name += " (" + unit + ")"
	}
	return name
}

// middle writes a ratio's median and where its middle half lies.
func middle(s stat.Summary) string {
	digits := 2
	if s.Median < 0.2 {
		digits = 3
	}
	if s.N < 2 {
		return fmt.Sprintf("%.*f", digits, s.Median)
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.Median, digits, s.Q1, digits, s.Q3)
}
