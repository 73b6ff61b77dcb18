// The page: the table, and a sequence diagram for each scenario. html/template escapes all that a server had a hand in.

package probe

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// writePage writes the report as one self-contained page.
func (r *Report) writePage(w io.Writer) error { return pageTemplate.Execute(w, newPage(r)) }

// page is the report as the template wants it.
type page struct {
	*Report
	Counts []count
	Groups []pageGroup
	Stray  bool // something is drawn red
}

type count struct {
	Verdict Verdict
	N       int
}

type pageGroup struct {
	Name    string
	Results []pageResult
}

type pageResult struct {
	Result
	Row     int
	Often   string
	Open    bool // the first of each fault
	Diagram diagram
}

func newPage(r *Report) page {
	p := page{Report: r}
	for _, v := range verdicts {
		n := r.count(v)
		if n > 0 {
			p.Counts = append(p.Counts, count{v, n})
		}
	}
	opened := map[Verdict]bool{}
	for i, res := range r.Results {
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Name != res.Group {
			p.Groups = append(p.Groups, pageGroup{Name: res.Group})
		}
		g := &p.Groups[len(p.Groups)-1]
		open := res.Verdict.Fault() && !opened[res.Verdict]
		opened[res.Verdict] = opened[res.Verdict] || open
		p.Stray = p.Stray || slices.ContainsFunc(res.Steps, func(st Step) bool { return len(st.Stray) > 0 })
		g.Results = append(g.Results, pageResult{Result: res, Row: i + 1, Often: res.often(), Open: open, Diagram: draw(res.Steps)})
	}
	return p
}
