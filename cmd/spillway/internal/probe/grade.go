// How much a finding weighs: what the standard says about it, and how often it came.

package probe

import (
	"fmt"
	"slices"
	"strings"
)

// Level is what the standard makes of a scenario.
type Level string

// The levels. What is only a matter of Policy the standard leaves open, and a server's author has reasons for either.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
	May    Level = "MAY"
	Policy Level = "policy"
)

// levels lists them, the weightiest first.
var levels = []Level{Must, Should, May, Policy}

// atLeast reports whether a level weighs as much as another.
func (l Level) atLeast(other Level) bool {
	return slices.Index(levels, l) <= slices.Index(levels, other)
}

// closes is where the standard says how a connection ends.
const closes = "RFC 9112 §9.6"

// grade returns a verdict as it is to be reported, and the level and the section that it is judged by. They are the
// scenario's, except that content that becomes a request and a server that dies are faults whatever was tried, that how a
// connection ends is never more than a SHOULD, and that what may be forgiven is no fault.
func (s *Scenario) grade(v Verdict) (Verdict, Level, string) {
	switch {
	case v == Crash || v == Dead || v == Desync:
		return v, Must, s.Ref
	case (v == ResetSeen || v == Broken) && s.Level == Must:
		return v, Should, closes
	case v == Lax && s.Level == May:
		return Lenient, May, s.Ref
	}
	return v, s.Level, s.Ref
}

// failOn says which faults make the exit status 1.
type failOn struct {
	level Level
	never bool
}

func (f *failOn) String() string {
	if f.never {
		return "never"
	}
	return strings.ToLower(string(f.level))
}

// Set is given the command line's word.
func (f *failOn) Set(word string) error {
	if f.never = strings.EqualFold(word, "never"); f.never {
		return nil
	}
	i := slices.IndexFunc(levels, func(l Level) bool { return strings.EqualFold(word, string(l)) })
	if i < 0 {
		return fmt.Errorf("it is must, should, may, policy or never")
	}
	f.level = levels[i]
	return nil
}

// Faults returns how many results are faults of at least a level and not known, with what no scenario explains.
func (r *Report) Faults(level Level) int {
	n := 0
	for _, res := range r.Results {
		if (&failOn{level: level}).fails(&res) {
			n++
		}
	}
	return n + len(r.Remarks)
}

// worse reports whether a verdict is worse than another.
func (v Verdict) worse(than Verdict) bool {
	if v.Fault() != than.Fault() || !v.Fault() {
		return v.Fault() && !than.Fault()
	}
	return slices.Index(verdicts, v) < slices.Index(verdicts, than)
}

// merge puts another try of the same scenario into a result that is a fault: the worst counts.
func (res *Result) merge(again *Result) {
	n, times := res.Tries+1, res.Times
	if again.Verdict.Fault() {
		times++
	}
	if again.Verdict.worse(res.Verdict) {
		*res = *again
	}
	res.Tries, res.Times = n, times
}

// often says how often a fault came.
func (res *Result) often() string {
	if !res.Verdict.Fault() || res.Tries < 2 {
		return ""
	}
	return fmt.Sprintf("%d of %d", res.Times, res.Tries)
}
