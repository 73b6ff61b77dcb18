// The command line of spillway probe chain.

package chain

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const usage = `usage: spillway probe chain -front URL -listen ADDR -to BACKEND [flags]
       spillway probe chain -front URL -listen ADDR -record FILE [flags]
       spillway probe chain -replay FILE -to BACKEND [flags]

Stands between a proxy and its backend. Set the proxy up with ADDR as its backend: the probe relays what arrives
there to BACKEND, sends the proxy requests whose framing can be read in two ways, each with a second request hidden
inside, and asks for a plain page on another connection each time. It sees what the proxy forwards, whether the
backend answers more than it was asked, and whether another client gets such an answer.

With -record and without -to the probe answers the proxy itself and writes what it forwards to FILE, which -replay
sends to any backend later: n proxies and m backends need n+m runs.

The payloads are attacks in miniature. Probe only servers that you may test.

Exit status: 0 no faults, 1 faults of -fail-on's verdict or worse, 2 the probe could not run to its end.

`

// flags are what the command line says.
type flags struct {
	Config
	record, replay, only string
	json, all, verbose   bool
	bytes                bool
	failOn               string
}

// levels are the words of -fail-on.
var levels = map[string]Verdict{"forwarded": Forwarded, "extra": Extra, "victim": Victim}

func parseFlags(args []string, help io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("spillway probe chain", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.Front, "front", "", "the proxy's `URL`, of a page with a plain answer")
	set.StringVar(&f.Post, "post", "", "a `URL` of the proxy's that takes a POST")
	set.StringVar(&f.Listen, "listen", "", "the `ADDR` at which the proxy looks for its backend")
	set.StringVar(&f.To, "to", "", "the backend's `HOST:PORT`")
	set.StringVar(&f.record, "record", "", "write what the proxy forwards to `FILE`")
	set.StringVar(&f.replay, "replay", "", "send the backend what a proxy forwarded when `FILE` was recorded")
	set.StringVar(&f.only, "only", "", "send only the payload with the ID `TEXT`, or those whose group or name contains it")
	set.StringVar(&f.failOn, "fail-on", "extra", "exit with status 1 for this `VERDICT` and worse: forwarded, extra, victim, never")
	set.BoolVar(&f.Remote, "remote", false, "the proxy or the backend may be on another machine")
	set.BoolVar(&f.all, "all", false, "list also the payloads that were refused or made harmless")
	set.BoolVar(&f.verbose, "v", false, "print what was sent and what was forwarded")
	set.BoolVar(&f.bytes, "bytes", false, "also send every odd byte around the framing fields; takes minutes")
	set.BoolVar(&f.json, "json", false, "print the report as JSON")
	set.DurationVar(&f.Patience, "patience", 2*time.Second, "how long an answer may take")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		fmt.Fprintln(help, "Verdicts:")
		for _, v := range verdicts {
			fmt.Fprintf(help, "  %-12s  %s\n", v, meanings[v])
		}
		fmt.Fprintln(help)
		set.SetOutput(help)
		set.PrintDefaults()
		return nil, err
	}
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("%q: everything is said by flags", set.Arg(0))
	}
	if err == nil {
		err = f.check()
	}
	return f, err
}

// check finds what the flags contradict each other in.
func (f *flags) check() error {
	_, known := levels[f.failOn]
	switch {
	case !known && f.failOn != "never":
		return fmt.Errorf("-fail-on %q: it is one of forwarded, extra, victim, never", f.failOn)
	case f.Patience <= 0:
		return fmt.Errorf("-patience %v: an answer needs time", f.Patience)
	case f.replay != "" && (f.Front != "" || f.Listen != "" || f.record != ""):
		return errors.New("-replay needs no proxy: leave -front, -listen and -record out")
	case f.replay != "" && f.To == "":
		return errors.New("-replay needs a backend: -to HOST:PORT")
	case f.replay == "" && (f.Front == "" || f.Listen == ""):
		return errors.New("it needs -front URL, the proxy's, and -listen ADDR, where the proxy looks for its backend")
	case f.replay == "" && f.To == "" && f.record == "":
		return errors.New("it needs a backend, -to HOST:PORT, or a file to write to, -record FILE")
	}
	f.Only = func(p *probe.Payload) bool {
		if f.only == "" {
			return f.bytes || !strings.HasPrefix(p.ID, everyByte)
		}
		return p.ID == f.only || strings.Contains(p.Group+": "+p.Name, f.only)
	}
	return nil
}

// everyByte is how the IDs of payloads begin of which there is one for each odd byte.
const everyByte = "byte-"

// Main runs the command and returns its exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return f.fail(stderr, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	terminal := isTerminal(stderr)
	f.Progress = func(done, of int, name string) {
		if terminal {
			fmt.Fprintf(stderr, "\r\x1b[K%d/%d %s", done+1, of, plain(name))
		}
	}
	rep, err := f.run(ctx)
	if terminal {
		fmt.Fprint(stderr, "\r\x1b[K")
	}
	if rep != nil {
		if f.json {
			enc := json.NewEncoder(stdout)
			enc.SetIndent("", " ")
			enc.Encode(rep)
		} else {
			rep.print(stdout, style{colour: isTerminal(stdout) && os.Getenv("NO_COLOR") == "", all: f.all, full: f.verbose})
		}
	}
	if err != nil {
		return f.fail(stderr, err)
	}
	return f.status(rep)
}

// run does what the flags say. There is no report where nothing was played.
func (f *flags) run(ctx context.Context) (*Report, error) {
	if f.replay != "" {
		rec, err := readRecording(f.replay)
		if err != nil {
			return nil, err
		}
		rep, err := Replay(ctx, f.Config, rec)
		return played(rep), err
	}
	rep, rec, err := Run(ctx, f.Config)
	if err == nil && f.record != "" {
		err = rec.write(f.record)
	}
	return played(rep), err
}

// played returns the report if there is anything in it.
func played(rep *Report) *Report {
	if len(rep.Results) == 0 {
		return nil
	}
	return rep
}

// status is the exit status of a run that came to its end.
func (f *flags) status(rep *Report) int {
	for i := range rep.Results {
		if res := &rep.Results[i]; f.failOn != "never" && res.Fault() && res.Verdict.rank() >= levels[f.failOn].rank() {
			return 1
		}
	}
	return 0
}

// fail says in one line why the probe could not run to its end, and returns the exit status for that.
func (f *flags) fail(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "spillway probe chain: %s\n", cut(dialogue.EncodeRow([]byte(err.Error())), 400))
	return 2
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
