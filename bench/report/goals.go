// What spillway is meant to reach, and where it is worse than a peer: both are said by the figures.

package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spillway-go/spillway/bench/stat"
)

// The names of spillway's own entries.
const (
	spillway        = "spillway"
	spillwayHandler = "spillway-handler"
	fastStreaming   = "fasthttp-stream"
)

// goal is a bound for a server's figure in a case: as a ratio to the same figure of another server or case, or in itself.
type goal struct {
	what   string
	server string
	caseID string
	figure figure
	to     string // a server, or "" if the bound is in itself
	toCase string // another case, or ""
	most   float64
	least  float64 // where not 0: more is better, and this is the bound
}

// figure is what a goal is about.
type figure func(Round) float64

func cpu(r Round) float64        { return r.CPU }
func idle1(r Round) float64      { return r.Idle1 }
func idle5(r Round) float64      { return r.Idle5 }
func goroutines(r Round) float64 { return float64(r.Goroutines) }

func allocations(r Round) float64 {
	if r.Allocations == nil {
		return math.NaN()
	}
	return *r.Allocations
}

var goals = []goal{
	{"small GET, CPU", spillway, "get-64", cpu, FloorA, "", 0.95, 0},
	{"small GET, CPU", spillway, "get-64", cpu, FastHTTP, "", 0.90, 0},
	{"small GET, CPU", spillway, "get-64", cpu, NetHTTP, "", 0.48, 0},
	{"pipelined by 16, CPU", spillway, "pipelined-64", cpu, FastHTTP, "", 0.42, 0},
	{"pipelined by 16, CPU", spillway, "pipelined-64", cpu, NetHTTP, "", 0.06, 0},
	{"19 fields, the same, CPU", spillway, "browser-same", cpu, FloorA, "", 1.0, 0},
	{"19 fields, the same, CPU", spillway, "browser-same", cpu, FastHTTP, "", 0.70, 0},
	{"19 fields, the same, CPU", spillway, "browser-same", cpu, NetHTTP, "", 0.36, 0},
	{"19 fields, differing, CPU", spillway, "browser-vary", cpu, FloorA, "", 1.03, 0},
	{"upload of 16 MiB, CPU", spillway, "upload-16m", cpu, NetHTTP, "", 0.70, 0},
	{"upload of 16 MiB, CPU", spillway, "upload-16m", cpu, fastStreaming, "", 0.75, 0},
	{"upload of 16 MiB in chunks, CPU", spillway, "upload-16m-chunked", cpu, NetHTTP, "", 0.70, 0},
	{"upload of 16 MiB in chunks, CPU", spillway, "upload-16m-chunked", cpu, fastStreaming, "", 0.75, 0},
	{"upload of 64 KiB, CPU", spillway, "upload-64k", cpu, NetHTTP, "", 0.45, 0},
	{"upload of 1 KiB, CPU", spillway, "upload-1k", cpu, NetHTTP, "", 0.40, 0},
	{"leftover of 64 KiB, CPU", spillway, "leftover-64k", cpu, NetHTTP, "", 0.7, 0},
	{"http.Handler, small GET, CPU", spillwayHandler, "get-64", cpu, NetHTTP, "", 0.52, 0},
	{"http.Handler, small GET, allocations", spillwayHandler, "get-64", allocations, "", "", 8, 0},
	{"native, small GET, allocations", spillway, "get-64", allocations, "", "", 0.05, 0},
	{"idle at 1 s, bytes a connection", spillway, "idle", idle1, "", "", 4000, 0},
	{"idle at 5 s, bytes a connection", spillway, "idle", idle5, "", "", 1000, 0},
	{"goroutines with 10,000 connections idle", spillway, "idle", goroutines, "", "", 49, 0},
	{"10,000 connections against 100, CPU", spillway, "scale-10000", cpu, "", "scale-100", 1.5, 0},
	{"10,000 connections, a fifth active, CPU", spillway, "scale-10000", cpu, FloorA, "", 1.2, 0},
	{"10,000 connections, a fifth active, CPU", spillway, "scale-10000", cpu, FastHTTP, "", 1.0, 0},
	{"http.Handler, pipelined by 16, CPU", spillwayHandler, "pipelined-64", cpu, FastHTTP, "", 1.1, 0},
	{"http.Handler, 19 fields, differing, CPU", spillwayHandler, "browser-vary", cpu, NetHTTP, "", 0.48, 0},
	{"http.Handler, TLS, CPU", spillwayHandler, "tls", cpu, NetHTTP, "", 0.55, 0},
	{"content in chunks of one byte, CPU", spillway, "upload-4k-bytes", cpu, NetHTTP, "", 1.0, 0},
	{"http.Handler, idle at 5 s, bytes a connection", spillwayHandler, "idle", idle5, "", "", 1100, 0},
	{"a lone GET beside 200 that pipeline, one core, median, µs", spillway, "fair-pipelined-1", p50, "", "", 50000, 0},
	{"a lone GET beside 200 that pipeline, two cores, median, µs", spillway, "fair-pipelined-2", p50, "", "", 50000, 0},
	{"a lone GET beside 64 of 1 MiB, one core, median, µs", spillway, "fair-1m-1", p50, "", "", 50000, 0},
	{"a lone GET beside 64 of 1 MiB, two cores, median, µs", spillway, "fair-1m-2", p50, "", "", 50000, 0},
	{"a lone GET beside 200 that pipeline, two cores, 99 %, µs", spillway, "fair-pipelined-2", p99, "", "", 5000, 0},
	{"a lone GET beside 64 of 1 MiB, two cores, 99 %, µs", spillway, "fair-1m-2", p99, "", "", 5000, 0},
	{"a lone GET beside 200 that pipeline, one core, 99 %", spillway, "fair-pipelined-1", p99, NetHTTP, "", 1.0, 0},
	{"a lone GET beside 200 that pipeline, two cores, 99 %", spillway, "fair-pipelined-2", p99, NetHTTP, "", 1.0, 0},
	{"a lone GET beside 64 of 1 MiB, one core, 99 %", spillway, "fair-1m-1", p99, NetHTTP, "", 1.0, 0},
	{"a lone GET beside 64 of 1 MiB, two cores, 99 %", spillway, "fair-1m-2", p99, NetHTTP, "", 1.0, 0},
	{"small GET, two cores against one, requests per second", spillway, "cores-get-2", perSecond, "", "cores-get-1", 0, 1.8},
	{"pipelined by 16, two cores against one, requests per second", spillway, "cores-pipelined-2", perSecond, "", "cores-pipelined-1", 0,
		1.8},
}

// outcome is a goal and what became of it.
type outcome struct {
	goal
	value float64 // the figure, or its ratio
	known bool
}

func (o outcome) met() bool {
	if o.least > 0 {
		return o.known && o.value >= o.least
	}
	return o.known && o.value <= o.most
}

// outcomes compares the goals with the medians; ratios are taken round by round, as everywhere.
func (r *Report) outcomes() []outcome {
	all := make([]outcome, len(goals))
	for i, g := range goals {
		values := r.byRound(g.caseID, g.server, g.figure)
		var of stat.Summary
		if g.relative() {
			of = stat.Ratios(values, r.byRound(cmp.Or(g.toCase, g.caseID), cmp.Or(g.to, g.server), g.figure))
		} else {
			of = stat.Of(slices.Collect(maps.Values(values)))
		}
		all[i] = outcome{goal: g, value: of.Median, known: of.N > 0}
	}
	return all
}

// relative reports whether the goal is a ratio.
func (g *goal) relative() bool { return g.to != "" || g.toCase != "" }

// byRound returns a server's figures in a case, by round.
func (r *Report) byRound(id, server string, of figure) map[int]float64 {
	c := r.Case(id)
	if c == nil {
		return nil
	}
	result := c.Result(server)
	if result == nil || result.State != Timed {
		return nil
	}
	by := map[int]float64{}
	for _, round := range result.Rounds {
		by[round.Round] = of(round)
	}
	return by
}

// figures returns a server's figures in a case, or nil.
func (r *Report) figures(id, server string) *Figures {
	c := r.Case(id)
	if c == nil {
		return nil
	}
	if result := c.Result(server); result != nil && result.State == Timed {
		return result.Figures
	}
	return nil
}

// worse returns a line for each case in which one of spillway's entries costs more than peers. A difference that may be chance
// is not one.
func (r *Report) worse() []string {
	var all []string
	for i := range r.Cases {
		c := &r.Cases[i]
		for _, own := range subjects {
			if better := r.better(c, own); len(better) > 0 {
				cost := CostOf(&c.Case)
				all = append(all, fmt.Sprintf("%s, %s: %s costs %s %s, against %s.", c.Topic, c.Title, r.title(own),
					number(r.median(c, own)), cost.Unit, strings.Join(better, ", ")))
			}
		}
	}
	return all
}

// better returns the peers that cost less than one of spillway's entries, and what they cost: those for which the ratio is
// above 1 with a probability of 95 %.
func (r *Report) better(c *Case, own string) (all []string) {
	mine := c.costs(c.Result(own))
	for _, s := range r.Servers {
		if s.Floor || slices.Contains(subjects, s.Name) {
			continue
		}
		ratios := stat.RatioValues(mine, c.costs(c.Result(s.Name)))
		if low, _ := stat.Interval(ratios); low > 1 {
			all = append(all, fmt.Sprintf("%s with %s (%.2f times)", s.Title, number(r.median(c, s.Name)), stat.Of(ratios).Median))
		}
	}
	return all
}

// median returns what a server costs in a case.
func (r *Report) median(c *Case, server string) float64 {
	return stat.Of(slices.Collect(maps.Values(c.costs(c.Result(server))))).Median
}

// title returns a server's title.
func (r *Report) title(name string) string {
	for _, s := range r.Servers {
		if s.Name == name {
			return s.Title
		}
	}
	return name
}
