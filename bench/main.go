//go:build linux

// The benchmark: the same work on spillway, net/http, fasthttp, nginx and the bare lower bounds, side by side.
//
//	go run .          everything, in less than ten minutes
//	go run . -quick   a look at everything, in less than one
//
// The report goes to results, that of a quick run to results-quick. See README.md.
package main

import (
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
	"github.com/spillway-go/spillway/bench/servers"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == run.ServerMode:
		err = serve(os.Args[2:])
	case len(os.Args) > 1 && os.Args[1] == run.LoadMode:
		err = load.Run(os.Stdin, os.Stdout)
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

func bench(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	quick := flags.Bool("quick", false, "one short round of everything, to see that it works")
	rounds := flags.Int("rounds", 5, "how often everything is measured")
	window := flags.Duration("window", 200*time.Millisecond, "how long one measurement lasts")
	out := flags.String("out", "", "where the report goes (default results, or results-quick)")
	only := flags.String("cases", "", "only the cases whose ID matches this expression")
	who := flags.String("servers", "", "only the servers whose name matches this expression")
	list := flags.Bool("list", false, "list the cases and the servers")
	again := flags.String("render", "", "render this report.json again, without measuring")
	flags.Parse(args)
	if *list {
		return printList()
	}
	o := run.Options{Command: command(args), Rounds: *rounds, Window: *window, Warm: 80 * time.Millisecond, Turns: 5, Progress: os.Stderr}
	if *quick {
		o.Quick, o.Rounds, o.Window, o.Warm, o.Turns, o.MaxConns = true, 1, 50*time.Millisecond, 15*time.Millisecond, 0, 2000
	}
	if *out == "" {
		*out = "results"
		if *quick {
			*out = "results-quick"
		}
	}
	if *again != "" {
		r, err := report.Read(*again)
		if err != nil {
			return err
		}
		return report.Write(filepath.Dir(*again), r)
	}
	var err error
	if o.Cases, err = expression(*only); err != nil {
		return err
	}
	if o.Servers, err = expression(*who); err != nil {
		return err
	}
	if o.Self, err = run.Self(); err != nil {
		return err
	}
	r, err := run.Run(o)
	if err != nil {
		return err
	}
	return report.Write(*out, r)
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
