// Two builds of the same server beside each other, as a table for a terminal.

package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/stat"
)

// Comparison is what two builds of a server did in some cases.
type Comparison struct {
	Rows    []Row
	Bound   float64 // how much worse is too much
	Noise   Noise
	Seconds float64
}

// Row is a server in a case, with one value for every round.
type Row struct {
	Case      cases.Case
	Server    string
	Cost      []float64    // of the new build, divided by that of the old
	Rate      []float64    // the same of the requests per second; none where nothing is timed
	Costs     [2][]float64 // of the old and of the new
	Allocated [2][]float64 // allocations per request, likewise
	Quiet     []bool       // whether nothing disturbed the round
}

// ratios returns those of a figure that count: where there are enough from undisturbed rounds, no others.
func (r *Row) ratios(all []float64) []float64 {
	var quiet []float64
	for i, v := range all {
		if r.Quiet[i] {
			quiet = append(quiet, v)
		}
	}
	if len(quiet) < fewest {
		return all
	}
	return quiet
}

// Disturbed returns how many rounds were disturbed.
func (r *Row) Disturbed() (n int) {
	for _, quiet := range r.Quiet {
		if !quiet {
			n++
		}
	}
	return n
}

// Add adds a round: what each build had in its windows.
func (r *Row) Add(old, new []Round, disturbed bool) {
	cost := CostOf(&r.Case)
	of := func(rounds []Round, figure func(Round) float64) float64 {
		sum := 0.0
		for _, one := range rounds {
			sum += figure(one)
		}
		return sum / float64(len(rounds))
	}
	a, b := of(old, cost.Of), of(new, cost.Of)
	r.Cost = append(r.Cost, b/a)
	if a, b := of(old, perSecond), of(new, perSecond); a > 0 && b > 0 {
		r.Rate = append(r.Rate, b/a)
	}
	for i, rounds := range [][]Round{old, new} {
		r.Costs[i] = append(r.Costs[i], of(rounds, cost.Of))
		r.Allocated[i] = append(r.Allocated[i], of(rounds, allocations))
	}
	r.Quiet = append(r.Quiet, !disturbed)
}

// Verdict is what can be said of a ratio.
type Verdict string

// The verdicts.
const (
	Better Verdict = "better"
	Within Verdict = "ok"    // not worse by more than the bound
	Worse  Verdict = "WORSE" // by more than the bound
	Open   Verdict = "open"  // the rounds differ too much to tell
)

// fewest is how many values an interval takes that holds the true one with a probability of 95 %.
const fewest = 6

// Verdict judges by the interval in which the true ratio lies with a probability of 95 %; of memory, which hardly varies, by
// the least and the most.
func (r *Row) Verdict(bound float64) Verdict {
	switch low, high := stat.Interval(r.ratios(r.Cost)); {
	case len(r.Cost) == 0 || len(r.Cost) < fewest && !r.Case.Idle:
		return Open
	case high < 1-bound:
		return Better
	case high <= 1+bound:
		return Within
	case low > 1+bound:
		return Worse
	}
	return Open
}

// Worse reports whether any row is worse.
func (c *Comparison) Worse() bool {
	for i := range c.Rows {
		if c.Rows[i].Verdict(c.Bound) == Worse {
			return true
		}
	}
	return false
}

// Print writes the comparison as a table.
func (c *Comparison) Print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "case\tserver\tunit\told\tnew\tnew/old\thalf of the rounds\t95 % sure\trounds\tverdict\treq/s new/old\tallocations")
	for i := range c.Rows {
		r := &c.Rows[i]
		s := stat.Of(r.ratios(r.Cost))
		low, high := stat.Interval(r.ratios(r.Cost))
		rate, allocated := "–", "–"
		if len(r.Rate) > 0 {
			of := stat.Of(r.ratios(r.Rate))
			rate = fmt.Sprintf("%.3f (%.3f–%.3f)", of.Median, of.Q1, of.Q3)
		}
		if a, b := stat.Of(r.Allocated[0]), stat.Of(r.Allocated[1]); a.N > 0 && b.N > 0 {
			allocated = fmt.Sprintf("%.1f → %.1f", a.Median, b.Median)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.3f\t%.3f–%.3f\t%.3f–%.3f\t%d\t%s\t%s\t%s\n", r.Case.ID, r.Server, CostOf(&r.Case).Unit,
			number(stat.Of(r.Costs[0]).Median), number(stat.Of(r.Costs[1]).Median), s.Median, s.Q1, s.Q3, low, high, s.N,
			r.Verdict(c.Bound), rate, allocated)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", c.summary())
	return err
}

// summary says in words what the table says.
func (c *Comparison) summary() string {
	of := map[Verdict][]string{}
	for i := range c.Rows {
		r := &c.Rows[i]
		v := r.Verdict(c.Bound)
		of[v] = append(of[v], r.Case.ID+" on "+r.Server)
	}
	var lines []string
	for _, say := range []struct {
		verdict Verdict
		what    string
	}{{Worse, "worse by more than %.0f %%"}, {Open, "not settled, within %.0f %% or not"}, {Better, "better by more than %.0f %%"}} {
		if which := of[say.verdict]; len(which) > 0 {
			lines = append(lines, fmt.Sprintf(say.what+": %s", 100*c.Bound, strings.Join(which, ", ")))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("nothing is worse by more than %.0f %%", 100*c.Bound))
	}
	return fmt.Sprintf("%s\n%.0f s; of %d rounds %d were disturbed at every try, and %d times a quiet moment was waited for or a "+
		"disturbed window repeated", strings.Join(lines, "\n"), c.Seconds, c.Noise.Windows, c.Noise.Disturbed, c.Noise.Repeated)
}
