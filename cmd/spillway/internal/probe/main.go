// The command line of spillway probe.

package probe

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
	"unicode"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const usage = `usage: spillway probe [flags] URL

Sends a catalogue of scenarios to an HTTP/1.1 server and says how it keeps its connections: what becomes of
content that nobody reads, whether early answers arrive, what it makes of ambiguous framing. It needs no route
but the URL's own.

Some scenarios are attacks in miniature, and some send several megabytes. Probe only servers that you may test.

Every scenario has a level, which the verdict is judged by: MUST, SHOULD, MAY (in the words of RFC 9110 and 9112) or
policy. A fault is tried three times.

Exit status: 0 no faults, 1 faults of -fail-on's level, 2 the probe could not run to its end.

`

// flags are what the command line says.
type flags struct {
	Config
	outputs
	asks
	verbose bool
	only    string
	failOn  failOn
}

func parseFlags(args []string, help io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("spillway probe", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&f.verbose, "v", false, "print each dialogue")
	set.BoolVar(&f.All, "all", false, "list also the scenarios that are one of many and show no fault")
	f.outputs.define(set)
	f.asks.define(set, &f.Config)
	set.StringVar(&f.Post, "post", "", "a `URL` on the same server that takes a POST")
	set.BoolVar(&f.Lab, "lab", false, "the server is spillway serve, or has its routes: check more")
	set.BoolVar(&f.Insecure, "k", false, "with https: trust whatever certificate the server has")
	set.StringVar(&f.CACert, "cacert", "", "with https: trust the certificates in `FILE`, in PEM, instead of the system's")
	set.BoolVar(&f.Slow, "slow", false, "also be a slow client; takes minutes")
	set.BoolVar(&f.Remote, "remote", false, "the server may be on another machine")
	f.failOn.level = Must
	set.Var(&f.failOn, "fail-on", "exit with status 1 for faults of this `LEVEL` and above: must, should, may, policy, never")
	set.StringVar(&f.only, "only", "", "play only the scenario with the ID `TEXT`, or those whose group or name contains it")
	set.StringVar(&f.Restart, "restart", "", "a shell `COMMAND` that starts the server again where it has died, and returns")
	set.DurationVar(&f.Patience, "patience", 2*time.Second, "how long an answer may take")
	set.IntVar(&f.Conns, "conns", 0, "scenarios played at once (default 4, and 32 where they are many and small)")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		fmt.Fprintln(help, "Verdicts:")
		for _, v := range verdicts {
			fmt.Fprintf(help, "  %-9s  %s\n", v, meanings[v])
		}
		fmt.Fprintln(help)
		set.SetOutput(help)
		set.PrintDefaults()
		return nil, err
	}
	if err == nil && set.NArg() != 1 {
		err = fmt.Errorf("it takes one URL, behind the flags, and not %d", set.NArg())
	}
	if err != nil {
		return nil, err
	}
	f.URL = set.Arg(0)
	if err := cmp.Or(f.asks.check(&f.Config), f.outputs.check()); err != nil {
		return nil, err
	}
	if f.only != "" {
		f.Only = func(s *Scenario) bool { return s.ID == f.only || strings.Contains(s.Group+": "+s.Name, f.only) }
	}
	if len(f.scenarios()) == 0 {
		return nil, fmt.Errorf("-only %q: no scenario has that in its group or name", f.only)
	}
	return f, nil
}

// Main runs the command and returns its exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "spillway probe: %s\n", oneLine(err, 400))
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, f.mostTime(), errors.New("the probe's time is over"))
	defer cancel()
	progress := newProgress(stderr)
	f.Progress = progress.show
	rep, err := Run(ctx, f.Config)
	progress.clear()
	return f.report(rep, err, stdout, stderr)
}

// mostTime bounds the whole run.
func (f *flags) mostTime() time.Duration {
	if f.Slow {
		return 20 * time.Minute
	}
	return 5 * time.Minute
}

// report writes what was found in every form that was asked for, and returns the exit status.
func (f *flags) report(rep *Report, err error, stdout, stderr io.Writer) int {
	f.baseline.mark(rep)
	s := style{colour: isTerminal(stdout) && os.Getenv("NO_COLOR") == "", full: f.verbose}
	if failed := f.write(rep, s, f.failOn, stdout, stderr); err == nil {
		err = failed
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "spillway probe: %s\n", oneLine(err, 400))
		return 2
	case !f.failOn.never && rep.Faults(f.failOn.level) > 0:
		return 1
	}
	return 0
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// progress is a line that overwrites itself, on a terminal only.
type progress struct{ w io.Writer }

func newProgress(w io.Writer) progress {
	if !isTerminal(w) {
		return progress{io.Discard}
	}
	return progress{w}
}

func (p progress) show(done, of int, name string) {
	fmt.Fprintf(p.w, "\r\x1b[K%d/%d %s", done+1, of, name)
}

func (p progress) clear() { fmt.Fprint(p.w, "\r\x1b[K") }

// plainText makes what a peer may have had a hand in safe to print, and short.
func plainText(s string, most int) string { return cut(dialogue.EncodeRow([]byte(s)), most) }

// oneLine makes an error safe to print, and short.
func oneLine(err error, most int) string {
	var b strings.Builder
	for _, r := range err.Error() {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\x%02x`, r)
		}
	}
	return cut(b.String(), most)
}

func cut(s string, most int) string {
	text := []rune(s)
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return string(text)
}
