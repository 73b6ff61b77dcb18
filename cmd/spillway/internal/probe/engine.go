// The engine: the survey, then every scenario on a few connections at a time, and a report in the catalogue's order.

package probe

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// Config is what to probe and how.
type Config struct {
	URL      string
	Post     string        // a URL on the same server that takes a POST; empty: URL
	Lab      bool          // the server has the routes of spillway serve
	Slow     bool          // with the scenarios that take long
	Remote   bool          // the server may be on another machine
	All      bool          // list also what is one of many and no fault
	Insecure bool          // with https: whatever certificate the server has
	CACert   string        // with https: a file with the certificates, in PEM, that are trusted; empty: the system's
	Conns    int           // scenarios played at once; 0: 4, and 32 where they are many and small
	Patience time.Duration // how long an answer may take; 0: 2 s
	Tries    int           // how often a scenario is played whose first outcome is a fault; 0: 3
	Restart  string        // a shell command that starts the server again where it has died, and returns
	Stuck    time.Duration // how long one scenario may keep the server from answering anybody; 0: 30 s
	Only     func(*Scenario) bool

	Host    string   // of the Host field; empty: the URL's
	Method  string   // of requests with content; empty: POST
	Headers []string // fields for every request, as Name: value
	Healthy healthy  // what the answer to a plain GET is like

	Progress func(done, of int, name string) // is called before each scenario; nil: nobody
}

// reportVersion is the version of the report's form as JSON, which report.schema.json describes.
const reportVersion = 1

// Report is what a probe found.
type Report struct {
	Version  int        `json:"version"` // of this form of the report
	URL      string     `json:"url"`
	When     time.Time  `json:"when"`
	Seconds  float64    `json:"seconds"`
	Survey   survey     `json:"survey"`
	Results  []Result   `json:"scenarios"`
	Unlisted []Unlisted `json:"unlisted,omitempty"` // scenarios of which there are many, without the faults
	Remarks  []string   `json:"remarks,omitempty"`  // what no scenario explains
	Unplayed int        `json:"unplayed,omitempty"` // scenarios that were not played because of Error
	Error    string     `json:"error,omitempty"`    // why the probe did not come to its end
	Stale    []string   `json:"stale,omitempty"`    // IDs that are known to show a fault, and did not

	played   map[string]bool // IDs
	compared bool            // with what is known
}

// Result is one scenario's.
type Result struct {
	ID      string  `json:"id"`
	Group   string  `json:"group"`
	Name    string  `json:"name"`
	Why     string  `json:"why"`
	Level   Level   `json:"level"`   // that the verdict is judged by
	Section string  `json:"section"` // of the standard
	Verdict Verdict `json:"verdict"`
	Known   bool    `json:"known,omitempty"` // a fault that the baseline has, or a worse one
	Times   int     `json:"times,omitempty"` // a fault: how often it came
	Tries   int     `json:"tries"`
	What    string  `json:"what"`
	Advice  string  `json:"advice,omitempty"`
	Millis  float64 `json:"ms"`
	Steps   []Step  `json:"dialogue"`

	many bool
	kind string
}

// Unlisted is how many scenarios of a group are not listed, as they are no faults.
type Unlisted struct {
	Group    string          `json:"group"`
	Verdicts map[Verdict]int `json:"verdicts"`
}

// Step is one event of the dialogue, cut short and safe to print.
type Step struct {
	Millis float64  `json:"ms"`
	From   string   `json:"from"` // "client" or "server"
	Kind   string   `json:"kind"` // "data", "fin", "rst" or "remark"
	Bytes  int64    `json:"bytes,omitempty"`
	Lines  []string `json:"lines,omitempty"` // in the notation of package dialogue
	Stray  []string `json:"stray,omitempty"` // those that belong to no request, or an end that was not announced
}

// Run probes. The error says why the probe did not come to its end; the report holds what was found up to then.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	began := time.Now()
	rep := &Report{Version: reportVersion, Results: []Result{}, URL: cfg.URL, When: began.UTC().Truncate(time.Second)}
	p, err := newPlayer(ctx, &cfg)
	if err == nil {
		if err = p.look(ctx); err != nil {
			err = fmt.Errorf("a plain GET of %s: %w", p.get, err)
		}
	}
	if err == nil {
		rep.Survey = p.known
		err = rep.playAll(ctx, p, &cfg)
	}
	rep.Seconds = time.Since(began).Seconds()
	if err != nil {
		rep.Error = err.Error()
	}
	return rep, err
}

func newPlayer(ctx context.Context, cfg *Config) (*player, error) {
	addr, u, err := locate(cfg.URL)
	if err != nil {
		return nil, err
	}
	secure, err := cfg.secure(u.Scheme, u.Hostname())
	if err != nil {
		return nil, err
	}
	p := &player{secure: secure, place: cfg.place(addr, u), healthy: cfg.Healthy, patience: cfg.Patience, stuck: cfg.Stuck}
	if p.patience <= 0 {
		p.patience = 2 * time.Second
	}
	if p.stuck <= 0 {
		p.stuck = 30 * time.Second
	}
	p.post = p.get
	if cfg.Lab {
		p.get, p.post = "/plaintext", "/ignore"
	}
	if cfg.Post != "" {
		other, post, err := locate(cfg.Post)
		if err != nil {
			return nil, err
		}
		if other != addr || post.Scheme != u.Scheme {
			return nil, fmt.Errorf("%s is not on the same server as %s", cfg.Post, cfg.URL)
		}
		p.post = post.RequestURI()
	}
	if !cfg.Remote {
		return p, p.mustBeLocal(ctx)
	}
	return p, nil
}

// locate returns the address that a URL's server has.
func locate(raw string) (string, *url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", nil, err
	}
	ports := map[string]string{"http": "80", "https": "443"}
	if ports[u.Scheme] == "" || u.Hostname() == "" || u.User != nil {
		return "", nil, fmt.Errorf("%q is not an http://HOST:PORT/ or https://HOST:PORT/ URL", raw)
	}
	port := cmp.Or(u.Port(), ports[u.Scheme])
	return net.JoinHostPort(u.Hostname(), port), u, nil
}

// mustBeLocal resolves the place's address, and fails if it is on another machine.
func (p *player) mustBeLocal(ctx context.Context) error {
	host, port, _ := net.SplitHostPort(p.addr)
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return err
	}
	for _, ip := range ips {
		if !ip.IP.IsLoopback() {
			return fmt.Errorf("%s is on another machine (%v): that needs -remote, and the consent of whoever runs it", host, ip.IP)
		}
	}
	p.addr = net.JoinHostPort(ips[0].String(), port)
	if len(ips) > 1 {
		p.addr = net.JoinHostPort(host, port) // the dialer tries them all
	}
	return nil
}

// playAll plays the catalogue.
func (r *Report) playAll(ctx context.Context, p *player, cfg *Config) error {
	all := cfg.scenarios()
	if err := check(all); err != nil {
		return err
	}
	c := newCampaign(p, cfg, all)
	err := c.run(ctx)
	r.played = map[string]bool{}
	for i, res := range c.results {
		if res != nil {
			r.played[res.ID] = true
		}
		switch {
		case res == nil:
			r.Unplayed++
		case all[i].many && !cfg.All && !res.Verdict.Fault():
			r.unlist(res)
		default:
			r.Results = append(r.Results, *res)
		}
	}
	r.Remarks = c.remarks
	if remark := p.secure.remark(); remark != "" {
		r.Remarks = append(r.Remarks, remark)
	}
	return err
}

// unlist counts a result instead of listing it.
func (r *Report) unlist(res *Result) {
	if n := len(r.Unlisted); n == 0 || r.Unlisted[n-1].Group != res.Group {
		r.Unlisted = append(r.Unlisted, Unlisted{Group: res.Group, Verdicts: map[Verdict]int{}})
	}
	r.Unlisted[len(r.Unlisted)-1].Verdicts[res.Verdict]++
}

// count returns how many scenarios have a verdict, the unlisted ones too.
func (r *Report) count(v Verdict) int {
	n := 0
	for i := range r.Results {
		if r.Results[i].Verdict == v {
			n++
		}
	}
	for _, u := range r.Unlisted {
		n += u.Verdicts[v]
	}
	return n
}

// countPlayed returns how many scenarios were.
func (r *Report) countPlayed() int {
	n := 0
	for _, v := range verdicts {
		n += r.count(v)
	}
	return n
}

func (cfg *Config) scenarios() []Scenario {
	var all []Scenario
	for _, s := range Catalogue(cfg.Lab, cfg.Slow) {
		if cfg.Only == nil || cfg.Only(&s) {
			all = append(all, s)
		}
	}
	return all
}

// conns is how many scenarios are played at once.
func (cfg *Config) conns(alone bool) int {
	switch {
	case alone:
		return 1
	case cfg.Conns > 0:
		return min(cfg.Conns, 64)
	case cfg.Slow:
		return 10
	}
	return 4
}

func newResult(s *Scenario, o *outcome) *Result {
	f := o.judge()
	res := &Result{
		ID: s.ID, Group: s.Group, Name: s.Name, Why: s.Why, What: f.What, Advice: f.Advice, Steps: []Step{}, Millis: millis(o.took), Tries: 1, many: s.many, kind: s.kind,
	}
	res.Verdict, res.Level, res.Section = s.grade(f.Verdict)
	if res.Verdict.Fault() {
		res.Times = 1
	}
	for _, e := range o.events {
		res.Steps = append(res.Steps, newStep(e, &f))
	}
	return res
}

var kinds = map[dialogue.Kind]string{dialogue.Data: "data", dialogue.End: "fin", dialogue.Reset: "rst", dialogue.Remark: "remark"}

// newStep makes a step of an event, of which the finding may say that some is stray.
func newStep(e dialogue.Event, f *Finding) Step {
	st := Step{Millis: millis(e.At), From: "client", Kind: kinds[e.Kind], Bytes: e.Bytes}
	if e.From == dialogue.Server {
		st.From = "server"
	}
	switch {
	case e.Kind != dialogue.Data && f.broke && e.From == dialogue.Server:
		st.Stray = e.Lines()
		return st
	case e.Kind != dialogue.Data:
		st.Lines = e.Lines()
		return st
	}
	good := int64(len(e.First))
	if st.From == "server" && f.stray >= 0 {
		good = min(max(f.stray-e.Offset, 0), good)
	}
	rest := e
	rest.First = e.First[good:]
	e.First, e.Bytes = e.First[:good], good
	if rest.Bytes -= good; len(rest.First) > 0 {
		st.Lines, st.Stray = e.Lines(), rest.Lines()
		return st
	}
	e.Bytes += rest.Bytes
	st.Lines = e.Lines()
	return st
}

func millis(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
