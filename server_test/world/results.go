// What is kept of each module between runs, and the table of all of them.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// record is what is kept of a module.
type record struct {
	Module, Version   string
	Tests             int // that passed on net/http
	Served            int // of them, that started a server that had requests on spillway
	Servers, Requests int
	Failures          []failure `json:",omitempty"`
}

// failure is a test that fails on spillway only.
type failure struct {
	Package, Test string
	Complaint     string       `json:",omitempty"` // what it printed
	Sometimes     bool         `json:",omitempty"` // it passed when it ran again
	explained     *explanation // nil if nobody has explained it
}

func (f failure) test() test { return test{f.Package, f.Test} }

// results are the modules' records.
type results []record

// readResults reads the records that there are.
func readResults(name string) (results, error) {
	var all results
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// keep puts a module's record in the place of its earlier one, and writes all of them.
func (all *results) keep(name string, r record) error {
	for i := range r.Failures {
		if r.Failures[i].explained != nil {
			r.Failures[i].Complaint = "" // it changes with every run
		}
	}
	*all = append(slices.DeleteFunc(*all, func(old record) bool { return old.Module == r.Module }), r)
	slices.SortFunc(*all, func(a, b record) int { return strings.Compare(a.Module, b.Module) })
	text, err := json.MarshalIndent(*all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o666)
}

// table returns the page with the table of the modules, in their order.
func (all results) table(modules []module, explained []explanation) string {
	var rows, lists strings.Builder
	count, tests, served, requests := 0, 0, 0, 0
	for _, m := range modules {
		at := slices.IndexFunc(all, func(r record) bool { return r.Module == m.path && r.Version == m.version })
		if at < 0 {
			fmt.Fprintf(&rows, "| %s | %s | %s | not run |\n", m.path, m.version, m.inCI())
			continue
		}
		r := all[at]
		for i := range r.Failures {
			r.Failures[i].explained = explain(explained, m.path, r.Failures[i].test())
		}
		r.row(&rows, m)
		r.list(&lists)
		count, tests, served, requests = count+1, tests+r.Tests, served+r.Served, requests+r.Requests
	}
	return fmt.Sprintf(page, rows.String(), count, tests, served, requests, lists.String())
}

const page = `# Other people's tests on spillway

Written by ` + "`go run .`" + ` here; a row for each module of modules.txt. *Tests* are those that pass on net/http; *served* are those of
them that start a server that has requests. The last columns count the tests that fail on spillway only, by what
explained.txt says of them.

| module | version | CI | tests | served | servers | requests | must | internal | difference | mistake | sometimes | not explained |
| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
%s
Together: %d modules, %d tests, %d of them served by spillway, with %d requests.

## What fails on spillway only
%s`

func (m module) inCI() string {
	if m.ci {
		return "yes"
	}
	return ""
}

// kind says under which heading a failure counts.
func (f failure) kind() string {
	switch {
	case f.explained != nil:
		return f.explained.kind
	case f.Sometimes:
		return "sometimes"
	}
	return "not explained"
}

// row writes a module's row.
func (r record) row(b *strings.Builder, m module) {
	count := map[string]int{}
	for _, f := range r.Failures {
		count[f.kind()]++
	}
	fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %d | %d |", r.Module, r.Version, m.inCI(), r.Tests, r.Served, r.Servers, r.Requests)
	for _, column := range append(slices.Clone(kinds), "sometimes", "not explained") {
		if count[column] == 0 {
			b.WriteString(" |")
		} else {
			fmt.Fprintf(b, " %d |", count[column])
		}
	}
	b.WriteString("\n")
}

// list writes a module's failures, each with its explanation, those with the same one together.
func (r record) list(b *strings.Builder) {
	var entries []string
	tests := map[string][]string{}
	for _, f := range r.Failures {
		entry := f.entry()
		if f.explained == nil {
			entry += ": `" + strings.ReplaceAll(cut(f.Complaint), "`", "'") + "`"
		}
		if tests[entry] == nil {
			entries = append(entries, entry)
		}
		tests[entry] = append(tests[entry], "`"+strings.TrimPrefix(f.test().String(), r.Module)+"`")
	}
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s %s\n\n", r.Module, r.Version)
	for _, entry := range entries {
		fmt.Fprintf(b, "- %s\n  %s\n", entry, strings.Join(tests[entry], ", "))
	}
}
