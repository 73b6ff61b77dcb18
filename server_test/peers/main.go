// The peers' table: starts real servers, sends spillway probe's scenarios to each, and writes down what it said.
//
//	go run .                                          all that are installed
//	go run . -only spillway,net/http,fasthttp         some
//	go run . -results RESULTS.md -html results.html   and writes the two files that are committed
//	go run . -from table.json -results RESULTS.md ... writes them of what an earlier run has kept with -keep table.json
//	go run . -chains -results .                       proxies in front of backends: CHAINS.md and matrix.html
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// entry is a column of the table.
type entry struct {
	Peer    *peer
	Version string
	Report  *report
	Seen    []seen // by the browsers of the table
}

// seen is what a browser shows behind an early 200 and an early 413.
type seen struct{ Browser, Version, Early200, Early413 string }

// table is what a run found.
type table struct {
	When     time.Time
	Command  string
	System   string
	Browsers []seen // their names and versions; none: nobody looked
	Entries  []entry
	Later    []later // what was probed after the run, and put into its table
}

// later is a run of a few peers, whose columns are in the place of those of the table's own run.
type later struct {
	When    time.Time
	Command string
	Names   []string
}

func run(args []string) error {
	if len(args) == 3 && args[0] == serverMode {
		return serve(args[1], args[2])
	}
	flags := flag.NewFlagSet("peers", flag.ExitOnError)
	only := flags.String("only", "", "the `NAMES` of the peers to probe, with commas between them; a name stands for all that begin with it and a comma")
	results := flags.String("results", "", "write the table to `FILE`; with -chains, CHAINS.md and matrix.html to this folder")
	html := flags.String("html", "", "write one page with all peers side by side to `FILE`")
	keep := flags.String("keep", "", "write what was found to `FILE`, without what is withheld")
	from := flags.String("from", "", "take the table that -keep has written to `FILE`, and probe nothing but the peers of -only, if there are any, for their columns in it")
	hold := flags.Bool("hold", false, "probe nothing: start the peers of -only, say where they are, and keep them until this program is interrupted")
	chains := flags.Bool("chains", false, "probe chains instead: the proxies in front of the backends of -only")
	front := flags.String("front", "", "with -chains, the `NAMES` of the proxies; empty: all")
	browser := flags.Bool("browser", true, "look with Chromium and Firefox, where they are installed, what they show after an upload that is answered early")
	flags.Parse(args)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *chains {
		return runChains(ctx, *front, *only, *results, "go run . "+strings.Join(args, " "))
	}
	chosen, err := choose(peers(), *only)
	if err != nil {
		return err
	}
	if *hold {
		return holdAll(ctx, chosen)
	}
	t := &table{When: time.Now().UTC(), Command: strings.TrimSpace("go run . " + strings.Join(args, " ")), System: system()}
	if *from == "" || *only != "" {
		err = t.fill(ctx, chosen, *browser)
	}
	if err == nil && *from != "" {
		err = t.into(*from)
	}
	if err != nil {
		return err
	}
	if *keep != "" {
		if err := t.save(*keep); err != nil {
			return err
		}
	}
	if *results != "" {
		if err := os.WriteFile(*results, t.markdown(), 0o644); err != nil {
			return err
		}
	}
	if *html != "" {
		return t.writePage(*html)
	}
	return nil
}

// choose returns the peers of these names.
func choose(all []peer, only string) ([]peer, error) {
	if only == "" {
		return all, nil
	}
	var chosen []peer
	for _, p := range all {
		if slices.ContainsFunc(strings.Split(only, ","), p.called) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("peers: no peer is called %q", only)
	}
	return chosen, nil
}

func (p *peer) called(name string) bool {
	name = strings.TrimSpace(name)
	return p.Name == name || strings.HasPrefix(p.Name, name+", ") || strings.ReplaceAll(p.Name, ", ", " ") == name
}

// fill probes the peers one after the other.
func (t *table) fill(ctx context.Context, chosen []peer, browse bool) error {
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	spillway, err := buildSpillway(ctx, dir)
	if err != nil {
		return err
	}
	var viewers []*viewer
	if browse {
		if viewers, err = newViewers(dir); err != nil {
			return err
		}
	}
	defer closeAll(viewers)
	for _, v := range viewers {
		t.Browsers = append(t.Browsers, seen{Browser: v.name, Version: v.version})
	}
	for i := range chosen {
		p := &chosen[i]
		version, err := p.version()
		if err != nil {
			fmt.Printf("%-28s not installed\n", p.Name)
			continue
		}
		e, err := look(ctx, p, spillway, viewers)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			fmt.Printf("%-28s left out: %v\n", p.Name, err)
			continue
		}
		e.Version = version
		fmt.Println(e.line())
		if p.Withheld {
			for i := range e.Report.Results {
				if r := &e.Report.Results[i]; r.exploitable() && !slices.Contains(p.Public, r.Name) {
					fmt.Printf("    %s %s: %s: %s\n", r.Verdict, r.Group, r.Name, r.What)
				}
			}
			e.Report.withhold(p)
		}
		t.Entries = append(t.Entries, *e)
	}
	return nil
}

// save keeps the table, for files that are written again without a run.
func (t *table) save(name string) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// into puts the table's columns into the one that save has kept, and becomes that.
func (t *table) into(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	kept := &table{}
	if err := json.Unmarshal(text, kept); err != nil {
		return err
	}
	current := peers()
	for i := range kept.Entries { // what is public of them is known now
		e := &kept.Entries[i]
		if n := slices.IndexFunc(current, func(p peer) bool { return p.Name == e.Peer.Name }); n >= 0 {
			e.Peer = &current[n]
		}
		if e.Peer.Withheld {
			e.Report.withhold(e.Peer)
		}
	}
	if len(t.Entries) > 0 {
		kept.replace(t)
	}
	*t = *kept
	return nil
}

// replace puts in what was probed later, in the order of the peers.
func (t *table) replace(by *table) {
	l := later{When: by.When, Command: by.Command}
	order := map[string]int{}
	for i, p := range peers() {
		order[p.Name] = i
	}
	for _, e := range by.Entries {
		l.Names = append(l.Names, e.Peer.Name)
		t.Entries = slices.DeleteFunc(t.Entries, func(old entry) bool { return old.Peer.Name == e.Peer.Name })
	}
	t.Entries = append(t.Entries, by.Entries...)
	slices.SortStableFunc(t.Entries, func(a, b entry) int { return cmp.Compare(order[a.Peer.Name], order[b.Peer.Name]) })
	t.Later = append(t.Later, l)
}

// look probes one peer, and looks at it with the browsers that there are.
func look(ctx context.Context, p *peer, spillway string, viewers []*viewer) (*entry, error) {
	server, err := start(p, spillway)
	if err != nil {
		return nil, err
	}
	defer func() { server.stop() }()
	e := &entry{Peer: p}
	if e.Report, err = probe(ctx, spillway, p, server.addr); err != nil {
		return nil, err
	}
	if e.Report.Unplayed > 0 && len(viewers) > 0 { // it has not outlived the probe
		again, err := start(p, spillway)
		if err != nil {
			return nil, err
		}
		server.stop()
		server = again
	}
	for _, v := range viewers {
		e.Seen = append(e.Seen, seen{v.name, v.version, v.look("http://"+server.addr, p.Early200), v.look("http://"+server.addr, p.Early413)})
	}
	return e, nil
}

// holdAll starts peers and keeps them, for those who want to talk to them.
func holdAll(ctx context.Context, chosen []peer) error {
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	spillway, err := buildSpillway(ctx, dir)
	if err != nil {
		return err
	}
	for i := range chosen {
		p := &chosen[i]
		server, err := start(p, spillway)
		if err != nil {
			return err
		}
		defer server.stop()
		fmt.Printf("%s: spillway probe -post http://%s%s http://%s%s\n", p.Name, server.addr, p.Post, server.addr, p.Get)
	}
	<-ctx.Done()
	return nil
}

// line sums an entry up for the terminal.
func (e *entry) line() string {
	var counts []string
	for _, v := range verdicts {
		if n := e.Report.count(v); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, v))
		}
	}
	line := fmt.Sprintf("%-28s %5.1f s  %s", e.Peer.Name, e.Report.Seconds, strings.Join(counts, ", "))
	for _, s := range e.Seen {
		line += fmt.Sprintf("; %s: %s, %s", s.Browser, s.Early200, s.Early413)
	}
	return line
}

// version asks for the peer's version. An error says that it is not installed.
func (p *peer) version() (string, error) {
	if p.Version == nil {
		return builtIn(p.Module), nil
	}
	out, err := exec.Command(p.Version[0], p.Version[1:]...).CombinedOutput()
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return shortVersion(line), nil
}

// shortVersion takes the first word that has a digit and a dot from what a program calls itself.
func shortVersion(line string) string {
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" /()", r) }) {
		if strings.ContainsAny(word, "0123456789") && strings.Contains(word, ".") {
			return strings.TrimLeftFunc(word, func(r rune) bool { return r < '0' || r > '9' })
		}
	}
	return strings.TrimSpace(line)
}

// system names the operating system.
func system() string {
	text, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			return strings.Trim(name, `"`)
		}
	}
	return cmp.Or(filepath.Base(os.Getenv("OSTYPE")), "unknown")
}
