// World runs other people's tests, first on net/http, then on spillway, and prints what fails on spillway only.
//
// It takes a list of public modules with their versions, fetches them with the go command, and builds their tests in a copy
// of GOROOT in which every http.Server can serve with spillway: neither their code nor their tests are changed. A test that
// fails on spillway only runs three times more, and counts if it always fails.
//
//	go run .                     all modules of the list
//	go run . -only 'chi|echo'    those whose path matches
//	go run . -ci                 those that run in CI, without their slowest tests
//
// What came of each is kept in results.json, and RESULTS.md is written from it, unless it ran in CI's way, -short or -race.
//
// Its exit status is 0 if all failures are explained, 1 if not, and 2, with one line, if it cannot run: if it does not know
// this version of Go, or a module cannot be had.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	list, explanations       string
	kept, results            string
	keep                     string // a directory, "" for one that is removed
	ci, race, short, verbose bool
	dry                      bool
	only                     *regexp.Regexp
	timeout                  time.Duration // of one run of one package
	explained                []explanation
	out                      io.Writer
}

// note says what happens, if that is asked for.
func (o options) note(format string, arguments ...any) {
	if o.verbose {
		fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", arguments...)
	}
}

func main() {
	os.Exit(run())
}

func run() int {
	o := options{out: os.Stdout}
	only := flag.String("only", "", "a `pattern` of modules: only these run")
	flag.StringVar(&o.list, "list", "modules.txt", "the `file` that lists the modules")
	flag.StringVar(&o.explanations, "explained", "explained.txt", "the `file` that explains failures")
	flag.StringVar(&o.kept, "kept", "results.json", "the `file` that keeps what came of each module")
	flag.StringVar(&o.results, "results", "RESULTS.md", "the `file` to write the table to")
	flag.StringVar(&o.keep, "keep", "", "work in this `directory`, which must not exist, and keep it: GOROOT is in go")
	flag.BoolVar(&o.ci, "ci", false, "run only the modules that run in CI, and write no results")
	flag.BoolVar(&o.race, "race", false, "build with the race detector")
	flag.BoolVar(&o.short, "short", false, "run the tests with -short")
	flag.BoolVar(&o.dry, "n", false, "run nothing, but say which packages would run")
	flag.BoolVar(&o.verbose, "v", false, "say what happens while it runs")
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "of one run of one package's tests")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status, err := o.world(ctx, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "world:", err)
		return 2
	}
	return status
}

// world runs the modules' tests. It returns 1 if there are failures that nobody has explained.
func (o *options) world(ctx context.Context, only string) (status int, err error) {
	if o.only, err = regexp.Compile(only); err != nil {
		return 0, err
	}
	spillway, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return 0, err
	}
	plain, err := installed(ctx, spillway)
	if err != nil {
		return 0, err
	}
	modules, err := readModules(o.list, plain.version)
	if err != nil {
		return 0, err
	}
	if o.explained, err = readExplanations(o.explanations); err != nil {
		return 0, err
	}
	all, err := readResults(o.kept)
	if err != nil {
		return 0, err
	}
	err = o.verdicts(ctx, plain, modules, func(v *verdict) error {
		v.print(o.out)
		if !v.good() {
			status = 1
		}
		if o.ci || o.short || o.race {
			return nil
		}
		if err := all.keep(o.kept, v.record); err != nil {
			return err
		}
		return os.WriteFile(o.results, []byte(all.table(modules, o.explained)), 0o666)
	})
	return status, err
}

// verdicts calls f with what comes of each module, as soon as it is known.
func (o *options) verdicts(ctx context.Context, plain toolchain, modules []module, f func(*verdict) error) error {
	if !slices.ContainsFunc(modules, o.wants) {
		return fmt.Errorf("no module of %s is to run", o.list)
	}
	dir, remove, err := o.directory()
	if err != nil {
		return err
	}
	defer remove()
	changed, err := plain.withSpillway(ctx, filepath.Join(dir, "go"))
	if err != nil {
		return err
	}
	for i, m := range modules {
		if !o.wants(m) {
			continue
		}
		place := filepath.Join(dir, fmt.Sprint("m", i))
		if err := os.Mkdir(place, 0o777); err != nil {
			return err
		}
		v, err := compare(ctx, plain, changed, m, place, *o)
		if err != nil {
			return err
		}
		if o.keep == "" {
			os.RemoveAll(place)
		}
		if o.dry {
			continue
		}
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// wants reports whether a module is among those to run.
func (o *options) wants(m module) bool { return (m.ci || !o.ci) && o.only.MatchString(m.path) }

// directory makes the directory to work in.
func (o *options) directory() (dir string, remove func(), err error) {
	if o.keep != "" {
		dir, err = filepath.Abs(o.keep)
		if err == nil {
			err = os.Mkdir(dir, 0o777)
		}
		return dir, func() {}, err
	}
	dir, err = os.MkdirTemp("", "spillway-world-")
	return dir, func() { os.RemoveAll(dir) }, err
}
