// Running the tests of a module's packages, first on net/http, then on spillway, from the same test binaries.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// serveVariable is what the added package looks at: where it names a file, spillway serves.
const serveVariable = "SPILLWAY_WORLD"

const (
	rounds  = 12 // of one package: each leaves out the tests in which the binary crashed before
	retries = 3  // of a test that fails on spillway only
)

// binary is a package's test binary.
type binary struct {
	pkg, dir, path string
	env            []string
	arguments      []string // as every run has them
	skip           string   // a pattern of tests that never run
	timeout        time.Duration
	note           func(format string, arguments ...any) // says what happens while it runs
}

// build compiles a package's tests.
func (s *source) build(ctx context.Context, tc toolchain, pkg string, o options) (*binary, error) {
	dir, err := tc.output(ctx, s.dir, append(append([]string{"list", "-f", "{{.Dir}}"}, s.flags...), pkg)...)
	if err != nil {
		return nil, err
	}
	b := &binary{
		pkg: pkg, dir: strings.TrimSpace(string(dir)), path: filepath.Join(filepath.Dir(s.dir), path.Base(pkg)+".test"), skip: s.skip,
		env: tc.environment(), timeout: o.timeout, note: o.note,
	}
	b.env = append(b.env, "PWD="+b.dir)
	if o.ci {
		b.skip = either(b.skip, s.ciSkip)
	}
	arguments := []string{"test", "-c", "-vet=off", "-o", b.path}
	if o.race {
		arguments = append(arguments, "-race")
	}
	if o.short {
		b.arguments = append(b.arguments, "-test.short")
	}
	if _, err := tc.output(ctx, s.dir, append(append(arguments, s.flags...), pkg)...); err != nil {
		return nil, err
	}
	if _, err := os.Stat(b.path); err != nil {
		return nil, fmt.Errorf("%s has no tests", pkg)
	}
	return b, nil
}

// served counts what spillway served.
type served struct {
	servers, requests int
	tests             map[test]bool // those that started a server that had requests
}

// add reads what a test binary has written about its servers.
func (s *served) add(pkg, name string) error {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it crashed, or had no server
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		count, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		requests, err := strconv.Atoi(count)
		if err != nil {
			return fmt.Errorf("%s: unexpected line %.40q", name, line)
		}
		s.servers++
		s.requests += requests
		if requests > 0 {
			s.tests[test{pkg, name}] = true
		}
	}
	return os.Remove(name)
}

// all runs a package's tests. Where the binary crashes or hangs, the tests that it was in count as failed, and the others
// run again without them.
func (b *binary) all(ctx context.Context, on *served) (*outcome, error) {
	var total *outcome
	skip := b.skip
	for range rounds {
		o, err := b.run(ctx, "", skip, on)
		if err != nil {
			return nil, err
		}
		guilty := o.guilty()
		for _, name := range guilty {
			o.tests[name] = failed
		}
		if o.crashed {
			b.note("%s ended in %q", b.pkg, guilty)
		}
		if total == nil {
			total = o
		} else {
			total.merge(o)
		}
		if !o.crashed || len(guilty) == 0 {
			break
		}
		for _, name := range guilty {
			skip = either(skip, "^"+regexp.QuoteMeta(test{b.pkg, name}.top())+"$")
		}
	}
	if (total.failed || total.crashed) && len(total.leaves(failed)) == 0 {
		total.tests[""] = failed
	}
	return total, nil
}

// either returns a pattern that matches what either of two does. One that is empty matches nothing.
func either(a, b string) string { return strings.Trim(a+"|"+b, "|") }

// guilty returns the tests that a crash is put down to: those that were running, or the ones that failed.
func (o *outcome) guilty() []string {
	if !o.crashed {
		return nil
	}
	if names := o.unfinished(); len(names) > 0 {
		return names
	}
	return o.leaves(failed)
}

// run runs the tests that match run, all if that is empty, but for those that match skip. It runs them on spillway, and
// counts, unless on is nil.
func (b *binary) run(ctx context.Context, run, skip string, on *served) (*outcome, error) {
	arguments := append([]string{
		"-test.v=test2json", "-test.paniconexit0", "-test.timeout=" + b.timeout.String(), "-test.run=" + run, "-test.skip=" + skip,
	}, b.arguments...)
	env, report := b.env, filepath.Join(filepath.Dir(b.path), "served")
	if on != nil {
		env = append(env[:len(env):len(env)], serveVariable+"="+report)
	}
	limited, cancel := context.WithTimeout(ctx, b.timeout+patience)
	defer cancel()
	cmd := command(limited, b.dir, env, b.path, arguments...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	work := filepath.Dir(filepath.Dir(b.path)) + string(filepath.Separator)
	o := parse(b.pkg, strings.ReplaceAll(out.String(), work, ""))
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		o.failed, o.crashed = true, exit.ExitCode() != 1
	} else if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, err
	}
	if on != nil {
		err = on.add(b.pkg, report)
	} else {
		err = nil
	}
	return o, err
}

// again runs a test alone on spillway, and reports whether it fails every time.
func (b *binary) again(ctx context.Context, t test) (always bool, err error) {
	pattern := "^" + regexp.QuoteMeta(t.top()) + "$"
	if t.name == "" {
		pattern = ""
	}
	for range retries {
		o, err := b.run(ctx, pattern, b.skip, &served{tests: map[test]bool{}})
		if err != nil {
			return false, err
		}
		if s := o.tests[t.name]; s == passed || s == skipped || t.name == "" && !o.failed {
			return false, nil
		}
	}
	return true, nil
}
