// The lists that the runner is given: whose tests to run, and which of their failures are explained.

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// goModule stands in the list for the tests of Go itself.
const goModule = "std"

// module is one whose tests are run.
type module struct {
	path, version string
	ci            bool     // it is among those that run in CI
	packages      []string // patterns, as the go command takes them
	skip          string   // tests not to run on either server, a pattern for -skip
	ciSkip        string   // those not to run in CI either
}

// readModules reads the list of modules: on each line a path, a version, "ci" or "hand", and patterns of packages; and
// -skip=PATTERN for tests that need what is not there, -ci-skip=PATTERN for those that would take too long in CI.
func readModules(name, goVersion string) ([]module, error) {
	var modules []module
	err := readLines(name, func(words []string) error {
		if len(words) < 4 || words[2] != "ci" && words[2] != "hand" {
			return fmt.Errorf("want: module version ci|hand packages")
		}
		m := module{path: words[0], version: words[1], ci: words[2] == "ci"}
		if m.path == goModule {
			m.version = goVersion
		}
		for _, word := range words[3:] {
			switch option, pattern, _ := strings.Cut(word, "="); option {
			case "-skip":
				m.skip = pattern
			case "-ci-skip":
				m.ciSkip = pattern
			default:
				m.packages = append(m.packages, word)
			}
		}
		modules = append(modules, m)
		return nil
	})
	return modules, err
}

// explanation says why tests fail on spillway only.
type explanation struct {
	module string
	tests  *regexp.Regexp // of "package.Test", all of it
	kind   string         // one of kinds
	reason string
}

// kinds of explanations: a rule of the RFCs that spillway keeps and net/http does not; a look at what only net/http has
// inside; a difference that is meant, and stands in nethttp's list; a difference that is a mistake.
var kinds = []string{"must", "internal", "difference", "mistake"}

// readExplanations reads the list of explanations: on each line a module, a pattern of tests, a kind and a reason.
func readExplanations(name string) ([]explanation, error) {
	var all []explanation
	err := readLines(name, func(words []string) error {
		if len(words) < 4 || !slices.Contains(kinds, words[2]) {
			return fmt.Errorf("want: module tests %s reason", strings.Join(kinds, "|"))
		}
		tests, err := regexp.Compile("^(?:" + words[1] + ")$")
		if err != nil {
			return err
		}
		all = append(all, explanation{words[0], tests, words[2], strings.Join(words[3:], " ")})
		return nil
	})
	return all, err
}

// explain returns the explanation of a test's failure, or nil.
func explain(all []explanation, module string, t test) *explanation {
	for i := range all {
		if all[i].module == module && all[i].tests.MatchString(t.String()) {
			return &all[i]
		}
	}
	return nil
}

// readLines calls f with the words of each line that is neither empty nor a comment.
func readLines(name string, f func(words []string) error) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := f(words); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	return nil
}
