// The matrix: a recording reaches backends, spillway makes nothing of it that the proxy did not mean, and what is not public
// stays out of the files.

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestChains(t *testing.T) {
	dir := t.TempDir()
	spillway, err := buildSpillway(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	row := recorded{Peer: &proxies()[0], File: filepath.Join(dir, "recording")}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if row.Report, err = record(ctx, spillway, &row, "-only", "malformed chunks"); err != nil {
		t.Fatal(err)
	}
	if len(row.Report.Results) < 10 || row.Report.count("refused") == 0 {
		t.Errorf("%s: %s", row.Peer.Name, row.Report.line())
	}
	m := matrix{Rows: []recorded{row}}
	for _, p := range chainBackends() {
		if !strings.HasPrefix(p.Name, "spillway") {
			continue
		}
		if err := m.sendTo(ctx, spillway, &p); err != nil {
			t.Fatal(err)
		}
		m.Columns = append(m.Columns, column{Name: p.Name})
	}
	if len(m.Rows[0].Pairs) != 2 {
		t.Fatalf("%d pairs", len(m.Rows[0].Pairs))
	}
	for i := range m.Rows[0].Pairs {
		if p := &m.Rows[0].Pairs[i]; p.Cell().Text != "ok" || len(p.Report.Results) != len(row.Report.Results) {
			t.Errorf("%s in front of %s: %s", p.Proxy, p.Backend, p.Report.line())
		}
	}
}

func TestWithheld(t *testing.T) {
	defer func(before []public) { published = before }(published)
	published = []public{{"front", "told", "known-id", "a source"}}
	found := &chainReport{Results: []chainResult{{ID: "known-id", Verdict: "VICTIM", What: "<script>alert(1)</script>", Odd: true}}}
	m := matrix{
		LeftOut: []string{"absent (not installed)"},
		Columns: []column{{Name: "told"}, {Name: "untold"}, {Name: "sound"}},
		Rows: []recorded{{Peer: &peer{Name: "front"}, Report: found, Pairs: []pair{
			{"front", "told", found}, {"front", "untold", found}, {"front", "sound", &chainReport{}},
		}}},
	}
	name := filepath.Join(t.TempDir(), "chains.html")
	if err := m.writePage(name); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(m.markdown())
	for _, want := range []string{"| told |  | V 1 |", "| untold |  | withheld |", "| sound |  | ok |", "a source: VICTIM known-id", "Left out: absent (not installed)."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, want := range []string{`>V 1</td>`, `>withheld</td>`, `>ok</td>`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	for _, made := range []string{text, string(page)} {
		if strings.Count(made, "known-id") > 1 || strings.Contains(made, "alert(1)") {
			t.Errorf("more is told than may be:\n%s", made)
		}
	}
}

// What looks exploitable is withheld where nobody has looked, with all that would tell it.
func TestWithheldVerdicts(t *testing.T) {
	rep := &report{Results: []result{
		{Name: "a", Verdict: "DESYNC", What: "secret", Dialogue: []step{{Lines: []string{"secret"}}}}, {Name: "b", Verdict: "LAX", What: "told"},
		{Name: "in the open", Verdict: "AMBIGUOUS", What: "told"},
	}}
	rep.withhold(&peer{Public: []string{"in the open"}})
	made := table{Entries: []entry{{Peer: &peer{Name: "new"}, Report: rep}}}
	name := filepath.Join(t.TempDir(), "page.html")
	if err := made.writePage(name); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if all := string(page) + string(made.markdown()); strings.Contains(all, "secret") || !strings.Contains(all, "told") || rep.count(withheld) != 1 || rep.count("AMBIGUOUS") != 1 {
		t.Errorf("%.3000s", all)
	}
	for _, p := range morePeers() {
		if !p.Withheld {
			t.Errorf("%s is not withheld", p.Name)
		}
	}
}
