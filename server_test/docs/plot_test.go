// The README's plot comes from the benchmark's committed results.

package docs_test

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"
)

// plotted are the cases of the README's plot, and what it calls them.
var plotted = []plottedCase{
	{"get-64", "small GET"},
	{"scale-10000", "10,000 connections"},
	{"browser-vary", "browser's GET, differing"},
	{"tls", "small GET over TLS"},
	{"leftover-64k", "64 KiB ignored, connection kept"},
	{"upload-64k", "64 KiB read"},
}

type plottedCase struct{ id, title string }

// TestPlot draws the README's plot: a group of bars for each case, those first in which spillway needs most of what the best peer does.
// Its colours follow the reader's, light or dark.
func TestPlot(t *testing.T) {
	r := benchmark(t)
	behind := func(id string) float64 {
		_, least := r.least(r.byID(t, id), "cpu_us")
		v, _ := r.byID(t, id).figure("spillway", "cpu_us")
		return v / least
	}
	slices.SortFunc(plotted, func(a, b plottedCase) int { return cmp.Compare(behind(b.id), behind(a.id)) })
	servers := []string{"spillway", "spillway-handler", "nethttp", "fasthttp", "nginx", "floor-a"}
	const left, width, bar, gap = 210.0, 400.0, 13.0, 14.0
	most := 0.0
	for _, p := range plotted {
		for _, s := range servers {
			v, _ := r.byID(t, p.id).figure(s, "cpu_us")
			most = max(most, v)
		}
	}
	var b strings.Builder
	y, column := 58.0, []int{0, 84, 248, 330, 412, 480}
	for i, s := range servers {
		fmt.Fprintf(&b, `<rect class="s%d" x="%d" y="30" width="10" height="10" rx="2"/><text x="%d" y="39">%s</text>`+"\n",
			i, 12+column[i], 27+column[i], html.EscapeString(r.title(s)))
	}
	for _, p := range plotted {
		top := y
		for i, s := range servers {
			v, _ := r.byID(t, p.id).figure(s, "cpu_us")
			if v == 0 {
				continue
			}
			fmt.Fprintf(&b, `<rect class="s%d" x="%.0f" y="%.1f" width="%.1f" height="%.0f" rx="1.5"/><text class="n" x="%.1f" y="%.1f">%s</text>`+"\n",
				i, left, y, v/most*width, bar-3, left+v/most*width+5, y+9, number(v))
			y += bar
		}
		fmt.Fprintf(&b, `<text class="c" x="%.0f" y="%.1f">%s</text>`+"\n", left-10, (top+y)/2+2, html.EscapeString(p.title))
		y += gap
	}
	kept(t, "docs/cpu.svg", fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 %[1]d" width="660" height="%[1]d" role="img" font-family="system-ui,sans-serif" font-size="12">
<title>Microseconds of processor time per request: less is better</title>
<style>
text{fill:#1f2430}.t{font-weight:600;font-size:13px}.n{fill:#667085;font-size:11px}.c{text-anchor:end}
.s0{fill:#0b63ce}.s1{fill:#63a9f2}.s2{fill:#e8793a}.s3{fill:#8250c4}.s4{fill:#2f9e5f}.s5{fill:#98a2b3}
@media (prefers-color-scheme:dark){text{fill:#e6e9ef}.n{fill:#a0a8b8}.s0{fill:#4a9bff}.s1{fill:#9ccbff}.s3{fill:#b48ae8}.s4{fill:#4fc383}}
</style>
<text class="t" x="12" y="18">Microseconds of processor time per request (less is better)</text>
%[2]s</svg>
`, int(y), b.String()))
}
