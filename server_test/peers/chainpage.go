// The matrix of chains as the two files that are committed. What looks exploitable and has no public report is withheld.

package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed chains.html
var chainText string

var chainTemplate = template.Must(template.New("chains").Parse(chainText))

const chainIntroduction = `# The matrix of chains

Real proxies in front of real backends: each proxy was recorded once with ` + "`spillway probe chain -record`" + `, and what it
forwarded was sent to each backend with ` + "`-replay`" + `. The same payloads for all, each with a second request hidden inside.
The same table, to be sorted and filtered, is in [matrix.html](matrix.html).

A cell says what the backend made of what the proxy forwards. **ok**: it answered as many requests as the proxy had asked.
**X n**: EXTRA ANSWER, it answered more to n payloads. **V n**: VICTIM, to n payloads it did so and kept the connection, or
the next request on it, another client's, got an answer that was not its own. The proxy is not there in a replay: whether it
would notice the answer too many is left open. **withheld**: something was found that has no public report; it goes to those who
maintain the programs, and not into this table.

`

// public is what is known of a pair already, and where it is described. An empty Proxy or ID stands for all.
type public struct{ Proxy, Backend, ID, Source string }

// published lists what may be said: everything else that a replay finds is withheld.
var published = []public{
	{"", "fasthttp, StreamRequestBody", "", "https://github.com/valyala/fasthttp/pull/2368 (content that nobody read is taken for the next request)"},
}

// known returns where a finding is described.
func (p *pair) known(id string) (string, bool) {
	for _, k := range published {
		if (k.Proxy == p.Proxy || k.Proxy == "") && k.Backend == p.Backend && (k.ID == id || k.ID == "") {
			return k.Source, true
		}
	}
	return "", false
}

// Cell is what the matrix says of a pair.
type chainCell struct {
	Text, Class string
	Rank        int      // 0: ok
	Notes       []string // published findings
}

func (p *pair) Cell() chainCell {
	extra, victim := 0, 0
	sources := map[string][]string{}
	for i := range p.Report.Results {
		one := &p.Report.Results[i]
		if !one.bad() {
			continue
		}
		source, ok := p.known(one.ID)
		if !ok {
			return chainCell{Text: "withheld", Class: "withheld", Rank: 3}
		}
		if one.Verdict == "VICTIM" {
			victim++
		} else {
			extra++
		}
		sources[source] = append(sources[source], one.Verdict+" "+one.ID)
	}
	var notes, parts []string
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		notes = append(notes, source+": "+shortList(sources[source]))
	}
	if victim > 0 {
		parts = append(parts, fmt.Sprintf("V %d", victim))
	}
	if extra > 0 {
		parts = append(parts, fmt.Sprintf("X %d", extra))
	}
	switch {
	case victim > 0:
		return chainCell{Text: strings.Join(parts, ", "), Class: "victim", Rank: 2, Notes: notes}
	case extra > 0:
		return chainCell{Text: strings.Join(parts, ", "), Class: "extra", Rank: 1, Notes: notes}
	}
	return chainCell{Text: "ok", Class: "ok"}
}

// shortList is the first of many, and how many there are.
func shortList(all []string) string {
	const most = 6
	if len(all) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
	}
	return strings.Join(all, ", ")
}

// Rank is the row's worst cell's.
func (r *recorded) Rank() int {
	worst := 0
	for i := range r.Pairs {
		worst = max(worst, r.Pairs[i].Cell().Rank)
	}
	return worst
}

// Count is the report's, for the template.
func (r *recorded) Count(verdict string) int { return r.Report.count(verdict) }

// OddForwarded is how many payloads that break a rule of framing were passed on as they came.
func (r *recorded) OddForwarded() int {
	n := 0
	for i := range r.Report.Results {
		if one := &r.Report.Results[i]; one.Odd && one.Verdict == "FORWARDED" {
			n++
		}
	}
	return n
}

func (m *matrix) markdown() []byte {
	var b strings.Builder
	pairs := 0
	for i := range m.Rows {
		pairs += len(m.Rows[i].Pairs)
	}
	b.WriteString(chainIntroduction)
	fmt.Fprintf(&b, "Made on %s, on %s, %d pairs, in this folder with\n\n    %s\n\n", m.When.Format("2006-01-02"), m.System, pairs, m.Command)
	if len(m.LeftOut) > 0 {
		fmt.Fprintf(&b, "Left out: %s.\n\n", cell(strings.Join(m.LeftOut, ", ")))
	}
	b.WriteString("## The proxies\n\nHow many payloads each refused, made harmless, or passed on as they came; of these, how many break a rule of framing.\n\n")
	b.WriteString("| proxy | version | how | refused | normalised | forwarded | of these odd |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for i := range m.Rows {
		r := &m.Rows[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d |\n", r.Peer.Name, cell(r.Version), cell(r.Peer.How), r.Count("refused"), r.Count("normalised"),
			r.Count("FORWARDED"), r.OddForwarded())
	}
	m.pairs(&b)
	m.notes(&b)
	return []byte(b.String())
}

// pairs writes the matrix, the backends as rows: there are more of them than of proxies.
func (m *matrix) pairs(b *strings.Builder) {
	b.WriteString("\n## The pairs\n\n| backend | version |")
	for i := range m.Rows {
		fmt.Fprintf(b, " %s |", m.Rows[i].Peer.Name)
	}
	fmt.Fprintf(b, "\n|%s\n", strings.Repeat(" --- |", len(m.Rows)+2))
	for n, c := range m.Columns {
		fmt.Fprintf(b, "| %s | %s |", c.Name, cell(c.Version))
		for i := range m.Rows {
			fmt.Fprintf(b, " %s |", m.Rows[i].Pairs[n].Cell().Text)
		}
		b.WriteString("\n")
	}
}

// notes names the sources of what is not ok.
func (m *matrix) notes(b *strings.Builder) {
	first := true
	for i := range m.Rows {
		for n := range m.Rows[i].Pairs {
			p := &m.Rows[i].Pairs[n]
			for _, note := range p.Cell().Notes {
				if first {
					b.WriteString("\n## What is known\n\n")
					first = false
				}
				fmt.Fprintf(b, "- **%s in front of %s**: %s\n", p.Proxy, p.Backend, cell(note))
			}
		}
	}
}

// runChains makes the matrix and writes its files into a folder, if one is named.
func runChains(ctx context.Context, front, behind, folder, command string) error {
	fronts, err := choose(proxies(), front)
	if err != nil {
		return err
	}
	backs, err := choose(chainBackends(), behind)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "chains")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	spillway, err := buildSpillway(ctx, dir)
	if err != nil {
		return err
	}
	m := &matrix{When: time.Now().UTC(), Command: strings.TrimSpace(command), System: system()}
	if err := m.fill(ctx, dir, spillway, fronts, backs); err != nil || folder == "" {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "CHAINS.md"), m.markdown(), 0o644); err != nil {
		return err
	}
	return m.writePage(filepath.Join(folder, "matrix.html"))
}

// chainBackends are the peers that recordings are sent to. Spillway's are not its lab: that has no page that all others have.
func chainBackends() []peer {
	var all []peer
	for _, name := range backends {
		for _, p := range peers() {
			if p.Name != name {
				continue
			}
			if strings.HasPrefix(name, "spillway") {
				p.Programs = goServer(name, "", "").Programs
			}
			all = append(all, p)
		}
	}
	return all
}

func (m *matrix) writePage(name string) error {
	slices.SortStableFunc(m.Rows, func(a, b recorded) int { return cmp.Compare(b.Rank(), a.Rank()) })
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = chainTemplate.Execute(f, m)
	if failed := f.Close(); err == nil {
		err = failed
	}
	return err
}
