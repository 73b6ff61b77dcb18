// The forms of a report that other programs read: each is written beside what is printed.

package probe

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

// outputs are the files and the annotations that the command line asks for.
type outputs struct {
	json, github             bool
	html, junit, sarif, base string
	baseline                 *baseline
}

func (o *outputs) define(set *flag.FlagSet) {
	set.BoolVar(&o.json, "json", false, "print the report as JSON")
	set.StringVar(&o.html, "html", "", "write the report as one self-contained page to `FILE`")
	set.StringVar(&o.junit, "junit", "", "write the report to `FILE`, as JUnit's XML")
	set.StringVar(&o.sarif, "sarif", "", "write the faults to `FILE`, as SARIF 2.1.0")
	set.BoolVar(&o.github, "github", false, "print the faults as annotations for GitHub, on standard error with -json")
	set.StringVar(&o.base, "baseline", "", "the findings in `FILE` are known and do not fail: what -json printed, or lines of an ID and perhaps a verdict")
}

// check reads what is to be read, and finds files that cannot be written before a run is spent on them.
func (o *outputs) check() (err error) {
	if o.base != "" {
		if o.baseline, err = readBaseline(o.base); err != nil {
			return fmt.Errorf("-baseline: %w", err)
		}
	}
	seen := map[string]string{}
	for _, f := range []struct{ flag, name string }{{"-html", o.html}, {"-junit", o.junit}, {"-sarif", o.sarif}} {
		if other := seen[f.name]; f.name != "" && other != "" {
			return fmt.Errorf("%s and %s both name %q", other, f.flag, cut(f.name, 100))
		}
		seen[f.name] = f.flag
	}
	return nil
}

// write writes everything, and returns the first error.
func (o *outputs) write(rep *Report, s style, fail failOn, stdout, stderr io.Writer) error {
	notes := stdout
	var err error
	if o.json {
		notes = stderr
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", " ")
		err = enc.Encode(rep)
	} else if o.github {
		quoted(stdout, func() { rep.print(stdout, s) })
	} else {
		rep.print(stdout, s)
	}
	if o.github {
		rep.annotate(notes, fail)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{o.html, rep.writePage},
		{o.junit, func(w io.Writer) error { return rep.writeJUnit(w, fail) }},
		{o.sarif, func(w io.Writer) error { return rep.writeSARIF(w, fail) }},
	} {
		if f.name == "" {
			continue
		}
		if failed := writeFile(f.name, f.write); err == nil {
			err = failed
		}
	}
	return err
}

// writeFile writes a file.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// fails reports whether a result makes the exit status 1.
func (f *failOn) fails(res *Result) bool {
	return !f.never && res.Verdict.Fault() && !res.Known && res.Level.atLeast(f.level)
}
