// One module's tests on both servers, and what fails on spillway only.

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// leastTimeout is how long the tests of a package may take, at the least.
const leastTimeout = 20 * time.Second

// verdict is what came of a module.
type verdict struct {
	record
	served map[test]bool // the tests that started a server that had requests
	stale  []explanation // of what does not fail
	took   time.Duration
}

// compare runs a module's tests on both servers.
func compare(ctx context.Context, plain, changed toolchain, m module, dir string, o options) (*verdict, error) {
	began := time.Now()
	v := &verdict{record: record{Module: m.path, Version: m.version}, served: map[test]bool{}}
	s, err := fetch(ctx, plain, m, filepath.Join(dir, "module"))
	if err != nil {
		return nil, err
	}
	for _, pkg := range s.packages {
		if o.dry {
			fmt.Fprintln(o.out, pkg)
			continue
		}
		if err := v.comparePackage(ctx, changed, s, pkg, o); err != nil {
			return nil, fmt.Errorf("%s: %w", pkg, err)
		}
	}
	for i := range o.explained {
		e := &o.explained[i]
		if e.module == m.path && !o.ci && !o.short && !slices.ContainsFunc(v.Failures, func(f failure) bool { return f.explained == e }) {
			v.stale = append(v.stale, *e)
		}
	}
	v.took = time.Since(began)
	return v, nil
}

func (v *verdict) comparePackage(ctx context.Context, changed toolchain, s *source, pkg string, o options) error {
	o.note("%s", pkg)
	b, err := s.build(ctx, changed, pkg, o)
	if err != nil {
		return err
	}
	if o.keep == "" {
		defer os.Remove(b.path)
	}
	began := time.Now()
	before, err := b.all(ctx, nil)
	if err != nil {
		return err
	}
	b.timeout = min(b.timeout, leastTimeout+2*time.Since(began)) // what takes much longer than on net/http hangs
	on := &served{tests: v.served}
	after, err := b.all(ctx, on)
	if err != nil {
		return err
	}
	v.Servers, v.Requests, v.Served = v.Servers+on.servers, v.Requests+on.requests, len(v.served)
	for _, s := range before.tests {
		if s == passed {
			v.Tests++
		}
	}
	return v.judge(ctx, b, before, after, o)
}

// judge looks for what fails on spillway only, and tries that again.
func (v *verdict) judge(ctx context.Context, b *binary, before, after *outcome, o options) error {
	tried := map[string]bool{} // tests that fail whenever they run
	for _, name := range after.leaves(failed) {
		if before.tests[name] == failed || before.tests[name] == unknown && failsAbove(before, name) {
			continue
		}
		f := failure{Package: b.pkg, Test: name, Complaint: after.complaint(name)}
		f.explained = explain(o.explained, v.Module, f.test())
		if top := f.test().top(); f.explained == nil && !tried[top] {
			always, err := b.again(ctx, f.test())
			if err != nil {
				return err
			}
			if !always && !v.hasServed(b.pkg, top) {
				continue // no server had a part in it
			}
			f.Sometimes, tried[top] = !always, always
		}
		v.Failures = append(v.Failures, f)
	}
	slices.SortFunc(v.Failures, func(a, b failure) int { return cmp.Compare(a.test().String(), b.test().String()) })
	return nil
}

// hasServed reports whether a test, or a subtest of it, has started a server that had requests.
func (v *verdict) hasServed(pkg, top string) bool {
	for t := range v.served {
		if t.pkg == pkg && t.top() == top {
			return true
		}
	}
	return false
}

// failsAbove reports whether a test that a subtest belongs to fails: then the subtest may not have come to run.
func failsAbove(o *outcome, name string) bool {
	for {
		at := strings.LastIndex(name, "/")
		if at < 0 {
			return false
		}
		if name = name[:at]; o.tests[name] == failed {
			return true
		}
	}
}
