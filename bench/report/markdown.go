// The report as Markdown.

package report

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/bench/stat"
)

// Markdown returns the report as Markdown.
func Markdown(r *Report) []byte {
	var b bytes.Buffer
	r.intro(&b)
	r.ratios(&b)
	r.goals(&b)
	r.cores(&b)
	r.overview(&b)
	topic := ""
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Topic != topic {
			topic = c.Topic
			fmt.Fprintf(&b, "\n## %s\n", topic)
		}
		fmt.Fprintf(&b, "\n### %s\n\n", c.Title)
		if c.About != "" {
			fmt.Fprintf(&b, "%s\n\n", c.About)
		}
		if c.Idle {
			r.idleTable(&b, c)
		} else {
			r.table(&b, c)
		}
		r.remarks(&b, c)
	}
	r.generator(&b)
	r.conditions(&b)
	return b.Bytes()
}

func (r *Report) intro(b *bytes.Buffer) {
	fmt.Fprintf(b, "# The benchmark\n\n")
	if r.Quick {
		fmt.Fprintf(b, "**A quick run: its figures show that everything works, and nothing else.**\n\n")
	}
	m := r.Machine
	where := ""
	if m.Virtual {
		where = ", a virtual machine"
	}
	var versions []string
	for _, v := range r.Versions {
		versions = append(versions, v.Name+" "+v.Version)
	}
	fmt.Fprintf(b, "Made by `%s` in bench/ on %s, in %d s, on %d cores of %s%s, %d MiB, %s, %s.  \n%s.\n\n", r.Command,
		r.Began.Format("2 January 2006"), int(r.Seconds), m.Cores, m.CPU, where, m.MemoryMiB, m.System, m.Kernel,
		strings.Join(versions, ", "))
	pinned := "Nothing is pinned: there is one core."
	if r.Settings.Pinned {
		pinned = "The server has one core (GOMAXPROCS=1) and the generator another."
	}
	fmt.Fprintf(b, "Each figure is the median of %d rounds, with the least and the most in brackets; each round is a new process and "+
		"a window of %v or more. %s CPU is the server process's own, user and system, by the system's account. Ratios are "+
		"taken round by round, and what spillway and its references need for a ratio that is not settled is measured in up to %d "+
		"rounds.\n", r.Settings.Rounds, r.Settings.Window, pinned, r.Settings.Most)
	for _, name := range PlotNames {
		if Plots[name](r) != nil {
			fmt.Fprintf(b, "\n![%s](%s)\n", plotTitles[name], name)
		}
	}
}

// overview is CPU per request, every case and every server.
func (r *Report) overview(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n## CPU microseconds per request\n\n| case |")
	for _, s := range r.Servers {
		fmt.Fprintf(b, " %s |", s.Title)
	}
	fmt.Fprintf(b, "\n| --- |%s\n", strings.Repeat(" ---: |", len(r.Servers)))
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Idle {
			continue
		}
		fmt.Fprintf(b, "| %s: %s |", c.Topic, c.Title)
		for _, s := range r.Servers {
			fmt.Fprintf(b, " %s |", r.cell(c, s.Name))
		}
		b.WriteByte('\n')
	}
}

func (r *Report) cell(c *Case, server string) string {
	switch result := c.Result(server); {
	case result == nil || result.State == Absent:
		return "–"
	case result.State != Timed || result.Figures == nil:
		return string(result.State)
	default:
		return number(result.Figures.CPU.Median)
	}
}

func (r *Report) goals(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n## What was aimed at\n\n| goal | bound | reached |\n| --- | ---: | ---: |\n")
	for _, o := range r.outcomes() {
		what, got := o.what, "not measured"
		if o.to != "" {
			what += ", of " + r.title(o.to)
		}
		if o.known {
			got = number(o.value)
			if o.relative() {
				got = fmt.Sprintf("%.2f", o.value)
			}
			if !o.met() {
				got = "**" + got + ", missed**"
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", what, o.bound(), got)
	}
	fmt.Fprintf(b, "\n### Where a peer is better\n\n")
	worse := r.worse()
	if len(worse) == 0 {
		fmt.Fprintf(b, "In no case, by more than the spread.\n")
	}
	for _, line := range worse {
		fmt.Fprintf(b, "- %s\n", line)
	}
}

// bound writes what a goal's figure may be.
func (o *outcome) bound() string {
	switch {
	case o.least > 0:
		return fmt.Sprintf("≥ %.2f", o.least)
	case o.relative():
		return fmt.Sprintf("≤ %.2f", o.most)
	case o.most >= 1:
		return "≤ " + number(math.Round(o.most))
	}
	return "≤ " + number(o.most)
}

func (r *Report) table(b *bytes.Buffer, c *Case) {
	b.WriteString("| server | CPU µs | user | system | × net/http | × floor A | req/s | p50 µs | p99 µs | p99.9 µs | allocations | RSS MiB |\n")
	b.WriteString("| --- |" + strings.Repeat(" ---: |", 11) + "\n")
	for i := range c.Results {
		f := c.Results[i].Figures
		if c.Results[i].State != Timed || f == nil {
			continue
		}
		mark := ""
		if f.Saturated {
			mark = "†"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s%s | %s | %s | %s | %s | %s |\n", r.title(c.Results[i].Server),
			spread(f.CPU), number(f.User), number(f.System), ratio(f.Ratios[NetHTTP]), ratio(f.Ratios[FloorA]), spread(f.PerSecond), mark,
			number(f.P50.Median), number(f.P99.Median), number(f.P999.Median), count(f.Allocations), number(f.RSS.Median/(1<<20)))
	}
}

func (r *Report) idleTable(b *bytes.Buffer, c *Case) {
	b.WriteString("Bytes of resident memory per connection, less what the process had before.\n\n" +
		"| server | at 1 s | at 5 s | unused memory released | goroutines | × net/http | × floor A |\n" +
		"| --- |" + strings.Repeat(" ---: |", 6) + "\n")
	for i := range c.Results {
		f := c.Results[i].Figures
		if c.Results[i].State != Timed || f == nil {
			continue
		}
		released, goroutines := "–", "–"
		if f.Goroutines.Median > 0 {
			released, goroutines = spread(f.Released), number(f.Goroutines.Median)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.title(c.Results[i].Server), spread(f.Idle1), spread(f.Idle5),
			released, goroutines, ratio(f.Ratios[NetHTTP]), ratio(f.Ratios[FloorA]))
	}
}

// remarks says what a table cannot.
func (r *Report) remarks(b *bytes.Buffer, c *Case) {
	var lines []string
	saturated := false
	for i := range c.Results {
		result := &c.Results[i]
		title := r.title(result.Server)
		switch result.State {
		case Wrong:
			lines = append(lines, fmt.Sprintf("%s answers **wrongly**: %s.", title, result.Why))
		case Failed:
			lines = append(lines, fmt.Sprintf("%s: the measurement failed: %s.", title, result.Why))
		case Absent:
			lines = append(lines, fmt.Sprintf("%s: %s.", title, result.Why))
		}
		for _, note := range result.Notes {
			lines = append(lines, fmt.Sprintf("%s: %s.", title, note))
		}
		saturated = saturated || result.Figures != nil && result.Figures.Saturated
	}
	if unit := CostOf(&c.Case).Unit; unit != "µs of CPU" && !c.Idle {
		lines = append(lines, fmt.Sprintf("The ratios are those of %s.", unit))
	}
	if saturated {
		lines = append(lines, "† The generator was the bottleneck: its core was busy and the server's was not. CPU per request "+
			"stands; requests per second could be more.")
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n- %s\n", strings.Join(lines, "\n- "))
	}
}

func (r *Report) generator(b *bytes.Buffer) {
	if len(r.Wrk) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## The generator beside wrk\n\nSmall GET on 64 connections.\n\n"+
		"| server | req/s | with wrk | CPU µs | with wrk |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, w := range r.Wrk {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", r.title(w.Server), number(w.PerSecond), number(w.WrkPerSecond), number(w.CPU),
			number(w.WrkCPU))
	}
}

func (r *Report) conditions(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n## The servers\n\n")
	for _, s := range r.Servers {
		if s.About != "" {
			fmt.Fprintf(b, "- %s: %s.\n", s.Title, s.About)
		}
	}
	fmt.Fprintf(b, "- All others are as they come, with every setting at its default.\n")
	n := r.Noise
	fmt.Fprintf(b, "\nWhile they were measured, other programs took %.1f %% of the cores that were used, and other machines on the "+
		"same host %.1f %%. Of %d windows %d were disturbed at every try; %d times a disturbed window was repeated or a quiet "+
		"moment waited for.\n", 100*n.Processes, 100*n.Stolen, n.Windows, n.Disturbed, n.Repeated)
}

// number writes a figure with three digits that matter, and with separators.
func number(x float64) string {
	switch a := math.Abs(x); {
	case a == 0:
		return "0"
	case a < 0.0005:
		return "0.000"
	case a < 1:
		return strconv.FormatFloat(x, 'f', 3, 64)
	case a < 10:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case a < 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	digits := strconv.FormatInt(int64(math.Round(x)), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// short writes a round number.
func short(x float64) string {
	if x < 100 {
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	return number(x)
}

func spread(s stat.Summary) string {
	if s.N < 2 {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Min), number(s.Max))
}

func ratio(s stat.Summary) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", s.Median)
}

func count(s *stat.Summary) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f", s.Median)
}
