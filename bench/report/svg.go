// Plots are written as SVG by hand: a few shapes, one typeface, and nothing that a viewer would have to run.

package report

import (
	"bytes"
	"fmt"
	"html"
)

// The colours of what is not a server.
const (
	ink    = "#1f2430"
	muted  = "#667085"
	faint  = "#e4e7ec"
	paper  = "#ffffff"
	alarm  = "#b42318"
	shadow = "#98a2b3"
)

// colours are the servers'. Kin have shades of the same one, and the floors are grey.
var colours = map[string]string{
	spillway:        "#0b63ce",
	spillwayHandler: "#63a9f2",
	NetHTTP:         "#e8793a",
	FastHTTP:        "#8250c4",
	fastStreaming:   "#b99be0",
	Nginx:           "#2f9e5f",
	"hertz":         "#c94f7c",
	"gnet":          "#8a6d1f",
	FloorA:          "#8b93a1",
	"floor-b":       "#b9c0ca",
}

func colour(server string) string {
	if c, ok := colours[server]; ok {
		return c
	}
	return shadow
}

// canvas collects shapes.
type canvas struct {
	b    bytes.Buffer
	w, h float64
}

func newCanvas(w, h float64) *canvas { return &canvas{w: w, h: h} }

func (c *canvas) bytes(title string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" `+
		`font-family="system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif" font-size="12" fill="%s">`+
		"\n<title>%s</title>\n"+`<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n",
		c.w, c.h, c.w, c.h, ink, html.EscapeString(title), paper)
	b.Write(c.b.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (c *canvas) rect(x, y, w, h float64, fill string, opacity float64) {
	if w <= 0 || h <= 0 {
		return
	}
	fmt.Fprintf(&c.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"`, x, y, w, h, fill)
	if opacity < 1 {
		fmt.Fprintf(&c.b, ` fill-opacity="%.2f"`, opacity)
	}
	c.b.WriteString("/>\n")
}

func (c *canvas) line(x1, y1, x2, y2 float64, stroke string, width float64) {
	fmt.Fprintf(&c.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"/>`+"\n", x1, y1, x2, y2, stroke, width)
}

func (c *canvas) dot(x, y, r float64, fill string) {
	fmt.Fprintf(&c.b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" stroke="%s" stroke-width="1"/>`+"\n", x, y, r, fill, paper)
}

// path draws a line through points; dash may be "".
func (c *canvas) path(points [][2]float64, stroke, dash string) {
	c.b.WriteString(`<path d="`)
	for i, p := range points {
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		fmt.Fprintf(&c.b, "%s%.1f %.1f", verb, p[0], p[1])
	}
	fmt.Fprintf(&c.b, `" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"`, stroke)
	if dash != "" {
		fmt.Fprintf(&c.b, ` stroke-dasharray="%s"`, dash)
	}
	c.b.WriteString("/>\n")
}

// style is how a text looks.
type style struct {
	size   float64
	fill   string
	weight int
	anchor string // "start", "middle" or "end"
	turned bool   // upwards
}

func (c *canvas) text(x, y float64, s string, st style) {
	fmt.Fprintf(&c.b, `<text x="%.1f" y="%.1f"`, x, y)
	if st.size > 0 {
		fmt.Fprintf(&c.b, ` font-size="%.0f"`, st.size)
	}
	if st.fill != "" {
		fmt.Fprintf(&c.b, ` fill="%s"`, st.fill)
	}
	if st.weight > 0 {
		fmt.Fprintf(&c.b, ` font-weight="%d"`, st.weight)
	}
	if st.anchor != "" {
		fmt.Fprintf(&c.b, ` text-anchor="%s"`, st.anchor)
	}
	if st.turned {
		fmt.Fprintf(&c.b, ` transform="rotate(-90 %.1f %.1f)"`, x, y)
	}
	fmt.Fprintf(&c.b, ">%s</text>\n", html.EscapeString(s))
}

// heading draws a plot's title and the line below it.
func (c *canvas) heading(title, below string) {
	c.text(24, 34, title, style{size: 18, weight: 650})
	c.text(24, 54, below, style{fill: muted})
}

// whisker draws how far figures spread, along x.
func (c *canvas) whisker(x1, x2, y float64) {
	c.line(x1, y, x2, y, ink, 1)
	c.line(x1, y-3, x1, y+3, ink, 1)
	c.line(x2, y-3, x2, y+3, ink, 1)
}
