// The program prints what the README shows.

package main

import (
	"os"
	"strings"
	"testing"
)

// TestTheAnswerArrives runs the program and compares what it prints with what the README shows. What it says of spillway is a
// promise; what it says of net/http is what this version of Go does. How the failure is called is the system's affair.
func TestTheAnswerArrives(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := show(&out, false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "net/http: the 413 arrived 0 of 10 times; the client saw: write: ") {
		t.Errorf("net/http does better than the README says:\n%s", &out)
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), ";")
		n++
		if !strings.Contains(string(readme), "\n    "+line) {
			t.Errorf("the README does not show %q", line)
		}
	}
	if n != 2 {
		t.Errorf("%d lines, want one for each server:\n%s", n, &out)
	}
}
