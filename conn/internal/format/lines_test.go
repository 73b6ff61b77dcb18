// Lines that are set again in the next response: they are the same as those that are set anew, whatever was there before.

package format

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAgain sets random lines in many responses, at random by Again where it can, and compares with a list of strings. No name or
// value may be taken for a line, or a part of one, that it is not: also not one with line ends in it.
func TestAgain(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	names := []string{"A", "AB", "A: B", "Content-Type", "A: b\r\nAB"}
	values := []string{"", "b", "text/plain", "text/html ", "b\r\nAB: b", "\r\n", ": b"}
	var f Lines
	var valid map[string]bool // whole lines that have been added by Add since the last Reset, or in the response before that
	before := map[string]bool{}
	again := 0
	for range 20000 {
		f.Reset()
		valid = map[string]bool{}
		var want []string
		for range rng.IntN(6) {
			name, value := names[rng.IntN(len(names))], values[rng.IntN(len(values))]
			line := name + ": " + value + "\r\n"
			switch {
			case rng.IntN(8) == 0:
				f.Del(name)
				want = deleteNamed(want, name)
				continue
			case f.Again(name, value):
				again++
				if !before[line] {
					t.Fatalf("%q was not a line of the last response", line)
				}
			case strings.ContainsAny(name+value, "\r\n") || strings.Contains(name, ":"):
				continue // it would have been refused
			default:
				f.Add(name, value)
			}
			valid[line] = true
			want = append(want, line)
		}
		if got := string(f.AppendTo(nil)); got != strings.Join(want, "") {
			t.Fatalf("%q, want %q", got, want)
		}
		before = valid
	}
	if again < 100 {
		t.Errorf("only %d lines were set again", again)
	}
}

func deleteNamed(lines []string, name string) (left []string) {
	for _, l := range lines {
		if !strings.HasPrefix(strings.ToLower(l), strings.ToLower(name)+": ") {
			left = append(left, l)
		}
	}
	return left
}
