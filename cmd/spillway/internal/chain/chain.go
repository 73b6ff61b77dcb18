// Package chain probes a proxy and its backend together. It stands between the two as a relay that writes down what the
// proxy forwards, sends the proxy package probe's requests with ambiguous framing, and looks whether the backend answers
// more requests than the proxy asked, and whether somebody else gets such an answer.
package chain

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// Verdict is what became of one payload.
type Verdict string

// The verdicts, the worst last.
const (
	Refused    Verdict = "refused"
	Normalised Verdict = "normalised"
	Forwarded  Verdict = "FORWARDED"
	Extra      Verdict = "EXTRA ANSWER"
	Victim     Verdict = "VICTIM"
)

var verdicts = []Verdict{Refused, Normalised, Forwarded, Extra, Victim}

// meanings says what each verdict means.
var meanings = map[Verdict]string{
	Refused:    "the proxy answered itself, or ended the connection: the backend was asked nothing",
	Normalised: "the proxy sent the backend a request of its own making",
	Forwarded:  "the proxy passed the request's framing on as it came",
	Extra:      "the backend answered more requests than the proxy had asked",
	Victim:     "the next request on the backend's connection, another client's, got an answer that was not its own",
}

// rank is a verdict's place among them.
func (v Verdict) rank() int {
	for i, other := range verdicts {
		if v == other {
			return i
		}
	}
	return -1
}

const (
	quiet     = 30 * time.Millisecond // in which nothing more comes
	tries     = 3                     // of what is a fault
	mostTime  = 10 * time.Minute      // of a run
	mostShown = 1 << 10               // bytes that a report shows of what was forwarded
)

// Config is what to probe.
type Config struct {
	Front    string // the proxy's URL, of a page with a plain answer
	Post     string // a URL of the proxy's that takes a POST; empty: Front
	Listen   string // where the proxy finds its backend
	To       string // the backend's host:port; empty: the relay answers itself
	Remote   bool   // the proxy or the backend may be on another machine
	Patience time.Duration
	Only     func(*probe.Payload) bool
	Progress func(done, of int, name string)
}

// Report is what was found.
type Report struct {
	Version int       `json:"version"` // of this form of the report
	Front   string    `json:"front,omitempty"`
	Backend string    `json:"backend,omitempty"`
	When    time.Time `json:"when"`
	Seconds float64   `json:"seconds"`
	Results []Result  `json:"scenarios"`
	Error   string    `json:"error,omitempty"`
}

// Result is one payload's.
type Result struct {
	ID        string   `json:"id"`
	Group     string   `json:"group"`
	Name      string   `json:"name"`
	Section   string   `json:"section"`
	Odd       bool     `json:"odd"` // it breaks a rule of framing
	Verdict   Verdict  `json:"verdict"`
	Times     int      `json:"times,omitempty"` // an extra answer: how often it came
	Tries     int      `json:"tries"`
	What      string   `json:"what"`
	Sent      []string `json:"sent,omitempty"`      // in the notation of package dialogue
	Forwarded []string `json:"forwarded,omitempty"` // what the backend got on its first connection

	kind   string
	seen   []connection // of the first try
	reused bool         // another client's request came on the first of them
	did    Verdict      // what the proxy did, whatever the backend made of it
}

// Fault reports whether the verdict is one to be mended: a mistake that is passed on is one, a valid request is not.
func (r *Result) Fault() bool {
	return r.Verdict.rank() >= Extra.rank() || r.Verdict == Forwarded && r.Odd
}

// page is an answer as two can be compared.
type page struct {
	status int
	body   []byte
}

func pageOf(res *dialogue.Response) page {
	return page{res.Status, res.Body[:min(len(res.Body), 4<<10)]}
}

func (p page) equal(other page) bool {
	return p.status == other.status && bytes.Equal(p.body, other.body)
}

func (p page) String() string {
	return fmt.Sprintf("%d %s", p.status, cut(dialogue.EncodeRow(firstLine(p.body)), 40))
}

// prober is a run.
type prober struct {
	cfg      *Config
	relay    *relay
	addr     string // the proxy's
	place    probe.Place
	get      string
	known    page // what the plain request is answered
	hidden   page // what the hidden request is answered when it is not hidden
	patience time.Duration
}

// Run probes. The error says why the run did not come to its end; the report holds what was found up to then, and the
// recording what the proxy forwarded.
func Run(ctx context.Context, cfg Config) (*Report, *Recording, error) {
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	began := time.Now()
	rep := &Report{Version: 1, Front: cfg.Front, Backend: cfg.To, When: began.UTC().Truncate(time.Second)}
	rec := &Recording{Version: recordingVersion, Front: cfg.Front, When: rep.When}
	err := run(ctx, &cfg, rep, rec)
	rep.Seconds = time.Since(began).Seconds()
	if err != nil {
		rep.Error = err.Error()
	}
	return rep, rec, err
}

func run(ctx context.Context, cfg *Config, rep *Report, rec *Recording) error {
	p, err := newProber(ctx, cfg)
	if err != nil {
		return err
	}
	defer p.relay.close()
	if err := p.look(ctx, rec); err != nil {
		return err
	}
	payloads, err := choose(&p.place, cfg.Only)
	if err != nil {
		return err
	}
	for i := range payloads {
		if cfg.Progress != nil {
			cfg.Progress(i, len(payloads), payloads[i].Name)
		}
		res, err := p.play(ctx, &payloads[i])
		if err != nil {
			return fmt.Errorf("%s: %w", payloads[i].ID, err)
		}
		rep.Results = append(rep.Results, *res)
		rec.add(&payloads[i], res)
	}
	return nil
}

// choose returns the payloads that are wanted.
func choose(at *probe.Place, only func(*probe.Payload) bool) ([]probe.Payload, error) {
	all, err := probe.Payloads(at)
	if err != nil || only == nil {
		return all, err
	}
	var chosen []probe.Payload
	for i := range all {
		if only(&all[i]) {
			chosen = append(chosen, all[i])
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("-only: no payload has that in its ID, group or name")
	}
	return chosen, nil
}

func newProber(ctx context.Context, cfg *Config) (*prober, error) {
	addr, u, err := probe.Locate(ctx, cfg.Front, cfg.Remote)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" {
		return nil, fmt.Errorf("%q: a chain is probed over plain http only", cfg.Front)
	}
	p := &prober{cfg: cfg, addr: addr, get: u.RequestURI(), patience: cfg.Patience}
	p.place = probe.Place{Host: u.Host, Post: p.get, Token: rand.Text()[:10]}
	if cfg.Post != "" {
		other, u, err := probe.Locate(ctx, cfg.Post, cfg.Remote)
		if err != nil {
			return nil, err
		}
		if other != addr {
			return nil, fmt.Errorf("%s is not on the same server as %s", cfg.Post, cfg.Front)
		}
		p.place.Post = u.RequestURI()
	}
	if cfg.To != "" {
		if _, _, err := probe.Locate(ctx, "http://"+cfg.To+"/", cfg.Remote); err != nil {
			return nil, fmt.Errorf("-to %q: %w", cfg.To, err)
		}
	}
	p.relay, err = listen(cfg.Listen, cfg.To, p.patience)
	return p, err
}

// look asks for the two pages that answers are told apart by.
func (p *prober) look(ctx context.Context, rec *Recording) error {
	var err error
	if p.known, err = p.ask(ctx, p.get); err != nil {
		return fmt.Errorf("a plain GET of %s: %w", p.cfg.Front, err)
	}
	seen := p.relay.seen()
	if len(seen) == 0 {
		return fmt.Errorf("the proxy answered a plain GET of %s without asking its backend at %s: %v", p.cfg.Front, p.cfg.Listen, p.known)
	}
	rec.Plain = seen[0].sent()
	if p.hidden, err = p.ask(ctx, p.place.Hidden()); err != nil {
		return fmt.Errorf("a plain GET of %s: %w", p.place.Hidden(), err)
	}
	if p.hidden.equal(p.known) {
		return fmt.Errorf("%s is answered as %s is, %v: choose a page that is not every page", p.place.Hidden(), p.get, p.known)
	}
	return p.relay.reset()
}

// play sends a payload, and one that is a fault several times: the first time the backend's answers are handed on as they
// come, later those that nobody asked for wait for the next request, as those of a slow page do.
func (p *prober) play(ctx context.Context, pay *probe.Payload) (*Result, error) {
	res := &Result{ID: pay.ID, Group: pay.Group, Name: pay.Name, Section: pay.Section, Odd: pay.Odd, kind: pay.Kind, Tries: 1}
	first, err := p.once(ctx, pay, false)
	if err != nil {
		return nil, err
	}
	worst := first
	res.seen, res.did, res.reused = first.before, first.did, first.reused()
	if first.verdict.rank() >= Extra.rank() {
		res.Times = 1
		for res.Tries < tries {
			again, err := p.once(ctx, pay, true)
			if err != nil {
				return nil, err
			}
			res.Tries++
			if again.verdict.rank() >= Extra.rank() {
				res.Times++
			}
			if again.verdict.rank() > worst.verdict.rank() {
				worst = again
			}
		}
	}
	res.Verdict, res.What = worst.verdict, worst.what
	if res.Fault() {
		res.Sent = show(pay.Data)
		if len(first.before) > 0 {
			res.Forwarded = show(first.before[0].sent())
		}
	}
	return res, nil
}
