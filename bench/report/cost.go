// What a case is about: the one figure in which servers are compared in it.

package report

import "github.com/spillway-go/spillway/bench/cases"

// Cost is a figure of which less is better.
type Cost struct {
	Unit string
	Of   func(Round) float64
}

// CostOf returns what a server's figure in a case is.
func CostOf(c *cases.Case) Cost {
	switch {
	case c.Idle:
		return Cost{"bytes a connection", idle5}
	case len(c.Crowd) > 0:
		return Cost{"µs until 99 %", func(r Round) float64 { return r.P99 }}
	}
	return Cost{"µs of CPU", cpu}
}

func perSecond(r Round) float64 { return r.PerSecond }
