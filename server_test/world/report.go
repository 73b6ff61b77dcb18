// What is printed of a module, and the table of all of them.

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// good reports whether nothing fails that nobody has explained.
func (v *verdict) good() bool {
	return !slices.ContainsFunc(v.failures, func(f failure) bool { return f.explained == nil && !f.sometimes })
}

// print prints a module's verdict.
func (v *verdict) print(w io.Writer) {
	fmt.Fprintf(w, "%s %s: %d tests, %d of them served by spillway (%d servers, %d requests), %d fail on spillway only, %d s\n",
		v.path, v.version, v.tests, len(v.served.tests), v.served.servers, v.served.requests, len(v.failures), int(v.took.Seconds()))
	for _, f := range v.failures {
		fmt.Fprintf(w, "\t%s: %s\n\t\t%s\n", f.test, f.entry(), cut(f.complaint))
	}
	for _, e := range v.stale {
		fmt.Fprintf(w, "\texplained, but does not fail: %s\n", e.tests)
	}
	for _, u := range v.unbuilt {
		fmt.Fprintf(w, "\tdoes not build, also on net/http: %s\n", u)
	}
}

// entry says what is known of a failure.
func (f failure) entry() string {
	var words []string
	if f.sometimes {
		words = append(words, "sometimes")
	}
	if f.explained != nil {
		words = append(words, f.explained.kind+": "+f.explained.reason)
	}
	if len(words) == 0 {
		return "not explained"
	}
	return strings.Join(words, "; ")
}

// cut shortens what a test has printed.
func cut(line string) string {
	const most = 200
	if len(line) > most {
		line = line[:most] + "…"
	}
	return strings.ToValidUTF8(line, "?")
}

// writeResults writes the table.
func writeResults(name string, verdicts []*verdict) error {
	var b strings.Builder
	b.WriteString("# Other people's tests on spillway\n\nWritten by `go run .` here; a row for each module of `modules.txt`. *Tests* passed on net/http; *served* " +
		"are those of them that\nstarted a server that had requests; the last columns count the tests that fail on spillway only, by what `explained.txt` says.\n\n" +
		"| module | version | CI | tests | served | servers | requests | must | internal | difference | mistake | sometimes | not explained |\n" +
		"| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n")
	tests, served, requests := 0, 0, 0
	for _, v := range verdicts {
		v.row(&b)
		tests, served, requests = tests+v.tests, served+len(v.served.tests), requests+v.served.requests
	}
	fmt.Fprintf(&b, "\nTogether %d modules, %d tests, %d of them served by spillway, %d requests.\n", len(verdicts), tests, served, requests)
	b.WriteString("\n## What fails on spillway only\n")
	for _, v := range verdicts {
		v.list(&b)
	}
	return os.WriteFile(name, []byte(b.String()), 0o666)
}

func (v *verdict) row(b *strings.Builder) {
	count := map[string]int{}
	for _, f := range v.failures {
		switch {
		case f.explained != nil:
			count[f.explained.kind]++
		case f.sometimes:
			count["sometimes"]++
		default:
			count["not explained"]++
		}
	}
	ci := ""
	if v.ci {
		ci = "yes"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %d | %d | %d | %d |", v.path, v.version, ci, v.tests, len(v.served.tests), v.served.servers, v.served.requests)
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
func (v *verdict) list(b *strings.Builder) {
	var entries []string
	tests := map[string][]string{}
	for _, f := range v.failures {
		entry := f.entry()
		if f.explained == nil {
			entry += ": `" + strings.ReplaceAll(cut(f.complaint), "`", "'") + "`"
		}
		if tests[entry] == nil {
			entries = append(entries, entry)
		}
		tests[entry] = append(tests[entry], "`"+strings.TrimPrefix(f.test.String(), v.path)+"`")
	}
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s %s\n\n", v.path, v.version)
	for _, entry := range entries {
		fmt.Fprintf(b, "- %s\n  %s\n", entry, strings.Join(tests[entry], ", "))
	}
}
