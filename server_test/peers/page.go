// The page: every scenario is a row, every peer a column, and a click on a cell shows the dialogue of a fault. html/template
// escapes all that a server had a hand in.

package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"letter": letter}).Parse(pageText))

// letters are what stands in a cell, so that nobody needs the colours.
var letters = map[string]string{
	"ok": "·", "closed": "c", "lenient": "l", "CRASH": "!", "DEAD": "†", "DESYNC": "D", "AMBIGUOUS": "A", "RESET": "R", "HANG": "H", "LOST": "L",
	"WRONG": "W", "BROKEN": "B", "LAX": "x", withheld: "?",
}

func letter(verdict string) string { return letters[verdict] }

const (
	mostSteps = 24 // of a dialogue that are kept
	mostLines = 12 // of a step
	mostText  = 90 // characters of a line
)

// page is the table as the template wants it.
type page struct {
	*table
	Verdicts []string
	Groups   []pageGroup
	Columns  int
	Data     pageData
}

type pageGroup struct {
	Name string
	Rows []pageRow
}

type pageRow struct {
	ID, Name, Why, Ref string
	Cells              []pageCell
}

type pageCell struct {
	Verdict string
	Said    int // what the probe said, in the page's data; 0 of what is not listed, as it shows no fault
}

// pageData is what the page's script shows: for the cell "row.column" of a fault its steps, and every line once.
type pageData struct {
	Said      []string          `json:"said"`
	Lines     []string          `json:"lines"`
	Dialogues map[string][]call `json:"dialogues"`
	said      map[string]int
	lines     map[string]int
}

// call is a step: its time, and its lines as indices, those of what belongs to no request negative and less one.
type call struct {
	Ms    float64 `json:"t"`
	Lines []int   `json:"l"`
}

func (t *table) writePage(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = pageTemplate.Execute(f, t.page())
	if failed := f.Close(); err == nil {
		err = failed
	}
	return err
}

func (t *table) page() *page {
	p := &page{table: t, Verdicts: verdicts, Columns: len(t.Entries) + 1}
	p.Data = pageData{Said: []string{"No fault."}, Dialogues: map[string][]call{}, said: map[string]int{}, lines: map[string]int{}}
	for n, s := range t.scenarios() {
		if last := len(p.Groups); last == 0 || p.Groups[last-1].Name != s.Group {
			p.Groups = append(p.Groups, pageGroup{Name: s.Group})
		}
		row := pageRow{ID: fmt.Sprint(n), Name: s.Name, Why: s.Why, Ref: s.Section}
		for column := range t.Entries {
			cell := pageCell{Verdict: "ok"}
			if r := t.Entries[column].Report.find(s); r != nil {
				cell = pageCell{Verdict: r.Verdict, Said: indexOf(r.What, p.Data.said, &p.Data.Said)}
				if r.fault() {
					p.Data.Dialogues[fmt.Sprintf("%d.%d", n, column)] = p.Data.calls(r.Dialogue)
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Rows = append(g.Rows, row)
	}
	return p
}

func (d *pageData) calls(dialogue []step) []call {
	var all []call
	for i, s := range dialogue {
		if i == mostSteps {
			return append(all, call{s.Ms, []int{d.line(fmt.Sprintf("# … and %d steps more", len(dialogue)-i))}})
		}
		c := call{Ms: s.Ms, Lines: []int{}}
		for _, line := range shorten(s.Lines) {
			c.Lines = append(c.Lines, d.line(line))
		}
		for _, line := range shorten(s.Stray) {
			c.Lines = append(c.Lines, -d.line(line)-1)
		}
		all = append(all, c)
	}
	return all
}

// line returns a line's index.
func (d *pageData) line(text string) int {
	if runes := []rune(text); len(runes) > mostText {
		text = string(runes[:mostText]) + "…"
	}
	return indexOf(text, d.lines, &d.Lines)
}

// indexOf returns where a text is in a list, of which the index knows the places; it is put there if it is not yet.
func indexOf(text string, index map[string]int, list *[]string) int {
	i, ok := index[text]
	if !ok {
		i = len(*list)
		index[text] = i
		*list = append(*list, text)
	}
	return i
}

func shorten(lines []string) []string {
	if len(lines) <= mostLines {
		return lines
	}
	more := fmt.Sprintf("# … and %d lines more", len(lines)-mostLines+1)
	return append(append([]string(nil), lines[:mostLines-1]...), more)
}

// scenarios returns one result of each scenario that any report lists, in the catalogue's order: of those that are one of
// many a report lists only the faults.
func (t *table) scenarios() []result {
	var all []result
	for i := range t.Entries {
		at := 0
		for _, r := range t.Entries[i].Report.Results {
			n := slices.IndexFunc(all, func(s result) bool { return s.Group == r.Group && s.Name == r.Name })
			if n < 0 {
				n = at
				all = slices.Insert(all, n, r)
			}
			at = n + 1
		}
	}
	return all
}

// find returns the result of the same scenario.
func (r *report) find(s result) *result {
	for i := range r.Results {
		if r.Results[i].Group == s.Group && r.Results[i].Name == s.Name {
			return &r.Results[i]
		}
	}
	return nil
}

// Count is count for the template.
func (e entry) Count(verdict string) int { return e.Report.count(verdict) }

// text is the result as the probe prints it.
func (r *result) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s: %s\n", r.Verdict, r.Group, r.Name, r.What)
	for _, s := range r.Dialogue {
		for _, line := range s.Lines {
			fmt.Fprintf(&b, "  %9.3f  %s\n", s.Ms/1000, line)
		}
		for _, line := range s.Stray {
			fmt.Fprintf(&b, "  %9.3f  %s   <-- stray\n", s.Ms/1000, line)
		}
	}
	return b.String()
}
