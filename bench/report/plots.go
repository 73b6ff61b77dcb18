// Which plots there are, and what they show.

package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Plots draw the report, by file name. A plot for which nothing was measured is nil.
var Plots = map[string]func(*Report) []byte{
	"cpu.svg": cpuPlot, "latency.svg": latencyPlot, "memory.svg": memoryPlot, "scaling.svg": scalingPlot,
}

// PlotNames are the plots in the order of the report.
var PlotNames = []string{"cpu.svg", "latency.svg", "memory.svg", "scaling.svg"}

var plotTitles = map[string]string{
	"cpu.svg":     "CPU per request",
	"latency.svg": "Latency",
	"memory.svg":  "Memory by connections",
	"scaling.svg": "CPU per request as connections grow",
}

// lines makes a series of each server for which points has any.
func (r *Report) lines(points func(server string) []sample) []series {
	var all []series
	for _, s := range r.Servers {
		if p := points(s.Name); len(p) > 0 {
			all = append(all, series{s.Name, s.Title, s.Floor, p})
		}
	}
	return all
}

// reach returns the least and the most of what is drawn along y.
func reach(all []series) (least, most float64) {
	least = math.Inf(1)
	for _, s := range all {
		for _, p := range s.points {
			least, most = min(least, p.y), max(most, p.y, p.high)
			if p.low > 0 {
				least = min(least, p.low)
			}
		}
	}
	return least, most
}

// scaled returns points from the cases in which connections grow.
func (r *Report) scaled(of func(*Figures) sample) []series {
	return r.lines(func(server string) []sample {
		var points []sample
		for i := range r.Cases {
			c := &r.Cases[i]
			if f := r.figures(c.ID, server); f != nil && strings.HasPrefix(c.ID, "scale-") {
				p := of(f)
				p.x = float64(c.Conns)
				points = append(points, p)
			}
		}
		return points
	})
}

func connectionAxis(all []series) axis {
	least, most := math.Inf(1), 0.0
	for _, s := range all {
		for _, p := range s.points {
			least, most = min(least, p.x), max(most, p.x)
		}
	}
	a := logarithmic("connections", least, most, short)
	a.ticks = a.ticks[:0]
	for n := least; n <= most; n *= 10 {
		a.ticks = append(a.ticks, tick{n, short(n)})
	}
	return a
}

func scalingPlot(r *Report) []byte {
	all := r.scaled(func(f *Figures) sample { return sample{y: f.CPU.Median, low: f.CPU.Min, high: f.CPU.Max} })
	if len(all) == 0 {
		return nil
	}
	c := newCanvas(960, 460)
	c.heading("CPU per request as connections grow", "Microseconds, user and system; medians with their spread. "+
		"A fifth of the connections is active at a time. Dashed: the floors, which do not parse.")
	_, most := reach(all)
	ch := chart{left: 84, top: 100, w: 960 - 84 - names - 20, h: 290, x: connectionAxis(all),
		y: linear("µs of CPU per request", most), series: all}
	ch.draw(c)
	return c.bytes(plotTitles["scaling.svg"])
}

func latencyPlot(r *Report) []byte {
	var panels []*Case
	for _, id := range []string{"paced", "get-64"} {
		if c := r.Case(id); c != nil && len(r.curves(c)) > 0 {
			panels = append(panels, c)
		}
	}
	if len(panels) == 0 {
		return nil
	}
	c := newCanvas(960, 100+float64(len(panels))*350)
	c.heading("Latency", "How long the given share of the responses took at most. All rounds together; both axes are logarithmic.")
	for i, of := range panels {
		all := r.curves(of)
		least, most := reach(all)
		title := of.Topic + ": " + of.Title
		if of.Rate == 0 {
			title += ", as fast as each server answers"
		}
		ch := chart{left: 84, top: 110 + 350*float64(i), w: 960 - 84 - names - 20, h: 250, title: title, x: quantileAxis(all),
			y: logarithmic("microseconds", least, most, short), series: all}
		ch.draw(c)
	}
	return c.bytes(plotTitles["latency.svg"])
}

func (r *Report) curves(of *Case) []series {
	return r.lines(func(server string) []sample {
		result := of.Result(server)
		if result == nil || result.State != Timed {
			return nil
		}
		var points []sample
		for _, p := range result.Curve {
			if p.Quantile >= 0.5 {
				points = append(points, sample{x: p.Quantile, y: max(p.Micros, 0.1)})
			}
		}
		return points
	})
}

// quantileAxis gives every further nine the same room.
func quantileAxis(all []series) axis {
	most := 0.9
	for _, s := range all {
		most = max(most, s.points[len(s.points)-1].x)
	}
	nines := func(q float64) float64 { return -math.Log10(1 - q) }
	low, high := nines(0.5), nines(most)
	a := axis{title: "share of the responses", at: func(q float64) float64 { return (nines(q) - low) / (high - low) }}
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999} {
		if q <= most {
			a.ticks = append(a.ticks, tick{q, strconv.FormatFloat(q*100, 'f', -1, 64) + " %"})
		}
	}
	return a
}

func memoryPlot(r *Report) []byte {
	idle := r.Case("idle")
	all := r.scaled(func(f *Figures) sample {
		return sample{y: f.RSS.Median / (1 << 20), low: f.RSS.Min / (1 << 20), high: f.RSS.Max / (1 << 20)}
	})
	c := newCanvas(960, 100)
	c.heading("Memory by connections", "Medians with their spread.")
	y := 76.0
	if idle != nil {
		y = r.drawIdle(c, idle, y)
	}
	if len(all) > 0 {
		least, most := reach(all)
		ch := chart{left: 84, top: y + 34, w: 960 - 84 - names - 20, h: 260,
			title: "Resident memory under load, a fifth of the connections active", x: connectionAxis(all),
			y: logarithmic("MiB", least, most, short), series: all}
		ch.draw(c)
		y += 350
	}
	if y == 76 {
		return nil
	}
	c.h = y + 6
	return c.bytes(plotTitles["memory.svg"])
}

// drawIdle draws two bars for each server, at one second and at five, and returns where it ends.
func (r *Report) drawIdle(c *canvas, idle *Case, y float64) float64 {
	const left, w, bar = 190.0, 640.0, 13.0
	most := 0.0
	for i := range idle.Results {
		if f := idle.Results[i].Figures; f != nil && idle.Results[i].State == Timed {
			most = max(most, f.Idle1.Max, f.Idle5.Max)
		}
	}
	if most == 0 {
		return y
	}
	c.text(24, y+16, fmt.Sprintf("Bytes per idle connection, %s connections: at 1 s (pale) and at 5 s", number(float64(idle.Conns))),
		style{size: 13, weight: 600})
	y += 34
	for i := range idle.Results {
		f := idle.Results[i].Figures
		if f == nil || idle.Results[i].State != Timed {
			continue
		}
		server := idle.Results[i].Server
		c.text(left-10, y+17, r.title(server), style{anchor: "end"})
		for j, s := range []struct{ median, low, high float64 }{
			{f.Idle1.Median, f.Idle1.Min, f.Idle1.Max}, {f.Idle5.Median, f.Idle5.Min, f.Idle5.Max}} {
			opacity := []float64{0.45, 1}[j]
			at := y + float64(j)*bar
			c.rect(left, at, w*max(s.median, 0)/most, bar-1, colour(server), opacity)
			end := left + w*max(s.median, 0)/most
			if s.high > s.low {
				c.whisker(left+w*max(s.low, 0)/most, left+w*max(s.high, 0)/most, at+bar/2)
				end = left + w*max(s.high, 0)/most
			}
			c.text(end+7, at+10, number(s.median), style{size: 11, fill: muted})
		}
		y += 2*bar + 9
	}
	return y + 16
}
