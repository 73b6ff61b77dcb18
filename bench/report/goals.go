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
	fastHTTP        = "fasthttp"
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
	{"small GET, CPU", spillway, "get-64", cpu, FloorA, "", 0.95},
	{"small GET, CPU", spillway, "get-64", cpu, fastHTTP, "", 0.90},
	{"small GET, CPU", spillway, "get-64", cpu, NetHTTP, "", 0.48},
	{"pipelined by 16, CPU", spillway, "pipelined-64", cpu, fastHTTP, "", 0.45},
	{"pipelined by 16, CPU", spillway, "pipelined-64", cpu, NetHTTP, "", 0.06},
	{"19 fields, the same, CPU", spillway, "browser-same", cpu, FloorA, "", 1.0},
	{"19 fields, the same, CPU", spillway, "browser-same", cpu, fastHTTP, "", 0.70},
	{"19 fields, the same, CPU", spillway, "browser-same", cpu, NetHTTP, "", 0.36},
	{"19 fields, differing, CPU", spillway, "browser-vary", cpu, FloorA, "", 1.06},
	{"upload of 16 MiB, CPU", spillway, "upload-16m", cpu, NetHTTP, "", 0.70},
	{"upload of 16 MiB, CPU", spillway, "upload-16m", cpu, fastStreaming, "", 0.75},
	{"upload of 16 MiB in chunks, CPU", spillway, "upload-16m-chunked", cpu, NetHTTP, "", 0.70},
	{"upload of 16 MiB in chunks, CPU", spillway, "upload-16m-chunked", cpu, fastStreaming, "", 0.75},
	{"upload of 64 KiB, CPU", spillway, "upload-64k", cpu, NetHTTP, "", 0.45},
	{"upload of 1 KiB, CPU", spillway, "upload-1k", cpu, NetHTTP, "", 0.40},
	{"leftover of 64 KiB, CPU", spillway, "leftover-64k", cpu, NetHTTP, "", 0.7},
	{"http.Handler, small GET, CPU", spillwayHandler, "get-64", cpu, NetHTTP, "", 0.60},
	{"http.Handler, small GET, allocations", spillwayHandler, "get-64", allocations, "", "", 8},
	{"native, small GET, allocations", spillway, "get-64", allocations, "", "", 0.05},
	{"idle at 1 s, bytes a connection", spillway, "idle", idle1, "", "", 4000},
	{"idle at 5 s, bytes a connection", spillway, "idle", idle5, "", "", 1200},
	{"goroutines with 10,000 connections idle", spillway, "idle", goroutines, "", "", 49},
	{"10,000 connections against 100, CPU", spillway, "scale-10000", cpu, "", "scale-100", 1.5},
}

// outcome is a goal and what became of it.
type outcome struct {
	goal
	value float64 // the figure, or its ratio
	known bool
}

func (o outcome) met() bool { return o.known && o.value <= o.most }

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

// worse returns a line for each case in which one of spillway's entries costs more than peers. A difference within the
// spread of either is not one.
func (r *Report) worse() []string {
	var all []string
	for i := range r.Cases {
		c := &r.Cases[i]
		for _, own := range []string{spillway, spillwayHandler} {
			if better := r.better(c, own); len(better) > 0 {
				f, unit := r.figures(c.ID, own), "µs of CPU"
				cost := f.CPU.Median
				if c.Idle {
					cost, unit = f.Idle5.Median, "bytes a connection"
				}
				all = append(all, fmt.Sprintf("%s, %s: %s costs %s %s, against %s.", c.Topic, c.Title, r.title(own), number(cost), unit,
					strings.Join(better, ", ")))
			}
		}
	}
	return all
}

// better returns the peers that cost less than one of spillway's entries, and what they cost.
func (r *Report) better(c *Case, own string) (all []string) {
	mine := r.figures(c.ID, own)
	if mine == nil {
		return nil
	}
	for _, s := range r.Servers {
		peer := r.figures(c.ID, s.Name)
		if peer == nil || s.Floor || s.Name == spillway || s.Name == spillwayHandler {
			continue
		}
		a, b := mine.CPU, peer.CPU
		if c.Idle {
			a, b = mine.Idle5, peer.Idle5
		}
		if a.Min > b.Max {
			all = append(all, fmt.Sprintf("%s with %s (%.2f times)", s.Title, number(b.Median), a.Median/b.Median))
		}
	}
	return all
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
