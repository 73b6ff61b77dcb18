// What is printed of a module.

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// good reports whether nothing fails that nobody has explained.
func (v *verdict) good() bool {
	return !slices.ContainsFunc(v.Failures, func(f failure) bool { return f.explained == nil && !f.Sometimes })
}

// print prints a module's verdict.
func (v *verdict) print(w io.Writer) {
	fmt.Fprintf(w, "%s %s: %d tests, %d of them served by spillway (%d servers, %d requests), %d fail on spillway only, %d s\n",
		v.Module, v.Version, v.Tests, v.Served, v.Servers, v.Requests, len(v.Failures), int(v.took.Seconds()))
	for _, f := range v.Failures {
		fmt.Fprintf(w, "\t%s: %s\n\t\t%s\n", f.test(), f.entry(), cut(f.Complaint))
	}
	for _, e := range v.stale {
		fmt.Fprintf(w, "\texplained, but does not fail: %s\n", e.tests)
	}
}

// entry says what is known of a failure.
func (f failure) entry() string {
	var words []string
	if f.Sometimes {
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
