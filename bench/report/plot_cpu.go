// CPU per request: a panel for each case, a bar for each server.

package report

import "fmt"

// cpuCases are the cases that have a panel.
var cpuCases = []string{
	"get-64", "pipelined-64", "browser-same",
	"browser-vary", "json", "tls",
	"upload-1k", "upload-64k", "upload-16m",
	"upload-16m-chunked", "leftover-64k", "leftover-200k",
	"refused-16m", "response-1k", "response-64k",
	"response-1m", "file-1m", "sleep",
}

const (
	columns    = 3
	panelWidth = 356.0
	barHeight  = 17.0
	panelHead  = 44.0
	nameWidth  = 142.0
	valueWidth = 52.0
)

func cpuPlot(r *Report) []byte {
	var panels []*Case
	for _, id := range cpuCases {
		if c := r.Case(id); c != nil && mostCPU(c) > 0 {
			panels = append(panels, c)
		}
	}
	if len(panels) == 0 {
		return nil
	}
	c := newCanvas(columns*panelWidth+40, 0)
	c.heading("CPU per request", "Microseconds of the server's processor time: solid in the program, pale in the system. "+
		"Medians with their spread; each panel has its own scale.")
	y := 78.0
	for from := 0; from < len(panels); from += columns {
		height := 0.0
		for i, p := range panels[from:min(from+columns, len(panels))] {
			height = max(height, r.drawPanel(c, p, 24+float64(i)*panelWidth, y))
		}
		y += height
	}
	c.h = y + 4
	return c.bytes(plotTitles["cpu.svg"])
}

// mostCPU returns where a panel's scale must end.
func mostCPU(c *Case) float64 {
	most := 0.0
	for i := range c.Results {
		if f := c.Results[i].Figures; f != nil && c.Results[i].State == Timed {
			most = max(most, min(f.CPU.Max, 1.5*f.CPU.Median))
		}
	}
	return most
}

// drawPanel draws one case and returns its height.
func (r *Report) drawPanel(c *canvas, of *Case, x, y float64) float64 {
	c.text(x, y+13, of.Topic, style{size: 13, weight: 600})
	c.text(x, y+29, of.Title, style{size: 11, fill: muted})
	left, w := x+nameWidth, panelWidth-nameWidth-valueWidth-24
	most := mostCPU(of)
	at := y + panelHead
	for i := range of.Results {
		result := &of.Results[i]
		if result.State == Absent {
			continue
		}
		weight := 0
		if result.Server == spillway || result.Server == spillwayHandler {
			weight = 600
		}
		c.text(left-8, at+12, r.title(result.Server), style{size: 11, anchor: "end", weight: weight})
		switch f := result.Figures; {
		case result.State == Timed && f != nil:
			drawBar(c, f, colour(result.Server), left, at, w/most, w)
		case result.State == Wrong:
			c.text(left, at+12, "answers wrongly", style{size: 11, fill: alarm})
		default:
			c.text(left, at+12, "not measured", style{size: 11, fill: muted})
		}
		at += barHeight
	}
	c.line(left, y+panelHead-3, left, at-1, shadow, 1)
	return at - y + 22
}

// drawBar draws user and system time, the spread, and the figure.
func drawBar(c *canvas, f *Figures, fill string, left, y, scale, w float64) {
	user := f.User * scale
	c.rect(left, y+1, user, barHeight-5, fill, 1)
	c.rect(left+user, y+1, f.CPU.Median*scale-user, barHeight-5, fill, 0.5)
	end := left + f.CPU.Median*scale
	if f.CPU.Max > f.CPU.Min {
		high := min(f.CPU.Max*scale, w+6)
		c.whisker(left+f.CPU.Min*scale, left+high, y+1+(barHeight-5)/2)
		end = max(end, left+high)
	}
	c.text(end+6, y+11, fmt.Sprint(number(f.CPU.Median)), style{size: 11, fill: muted})
}
