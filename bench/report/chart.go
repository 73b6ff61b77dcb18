// A chart of lines: two axes, a series per server, its name where its line ends.

package report

import (
	"math"
	"slices"
	"strconv"
)

// axis maps values to 0…1.
type axis struct {
	title string
	at    func(v float64) float64
	ticks []tick
}

type tick struct {
	value float64
	label string
}

// linear returns an axis from 0 to at least most.
func linear(title string, most float64) axis {
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, finer := range []float64{5, 4, 2} {
		if most/step*finer <= 8 {
			step /= finer
			break
		}
	}
	top := math.Ceil(most/step) * step
	a := axis{title: title, at: func(v float64) float64 { return v / top }}
	for v := 0.0; v <= top+step/2; v += step {
		a.ticks = append(a.ticks, tick{v, strconv.FormatFloat(v, 'g', 6, 64)})
	}
	return a
}

// logarithmic returns an axis whose ends are powers of ten, or their halves and fifths.
func logarithmic(title string, least, most float64, label func(float64) string) axis {
	low, high := roundDown(least), roundUp(most)
	if high <= low {
		high = low * 10
	}
	a := axis{title: title, at: func(v float64) float64 { return math.Log(v/low) / math.Log(high/low) }}
	for v := math.Pow(10, math.Floor(math.Log10(low))); v <= high*1.001; v *= 10 {
		for _, part := range []float64{1, 2, 5} {
			if x := v * part; x >= low*0.999 && x <= high*1.001 && (part == 1 || high/low <= 3000) {
				a.ticks = append(a.ticks, tick{x, label(x)})
			}
		}
	}
	return a
}

func roundDown(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, part := range []float64{5, 2} {
		if v >= power*part {
			return power * part
		}
	}
	return power
}

func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, part := range []float64{1, 2, 5} {
		if v <= power*part*1.0001 {
			return power * part
		}
	}
	return power * 10
}

// series is a server's line.
type series struct {
	server string
	name   string
	floor  bool
	points []sample
}

// sample is a point with its spread; without one, low and high are 0.
type sample struct{ x, y, low, high float64 }

// chart is where lines are drawn.
type chart struct {
	left, top, w, h float64
	title           string
	x, y            axis
	series          []series
}

// names is how much room the names need beside a chart.
const names = 150

func (ch *chart) px(v float64) float64 { return ch.left + ch.w*ch.x.at(v) }
func (ch *chart) py(v float64) float64 { return ch.top + ch.h*(1-ch.y.at(v)) }

func (ch *chart) draw(c *canvas) {
	c.text(ch.left, ch.top-14, ch.title, style{size: 13, weight: 600})
	for _, t := range ch.y.ticks {
		c.line(ch.left, ch.py(t.value), ch.left+ch.w, ch.py(t.value), faint, 1)
		c.text(ch.left-8, ch.py(t.value)+4, t.label, style{size: 11, fill: muted, anchor: "end"})
	}
	for _, t := range ch.x.ticks {
		c.line(ch.px(t.value), ch.top+ch.h, ch.px(t.value), ch.top+ch.h+4, shadow, 1)
		c.text(ch.px(t.value), ch.top+ch.h+18, t.label, style{size: 11, fill: muted, anchor: "middle"})
	}
	c.line(ch.left, ch.top+ch.h, ch.left+ch.w, ch.top+ch.h, shadow, 1)
	c.text(ch.left+ch.w/2, ch.top+ch.h+38, ch.x.title, style{fill: muted, anchor: "middle"})
	c.text(ch.left-58, ch.top+ch.h/2, ch.y.title, style{fill: muted, anchor: "middle", turned: true})
	for _, s := range slices.Backward(ch.series) {
		ch.drawSeries(c, s)
	}
	ch.drawNames(c)
}

func (ch *chart) drawSeries(c *canvas, s series) {
	line := make([][2]float64, len(s.points))
	for i, p := range s.points {
		line[i] = [2]float64{ch.px(p.x), ch.py(p.y)}
		if p.high > p.low {
			c.line(line[i][0], ch.py(p.low), line[i][0], ch.py(p.high), colour(s.server), 1)
		}
	}
	dash := ""
	if s.floor {
		dash = "5 4"
	}
	c.path(line, colour(s.server), dash)
	for _, p := range line {
		c.dot(p[0], p[1], 3, colour(s.server))
	}
}

// drawNames writes each series' name at its end, moved so that none covers another.
func (ch *chart) drawNames(c *canvas) {
	type name struct {
		series
		y float64
	}
	var all []name
	for _, s := range ch.series {
		all = append(all, name{s, ch.py(s.points[len(s.points)-1].y) + 4})
	}
	slices.SortFunc(all, func(a, b name) int { return int(math.Copysign(1, a.y-b.y)) })
	const gap = 14
	for i := 1; i < len(all); i++ {
		all[i].y = max(all[i].y, all[i-1].y+gap)
	}
	if n := len(all); n > 0 { // those pushed below the chart push back
		all[n-1].y = min(all[n-1].y, ch.top+ch.h+4)
		for i := n - 2; i >= 0; i-- {
			all[i].y = min(all[i].y, all[i+1].y-gap)
		}
	}
	for _, s := range all {
		last := s.points[len(s.points)-1]
		c.line(ch.px(last.x)+5, ch.py(last.y), ch.left+ch.w+12, s.y-4, faint, 1)
		c.rect(ch.left+ch.w+14, s.y-9, 9, 9, colour(s.server), 1)
		c.text(ch.left+ch.w+28, s.y, s.name, style{})
	}
}
