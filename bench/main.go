//go:build linux

// The benchmark: the same work on spillway, net/http, fasthttp, nginx and the bare lower bounds, side by side.
//
//	go run .                everything: rounds until the ratios are known, in about an hour
//	go run . -quick         a look at everything, in about a minute
//	go run . -compare OLD   this spillway and an older one, in about three minutes
//	go run . -scale         what many connections would meet, in about two minutes
//	go run . -million       a million connections, after which nothing may be left behind
//
// The report goes to results, that of a quick run to results-quick. See README.md.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/run"
	"github.com/spillway-go/spillway/bench/scale"
	"github.com/spillway-go/spillway/bench/servers"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == run.ServerMode:
		err = serve(os.Args[2:])
	case len(os.Args) > 1 && os.Args[1] == run.LoadMode:
		err = load.Run(os.Stdin, os.Stdout)
	case len(os.Args) == 3 && os.Args[1] == scale.ServerMode:
		err = scale.Serve(os.Args[2], os.Stdin, os.Stdout)
	default:
		err = bench(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is a server's process: -server NAME -case ID -dir DIR.
func serve(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("bench: %s needs a server's name", run.ServerMode)
	}
	flags := flag.NewFlagSet(run.ServerMode, flag.ContinueOnError)
	id := flags.String("case", "get-64", "the case to be served")
	dir := flags.String("dir", ".", "where the files and the certificate are")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return servers.Run(args[0], *id, *dir, os.Stdin, os.Stdout)
}

// arguments is the command line.
type arguments struct {
	quick, list                bool
	scale, million             bool
	rounds, most, conns        int
	window, limit              time.Duration
	out, render, compare       string
	cases, caseIDs, serverExpr string
}

func parse(args []string) (*arguments, error) {
	a := new(arguments)
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.BoolVar(&a.quick, "quick", false, "one short round of everything, to see that it works")
	flags.IntVar(&a.rounds, "rounds", 0, "how often everything is measured (default 5; with -compare at most, default 15)")
	flags.DurationVar(&a.window, "window", 0, "how long one measurement lasts (default 200ms; with -compare 150ms)")
	flags.IntVar(&a.most, "most", 15, "how often at most what the first rounds do not settle is measured")
	flags.DurationVar(&a.limit, "limit", 0, "after which no round begins but the first ones (default 55m; with -compare 3m)")
	flags.StringVar(&a.out, "out", "", "where the report goes (default results, or results-quick)")
	flags.StringVar(&a.cases, "cases", "", "only the cases whose ID matches this expression")
	flags.StringVar(&a.caseIDs, "case", "", "only these cases: IDs with commas between them")
	flags.StringVar(&a.serverExpr, "servers", "", "only the servers whose name matches this expression")
	flags.BoolVar(&a.scale, "scale", false, "measure what many connections would meet")
	flags.BoolVar(&a.million, "million", false, "open, serve and close many connections, after which nothing may be left")
	flags.IntVar(&a.conns, "conns", 1_000_000, "how many with -million")
	flags.BoolVar(&a.list, "list", false, "list the cases and the servers")
	flags.StringVar(&a.render, "render", "", "render this report.json again, without measuring")
	flags.StringVar(&a.compare, "compare", "", "compare the spillway in this older build of the benchmark with this one")
	flags.Parse(args)
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("bench: what is %q?", flags.Arg(0))
	}
	if a.caseIDs != "" && a.cases != "" {
		return nil, errors.New("bench: either -case or -cases")
	}
	if a.caseIDs != "" {
		var ids []string
		for id := range strings.SplitSeq(a.caseIDs, ",") {
			if _, err := cases.Find(id); err != nil {
				return nil, err
			}
			ids = append(ids, regexp.QuoteMeta(id))
		}
		a.cases = "^(" + strings.Join(ids, "|") + ")$"
	}
	return a, nil
}

func bench(args []string) error {
	a, err := parse(args)
	if err != nil {
		return err
	}
	switch {
	case a.list:
		return printList()
	case a.render != "":
		return render(a.render)
	case a.compare != "":
		return compare(a)
	case a.scale, a.million:
		return many(a)
	}
	return measure(a, command(args))
}

func render(path string) error {
	r, err := report.Read(path)
	if err != nil {
		return err
	}
	r.Complete() // figures that an older program did not know come from the rounds
	return report.Write(filepath.Dir(path), r)
}

func measure(a *arguments, command string) error {
	o := run.Options{Command: command, Rounds: cmp.Or(a.rounds, 5), Most: a.most, Limit: cmp.Or(a.limit, 55*time.Minute), Window: cmp.Or(a.window, 200*time.Millisecond), Warm: 80 * time.Millisecond, Turns: 5, Tries: 3,
		Progress: os.Stderr}
	if a.quick {
		o.Quick, o.Rounds, o.Most, o.Window, o.Warm = true, 1, 1, 50*time.Millisecond, 10*time.Millisecond
		o.Turns, o.Tries, o.MaxConns = 0, 1, 500
	}
	if a.out == "" {
		a.out = "results"
		if a.quick {
			a.out = "results-quick"
		}
	}
	var err error
	if o.Cases, err = expression(a.cases); err != nil {
		return err
	}
	if o.Servers, err = expression(a.serverExpr); err != nil {
		return err
	}
	if o.Self, err = run.Self(); err != nil {
		return err
	}
	r, err := run.Run(o)
	if err != nil {
		return err
	}
	return report.Write(a.out, r)
}

func many(a *arguments) error {
	self, err := run.Self()
	if err != nil {
		return err
	}
	if a.scale {
		return scale.Measure(os.Stdout, self)
	}
	return scale.Million(os.Stdout, self, a.conns)
}

// errWorse makes the program's exit status tell what a comparison has found.
var errWorse = errors.New("bench: the new build is worse")

func compare(a *arguments) error {
	o := run.CompareOptions{Old: a.compare, Rounds: cmp.Or(a.rounds, 15), Window: cmp.Or(a.window, 150*time.Millisecond), Warm: 50 * time.Millisecond,
		Turns: 5, Limit: cmp.Or(a.limit, 3*time.Minute), Tries: 3, Bound: 0.03, Progress: os.Stderr}
	var err error
	if o.Subjects, err = subjects(a); err != nil {
		return err
	}
	if o.Self, err = run.Self(); err != nil {
		return err
	}
	c, err := run.Compare(o)
	if err != nil {
		return err
	}
	if err := c.Print(os.Stdout); err != nil {
		return err
	}
	if c.Worse() {
		return errWorse
	}
	return nil
}

// subjects returns what is compared: the usual, or what the command line chooses, which is spillway where it names no server.
func subjects(a *arguments) ([]run.Subject, error) {
	of, err := expression(a.cases)
	if err != nil {
		return nil, err
	}
	who, err := expression(a.serverExpr)
	if err != nil {
		return nil, err
	}
	var all []run.Subject
	if of == nil {
		for _, s := range run.Usual() {
			if who == nil || who.MatchString(s.Server) {
				all = append(all, s)
			}
		}
		return all, nil
	}
	for _, c := range cases.All() {
		for _, s := range servers.All() {
			chosen := s.Name == "spillway"
			if who != nil {
				chosen = who.MatchString(s.Name)
			}
			if of.MatchString(c.ID) && chosen && s.Serve != nil && s.Lacks(&c) == "" {
				all = append(all, run.Subject{Case: c.ID, Server: s.Name})
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("bench: no case and server are chosen")
	}
	return all, nil
}

func expression(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	return regexp.Compile(text)
}

// command returns what has to be typed to repeat the run.
func command(args []string) string {
	return strings.TrimSpace("go run . " + strings.Join(args, " "))
}

func printList() error {
	for _, c := range cases.All() {
		fmt.Printf("%-20s %s: %s\n", c.ID, c.Topic, c.Title)
	}
	fmt.Println()
	for _, s := range servers.All() {
		fmt.Printf("%-20s %s\n", s.Name, s.Title)
	}
	return nil
}
