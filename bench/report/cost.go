// What a case is about: the one figure in which servers are compared in it.

package report

import "github.com/spillway-go/spillway/bench/cases"

// Cost is a figure of which less is better.
type Cost struct {
	Unit  string
	Of    func(Round) float64
	Width float64 // how far the middle half of a ratio's rounds may spread where the ratio is to be known
}

// The widths: a quantile of the latency varies more than processor time, whatever one does.
const (
	narrow = 0.05
	wide   = 0.25
)

// CostOf returns what a server's figure in a case is.
func CostOf(c *cases.Case) Cost {
	switch {
	case c.Idle:
		return Cost{"bytes a connection", idle5, narrow}
	case len(c.Crowd) > 0:
		return Cost{"µs until 99 % are answered", p99, wide}
	case c.Share > 0:
		return Cost{"µs until 99.9 % are answered", func(r Round) float64 { return r.P999 }, wide}
	}
	return Cost{"µs of CPU", cpu, narrow}
}

func perSecond(r Round) float64 { return r.PerSecond }
func p50(r Round) float64       { return r.P50 }
func p99(r Round) float64       { return r.P99 }
