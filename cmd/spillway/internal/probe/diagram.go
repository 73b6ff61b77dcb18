// The diagram: two lifelines, and an arrow for each step between them.

package probe

import (
	"fmt"
	"strings"
)

const (
	leftLine    = 150 // x of the client's lifeline
	rightLine   = 690 // x of the server's
	diagramWide = 840
	rowHigh     = 44 // of a step with one line of text
	lineHigh    = 15 // of each more
	mostRows    = 40 // steps drawn
	mostLines   = 8  // of text for a step
	mostStray   = 6  // and of its stray text
	mostText    = 68 // characters of a line of text
)

// diagram is a drawing in SVG's units, from the top left corner.
type diagram struct {
	Wide, High, Left, Right int
	Rows                    []row
	More                    int // steps that are not drawn
}

// row is one arrow.
type row struct {
	Y      int // of the arrow
	X1, X2 int // from where to where it goes
	Time   string
	TimeX  int
	Anchor string // of the time's text
	Class  string // of the arrow: client, server, stray, rst
	Text   []textLine
	Dashed bool // an end of stream
	Broken bool // a reset
	Remark bool // no arrow
	TextX  int
	Bytes  string
}

type textLine struct {
	Y     int
	Text  string
	Class string // red: it belongs to no request; more: it stands for what is not shown
}

func draw(steps []Step) diagram {
	d := diagram{Wide: diagramWide, Left: leftLine, Right: rightLine}
	y := 34
	for i, st := range steps {
		if i == mostRows {
			d.More = len(steps) - i
			y += lineHigh
			break
		}
		r := newRow(st, y)
		y = r.Y + rowHigh - 2*lineHigh
		d.Rows = append(d.Rows, r)
	}
	d.High = y + 24
	return d
}

// newRow lays a step out below y: its text, and the arrow under it.
func newRow(st Step, y int) row {
	r := row{
		X1: leftLine, X2: rightLine, Time: fmt.Sprintf("%.1f ms", st.Millis), TimeX: leftLine - 10, Anchor: "end", Class: st.From,
		TextX: leftLine + 14, Dashed: st.Kind == "fin", Broken: st.Kind == "rst", Remark: st.Kind == "remark",
	}
	if st.From == "server" {
		r.X1, r.X2, r.TimeX, r.Anchor = rightLine, leftLine, rightLine+10, "start"
	}
	if st.Bytes > 0 {
		r.Bytes = fmt.Sprintf("%d bytes", st.Bytes)
	}
	y += lineHigh
	add := func(lines []string, most int, class string) {
		for i, text := range lines {
			if i == most-1 && len(lines) > most {
				text, class = fmt.Sprintf("… %d lines more", len(lines)-i), "more"
			}
			if i == most {
				return
			}
			r.Text = append(r.Text, textLine{Y: y, Text: shorten(text), Class: class})
			y += lineHigh
		}
	}
	add(st.Lines, mostLines, "")
	add(st.Stray, mostStray, "red")
	switch {
	case len(st.Stray) > 0 && len(st.Lines) == 0:
		r.Class = "stray"
	case r.Broken:
		r.Class = "rst"
	}
	r.Y = y - lineHigh + 6
	return r
}

// shorten cuts a line of notation to what fits the diagram.
func shorten(text string) string {
	if side, rest, _ := strings.Cut(text, " "); side == "C:" || side == "S:" {
		text = rest
	}
	if runes := []rune(text); len(runes) > mostText {
		return string(runes[:mostText-1]) + "…"
	}
	return text
}
