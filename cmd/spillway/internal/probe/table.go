// The table on a terminal, and the same without colours anywhere else.

package probe

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// width is in how many columns the advice is set.
const width = 120

// style says how to print.
type style struct {
	colour bool
	full   bool // with every dialogue
}

var colours = map[Verdict]string{
	OK: "32", Crash: "1;31", Dead: "1;31", Closed: "36", Desync: "1;31", Ambig: "1;31", ResetSeen: "31", Hang: "35", Lost: "31", Wrong: "31", Broken: "31", Lax: "33", Lenient: "36",
}

func (s style) paint(code, text string) string {
	if !s.colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// print writes the report.
func (r *Report) print(w io.Writer, s style) {
	server := ""
	if r.Survey.Server != "" {
		server = fmt.Sprintf(" (Server: %s)", r.Survey.Server)
	}
	if r.Survey.Get != 0 {
		fmt.Fprintf(w, "%s%s: a plain GET is answered %d\n", r.URL, server, r.Survey.Get)
	}
	if r.Survey.Alone {
		fmt.Fprintln(w, "While one connection is open the server serves no other: one scenario at a time.")
	}
	name := 0
	for _, res := range r.Results {
		name = max(name, len(res.Name))
	}
	r.printResults(w, s, name)
	for _, remark := range r.Remarks {
		fmt.Fprintf(w, "\n%s\n", s.paint(colours[Crash], oneLine(errors.New(remark), 400)))
	}
	if len(r.Stale) > 0 {
		fmt.Fprintf(w, "\nKnown, and no fault any more: %s\n", strings.Join(r.Stale, ", "))
	}
	if r.countPlayed() > 0 {
		fmt.Fprintf(w, "\n%s\n", r.summary(s))
	}
}

// printResults prints the lines, and of faults that are alike in a group of many the first.
func (r *Report) printResults(w io.Writer, s style, name int) {
	told := map[string]bool{"": true} // advice, once each
	alike := 0
	for i := range r.Results {
		res := &r.Results[i]
		if i == 0 || res.Group != r.Results[i-1].Group {
			fmt.Fprintf(w, "\n%s\n", s.paint("1", res.Group))
		} else if !s.full && res.like(&r.Results[i-1]) {
			if alike++; i+1 == len(r.Results) || !res.like(&r.Results[i+1]) {
				fmt.Fprintf(w, "  %-9s  … and %d more, up to: %s\n", "", alike, res.Name)
				alike = 0
			}
			continue
		}
		res.print(w, s, name, !told[res.Advice])
		told[res.Advice] = told[res.Advice] || res.Verdict.Fault()
	}
	for _, u := range r.Unlisted {
		var parts []string
		for _, v := range verdicts {
			if n := u.Verdicts[v]; n > 0 {
				parts = append(parts, s.paint(colours[v], fmt.Sprintf("%d %s", n, v)))
			}
		}
		fmt.Fprintf(w, "\n%s: %s, not listed\n", s.paint("1", u.Group), strings.Join(parts, ", "))
	}
}

// like reports whether two results are of the same kind of mistake, and have the same verdict.
func (res *Result) like(other *Result) bool {
	return res.many && other.many && res.kind == other.kind && res.Verdict == other.Verdict
}

func (res *Result) print(w io.Writer, s style, name int, advise bool) {
	verdict := s.paint(colours[res.Verdict], fmt.Sprintf("%-9s", res.Verdict))
	fmt.Fprintf(w, "  %s  %-*s  %s\n", verdict, name, res.Name, res.sentence())
	if res.Verdict.Fault() && advise {
		for _, line := range wrap(res.Advice, width-15-name) {
			fmt.Fprintf(w, "  %-9s  %-*s  %s\n", "", name, "", s.paint("2", line))
		}
	}
	if !s.full {
		return
	}
	fmt.Fprintf(w, "             %s (%s, %s %s)\n", s.paint("2", res.Why), res.ID, res.Level, res.Section)
	for _, st := range res.Steps {
		at := fmt.Sprintf("%9.3f", st.Millis/1000)
		for _, line := range st.Lines {
			fmt.Fprintf(w, "  %s  %s\n", at, line)
			at = "         "
		}
		word := "stray"
		if st.Kind != "data" {
			word = "not announced"
		}
		for _, line := range st.Stray {
			fmt.Fprintf(w, "  %s  %s\n", at, s.paint("31", line+"   <-- "+word))
			at = "         "
		}
	}
	fmt.Fprintln(w)
}

// sentence says what happened, and of a fault how it is graded and how often it came.
func (res *Result) sentence() string {
	if !res.Verdict.Fault() {
		return res.What
	}
	grade := fmt.Sprintf("%s, %s", res.Level, res.Section)
	if res.Known {
		grade = "known; " + grade
	}
	if often := res.often(); often != "" {
		grade += "; " + often
	}
	return fmt.Sprintf("%s [%s]", res.What, grade)
}

func (r *Report) summary(s style) string {
	var parts []string
	for _, v := range verdicts {
		n := r.count(v)
		if n > 0 {
			parts = append(parts, s.paint(colours[v], fmt.Sprintf("%d %s", n, v)))
		}
	}
	played := plural(r.countPlayed(), "scenario")
	if r.Unplayed > 0 {
		played = fmt.Sprintf("%d of %s", r.countPlayed(), plural(r.countPlayed()+r.Unplayed, "scenario"))
	}
	return fmt.Sprintf("%s in %.1f s: %s", played, r.Seconds, strings.Join(parts, ", "))
}

// wrap breaks a sentence into lines.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > max(width, 40) {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
