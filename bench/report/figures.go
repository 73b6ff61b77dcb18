// Figures come from rounds in this file only.

package report

import (
	"math"

	"github.com/spillway-go/spillway/bench/stat"
)

// Quantiles are the points of the latency curves.
var Quantiles = []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999}

// Complete makes the figures from the rounds.
func (r *Report) Complete() {
	for i := range r.Cases {
		r.Cases[i].Complete()
	}
}

// Complete makes the figures from the rounds.
func (c *Case) Complete() {
	by := map[string]map[int]float64{}
	for _, to := range References {
		by[to] = c.costs(c.Result(to))
	}
	for j := range c.Results {
		result := &c.Results[j]
		if len(result.Rounds) == 0 {
			continue
		}
		result.complete()
		own := c.costs(result)
		for _, to := range References {
			if s := stat.Ratios(own, by[to]); s.N > 0 {
				result.Figures.Ratios[to] = s
			}
		}
	}
}

// Result returns a server's result, or nil.
func (c *Case) Result(server string) *Result {
	for i := range c.Results {
		if c.Results[i].Server == server {
			return &c.Results[i]
		}
	}
	return nil
}

// Case returns the case with this ID, or nil.
func (r *Report) Case(id string) *Case {
	for i := range r.Cases {
		if r.Cases[i].ID == id {
			return &r.Cases[i]
		}
	}
	return nil
}

// costs returns what a server cost in the case, by round.
func (c *Case) costs(r *Result) map[int]float64 {
	if r == nil || r.State != Timed {
		return nil
	}
	of := CostOf(&c.Case).Of
	by := map[int]float64{}
	for _, round := range r.Rounds {
		by[round.Round] = of(round)
	}
	return by
}

func (r *Result) complete() {
	of := func(value func(Round) float64) stat.Summary {
		v := make([]float64, len(r.Rounds))
		for i, round := range r.Rounds {
			v[i] = value(round)
		}
		return stat.Of(v)
	}
	f := &Figures{
		PerSecond:  of(func(r Round) float64 { return r.PerSecond }),
		CPU:        of(func(r Round) float64 { return r.CPU }),
		P50:        of(func(r Round) float64 { return r.P50 }),
		P99:        of(func(r Round) float64 { return r.P99 }),
		P999:       of(func(r Round) float64 { return r.P999 }),
		RSS:        of(func(r Round) float64 { return r.RSS }),
		Idle1:      of(func(r Round) float64 { return r.Idle1 }),
		Idle5:      of(func(r Round) float64 { return r.Idle5 }),
		Released:   of(func(r Round) float64 { return r.Released }),
		Goroutines: of(func(r Round) float64 { return float64(r.Goroutines) }),
		Reconnects: of(func(r Round) float64 { return r.Reconnects }),
		Ratios:     map[string]stat.Summary{},
	}
	allocations := of(func(r Round) float64 {
		if r.Allocations == nil {
			return math.NaN()
		}
		return *r.Allocations
	})
	if allocations.N > 0 {
		f.Allocations = &allocations
	}
	var user, system int64
	saturated := 0
	for _, round := range r.Rounds {
		user += round.UserTicks
		system += round.SystemTicks
		if round.Saturated() {
			saturated++
		}
	}
	if ticks := user + system; ticks > 0 {
		f.User = f.CPU.Median * float64(user) / float64(ticks)
		f.System = f.CPU.Median - f.User
	}
	f.User, f.System = stat.Round(f.User), stat.Round(f.System)
	f.Saturated = 2*saturated > len(r.Rounds)
	r.Figures = f
	if r.Latency.N() == 0 { // none was measured, or the report was read from disk, which has the curve
		return
	}
	r.Curve = r.Curve[:0]
	for _, q := range Quantiles {
		if float64(r.Latency.N())*(1-q) >= 5 { // fewer say nothing
			r.Curve = append(r.Curve, Point{q, stat.Round(float64(r.Latency.Quantile(q)) / 1e3)})
		}
	}
}
