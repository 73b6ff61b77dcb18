package main

import (
	"strings"
	"testing"
)

// TestTheAnswerArrives runs the program. What it says of spillway is a promise; what it says of net/http is what this version of
// Go does, and must be what the README shows.
func TestTheAnswerArrives(t *testing.T) {
	var out strings.Builder
	if err := show(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"net/http: the 413 arrived 0 of 10 times; the client saw: ", "spillway: the 413 arrived 10 of 10 times\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
}
