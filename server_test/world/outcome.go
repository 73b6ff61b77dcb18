// What a test binary's output says about each of its tests.

package main

import (
	"regexp"
	"slices"
	"strings"
)

// test is a test, or a subtest. The package itself is one without a name: it fails if its tests pass, and it does not.
type test struct{ pkg, name string }

func (t test) String() string {
	if t.name == "" {
		return t.pkg + ".(package)"
	}
	return t.pkg + "." + t.name
}

// top returns the name of the test that go's -run would name.
func (t test) top() string {
	name, _, _ := strings.Cut(t.name, "/")
	return name
}

// state is what is known of a test.
type state uint8

const (
	unknown state = iota
	running
	paused
	passed
	failed
	skipped
)

// states by the words of the output.
var states = map[string]state{
	"=== RUN": running, "=== CONT": running, "=== NAME": unknown, "=== PAUSE": paused,
	"--- PASS:": passed, "--- FAIL:": failed, "--- SKIP:": skipped,
}

// outcome is what became of a package's tests.
type outcome struct {
	pkg     string
	tests   map[string]state
	output  map[string][]string // the first lines that each test printed
	crashed bool                // the binary did not come to its end
	failed  bool                // it ended with an error
}

// announcement is a line that says what a test does.
var announcement = regexp.MustCompile(`^ *(=== [A-Z]+|--- [A-Z]+:) +(\S*)`)

const (
	mark      = "\x16" // what begins an announcement, with -test.v=test2json
	mostLines = 12     // of a test's output that are kept
)

// parse reads the output of a test binary.
func parse(pkg, text string) *outcome {
	o := &outcome{pkg: pkg, tests: map[string]state{}, output: map[string][]string{}}
	current := ""
	for line := range strings.Lines(text) {
		for i, part := range strings.Split(line, mark) {
			m := announcement.FindStringSubmatch(part)
			known := false
			var s state
			if m != nil && i > 0 {
				s, known = states[m[1]]
			}
			if !known {
				if part = strings.TrimSpace(part); part != "" && len(o.output[current]) < most(part) {
					o.output[current] = append(o.output[current], part)
				}
				continue
			}
			current = m[2]
			if s != unknown {
				o.tests[current] = s
			}
		}
	}
	return o
}

// most returns how many lines a test may have printed before a line that is kept: what says where the test failed may come
// behind a long log.
func most(line string) int {
	if located.MatchString(line) {
		return 2 * mostLines
	}
	return mostLines
}

// unfinished returns the tests that were running when the binary ended, without those that waited for a subtest.
func (o *outcome) unfinished() []string {
	return slices.DeleteFunc(o.leaves(running), func(name string) bool { return o.has(name, paused) })
}

// has reports whether a test has a subtest in a state.
func (o *outcome) has(name string, s state) bool {
	for other, is := range o.tests {
		if is == s && strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

// leaves returns the tests in a state that have no subtest in that state.
func (o *outcome) leaves(s state) []string {
	var names []string
	for name, is := range o.tests {
		if is == s {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return o.has(name, s) })
}

// merge adds what a later run says about tests that an earlier one did not come to.
func (o *outcome) merge(later *outcome) {
	for name, s := range later.tests {
		if o.tests[name] < passed {
			o.tests[name], o.output[name] = s, later.output[name]
		}
	}
	o.crashed, o.failed = later.crashed, o.failed || later.failed
}

// located is a line of output that says where in the test something was wrong.
var located = regexp.MustCompile(`^\S+\.go:\d+:`)

// complaint returns what a test's output says of its failure, in one line: from the first line that names a place, and what
// follows where that ends in a colon.
func (o *outcome) complaint(name string) string {
	lines := o.output[name]
	at := max(slices.IndexFunc(lines, located.MatchString), 0)
	text := ""
	for _, line := range lines[min(at, len(lines)):] {
		if strings.HasPrefix(line, "Error Trace:") || text != "" && located.MatchString(line) {
			continue // testify's; and what follows its trace
		}
		text += " " + strings.Join(strings.Fields(strings.TrimPrefix(line, "Error:")), " ")
		if !strings.HasSuffix(text, ":") {
			break
		}
	}
	return strings.TrimSpace(text)
}
