// Rounds go round all cases, and in each case round all servers, so that what disturbs the machine for a while disturbs all
// alike.

// Package run runs the cases on the servers.
package run

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/check"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
	"github.com/spillway-go/spillway/bench/stat"
)

// Options says what to run and how often.
type Options struct {
	Command  string        // how the report says that it was made
	Self     string        // this program, which is also its servers and its generator
	Rounds   int           // of everything
	Most     int           // of what these do not settle
	Limit    time.Duration // after which nothing more is measured than Rounds
	Window   time.Duration
	Warm     time.Duration
	Turns    int // of every connection, before it is measured
	MaxConns int // cases with more connections get fewer; 0: none does
	Tries    int // of a window that was disturbed; 1: nobody looks whether it was
	Quick    bool
	Cases    *regexp.Regexp // of IDs; nil: all
	Servers  *regexp.Regexp // of names; nil: all
	Progress io.Writer
}

type runner struct {
	Options
	dir        string // of files for the servers
	own        build
	peers      string // the program bench/peers, or "" for
	noPeers    error  // the reason why there is none
	cores      []int
	noise      *noise
	began      time.Time
	servers    []servers.Server
	report     *report.Report
	others     others
	repeats    int           // of windows
	repeatTime time.Duration // that they took
}

// Run runs the benchmark.
func Run(o Options) (*report.Report, error) {
	r, err := newRunner(o)
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.plan()
	r.say("checking the answers of %d servers in %d cases", len(r.servers), len(r.report.Cases))
	r.checkAll()
	for round := 1; round <= max(o.Rounds, o.Most); round++ {
		for i := range r.report.Cases {
			if who := r.needed(round, &r.report.Cases[i]); len(who) > 0 {
				r.round(round, &r.report.Cases[i], who)
			}
		}
	}
	r.compareWithWrk()
	r.report.Noise = r.conditions()
	r.report.Seconds = time.Since(r.began).Seconds()
	r.report.Complete()
	return r.report, nil
}

// newRunner makes what every measurement needs: the servers' files, and what watches the cores.
func newRunner(o Options) (*runner, error) {
	dir, err := os.MkdirTemp("", "spillway-bench-")
	if err != nil {
		return nil, err
	}
	if err := servers.WriteFiles(dir); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	all := cores()
	return &runner{Options: o, dir: dir, own: build{program: o.Self}, cores: all, noise: watch(all), began: time.Now()}, nil
}

func (r *runner) close() {
	r.noise.close()
	os.RemoveAll(r.dir)
}

// mayRepeat reports whether there is time for a disturbed window to be repeated: a fifth of all, and a little to begin with.
func (r *runner) mayRepeat() bool { return r.repeatTime < 5*time.Second+time.Since(r.began)/5 }

// repeated counts what a disturbed machine has cost.
func (r *runner) repeated(took time.Duration) {
	r.repeats++
	r.repeatTime += took
}

func (r *runner) say(format string, args ...any) {
	fmt.Fprintf(r.Progress, "%4.0fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// plan makes a report without measurements.
func (r *runner) plan() {
	r.report = &report.Report{
		Began: r.began.UTC().Truncate(time.Second), Command: r.Command, Quick: r.Quick, Machine: machine(),
		Settings: report.Settings{Rounds: r.Rounds, Most: max(r.Rounds, r.Most), Window: r.Window, Warm: r.Warm, Pinned: len(r.cores) > 1},
	}
	for _, s := range servers.All() {
		if r.Servers == nil || r.Servers.MatchString(s.Name) {
			if s.Peer && r.peers == "" && r.noPeers == nil {
				r.say("building the peers that have a program of their own")
				if r.noPeers = r.buildPeers(); r.noPeers != nil {
					r.say("they are missing: %v", r.noPeers) // now, and not only in the report, an hour later
				}
			}
			r.servers = append(r.servers, s)
			r.report.Servers = append(r.report.Servers, report.Server{Name: s.Name, Title: s.Title, About: s.About, Floor: s.Floor})
		}
	}
	r.report.Versions = versions(r.peers)
	files := EnoughFiles(cases.Most + 1000)
	for _, c := range cases.All() {
		if r.Cases != nil && !r.Cases.MatchString(c.ID) {
			continue
		}
		full := c.Conns
		if c.Limit(r.MaxConns); c.Conns < full {
			c.Title += fmt.Sprintf(", but here %d", c.Conns)
		}
		of := report.Case{Case: c}
		for _, s := range r.servers {
			result := report.Result{Server: s.Name, State: report.Timed}
			if why := r.lacks(&s, &c); why != "" {
				result.State, result.Why = report.Absent, why
			} else if uint64(c.Connections()+100) > files {
				result.State, result.Why = report.Absent, fmt.Sprintf("needs more than the %d open files that the system allows", files)
			}
			of.Results = append(of.Results, result)
		}
		r.report.Cases = append(r.report.Cases, of)
	}
}

func (r *runner) lacks(s *servers.Server, c *cases.Case) string {
	if why := s.Lacks(c); why != "" {
		return why
	}
	if s.Peer && r.noPeers != nil {
		return r.noPeers.Error()
	}
	if s.Command != nil {
		if _, err := s.Command(&servers.Env{Case: c, Dir: r.dir}); err != nil {
			return err.Error()
		}
	}
	return ""
}

// conditions tells how disturbed the measurements were.
func (r *runner) conditions() report.Noise {
	n := report.Noise{Repeated: r.repeats}
	for i := range r.report.Cases {
		for _, result := range r.report.Cases[i].Results {
			for _, one := range result.Rounds {
				n.Windows++
				if one.Disturbed {
					n.Disturbed++
				}
			}
		}
	}
	if all := float64(r.others.all); all > 0 {
		n.Processes, n.Stolen = float64(r.others.busy)/all, float64(r.others.stolen)/all
	}
	return n
}

// buildPeers builds bench/peers, which can be done where this program was built from.
func (r *runner) buildPeers() error {
	program := filepath.Join(r.dir, "peers")
	const of = "github.com/spillway-go/spillway/bench/peers"
	if text, err := exec.Command("go", "build", "-o", program, of).CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return fmt.Errorf("could not be built: %.200s (%w)", lines[len(lines)-1], err)
	}
	r.peers = program
	return nil
}

// checkAll looks at every server's answers before anything is timed.
func (r *runner) checkAll() {
	for i := range r.report.Cases {
		c := &r.report.Cases[i]
		for j, s := range r.servers {
			result := &c.Results[j]
			if result.State != report.Timed {
				continue
			}
			notes, err := r.check(s, &c.Case)
			result.Notes = notes
			r.settle(c, result, err)
		}
	}
}

func (r *runner) check(s servers.Server, c *cases.Case) ([]string, error) {
	srv, err := r.startServer(r.own, s, c)
	if err != nil {
		return nil, err
	}
	defer srv.stop()
	notes, err := check.Case(srv.addr, c)
	if err != nil {
		return notes, &wrongError{err.Error()}
	}
	return notes, nil
}

// failed reports whether an error is the benchmark's own, and not the server's.
func failed(err error) bool {
	var wrong *wrongError
	return err != nil && !errors.As(err, &wrong)
}

// settle takes a server out of a case for an error.
func (r *runner) settle(c *report.Case, result *report.Result, err error) {
	if err == nil {
		return
	}
	result.State, result.Why = report.Wrong, err.Error()
	if failed(err) {
		result.State = report.Failed
	}
	result.Rounds = nil
	r.say("%-18s %-16s %s: %s", c.ID, result.Server, result.State, result.Why)
}

// needed returns the servers that are measured in a round: all in the first rounds, and later those whose ratios are not
// settled, as long as there is time.
func (r *runner) needed(round int, c *report.Case) map[string]bool {
	all := map[string]bool{}
	if round <= r.Rounds {
		for _, result := range c.Results {
			all[result.Server] = result.State == report.Timed
		}
		return all
	}
	if time.Since(r.began) > r.Limit {
		return nil
	}
	c.Complete()
	return c.Open()
}

// round measures some servers once. A different one begins each time.
func (r *runner) round(round int, c *report.Case, who map[string]bool) {
	r.say("round %d of %d  %s", round, max(r.Rounds, r.Most), c.ID)
	if c.Idle {
		r.idleRound(round, c, who)
		return
	}
	for k := range r.servers {
		j := (k + round - 1) % len(r.servers)
		result := &c.Results[j]
		if !who[result.Server] || result.State != report.Timed {
			continue
		}
		one, latency, err := r.sample(r.servers[j], &c.Case)
		if failed(err) {
			r.say("%-18s %-16s once more: %v", c.ID, result.Server, err)
			one, latency, err = r.sample(r.servers[j], &c.Case)
		}
		if err != nil {
			r.settle(c, result, err)
			continue
		}
		one.Round = round
		result.Rounds = append(result.Rounds, *one)
		result.Latency.Add(latency)
	}
}

// sample measures a new server once.
func (r *runner) sample(s servers.Server, c *cases.Case) (*report.Round, *stat.Histogram, error) {
	st, err := r.setUp(r.own, s, c)
	if err != nil {
		return nil, nil, err
	}
	defer st.close()
	return st.measure()
}

// Self returns the path of this program.
func Self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
