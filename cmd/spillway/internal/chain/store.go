// What a proxy forwarded, in a file, and how it is sent to a backend later: n proxies and m backends need n+m runs.

package chain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const (
	recordingVersion = 1
	mostRecorded     = 64 << 20 // bytes of a recording
	atOnce           = 8        // payloads that are replayed at a time
)

// Recording is what a proxy forwarded for every payload.
type Recording struct {
	Version  int        `json:"version"`
	Front    string     `json:"front"` // the proxy
	When     time.Time  `json:"when"`
	Plain    []byte     `json:"plain"` // the plain request, as it forwards it
	Payloads []Recorded `json:"payloads"`
}

// Recorded is what was forwarded for one payload.
type Recorded struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"`
	Name     string   `json:"name"`
	Section  string   `json:"section"`
	Kind     string   `json:"kind,omitempty"`
	Odd      bool     `json:"odd,omitempty"`
	Verdict  Verdict  `json:"verdict"`            // what the proxy did
	Reused   bool     `json:"reused,omitempty"`   // it sent another client's request on the same connection behind it
	Segments [][]byte `json:"segments,omitempty"` // before the first answer, before the second, …
}

// add notes what was forwarded for a payload.
func (r *Recording) add(pay *probe.Payload, res *Result) {
	one := Recorded{ID: pay.ID, Group: pay.Group, Name: pay.Name, Section: pay.Section, Kind: pay.Kind, Odd: pay.Odd, Verdict: res.did}
	if res.did != Refused && len(res.seen) > 0 {
		one.Segments, one.Reused = res.seen[0].Segments, res.reused
	}
	r.Payloads = append(r.Payloads, one)
}

// write writes the recording.
func (r *Recording) write(name string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// readRecording reads one.
func readRecording(name string) (*Recording, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostRecorded+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostRecorded {
		return nil, fmt.Errorf("%s: more than %d bytes", name, mostRecorded)
	}
	r := &Recording{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: no recording: %w", name, err)
	}
	if r.Version != recordingVersion || len(r.Plain) == 0 || len(r.Payloads) == 0 {
		return nil, fmt.Errorf("%s: no recording of version %d", name, recordingVersion)
	}
	return r, nil
}

// replayer sends a recording to a backend.
type replayer struct {
	addr     string
	rec      *Recording
	known    page // what the plain request is answered
	patience time.Duration
}

// Replay sends what a proxy forwarded to another backend than it was forwarded to. The proxy is not there: whether it would
// have noticed an answer too many is left open, and VICTIM says what the next request on the connection would get.
func Replay(ctx context.Context, cfg Config, rec *Recording) (*Report, error) {
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	began := time.Now()
	rep := &Report{Version: 1, Front: rec.Front, Backend: cfg.To, When: began.UTC().Truncate(time.Second)}
	err := replay(ctx, &cfg, rec, rep)
	rep.Seconds = time.Since(began).Seconds()
	if err != nil {
		rep.Error = err.Error()
	}
	return rep, err
}

func replay(ctx context.Context, cfg *Config, rec *Recording, rep *Report) error {
	addr, _, err := probe.Locate(ctx, "http://"+cfg.To+"/", cfg.Remote)
	if err != nil {
		return fmt.Errorf("-to %q: %w", cfg.To, err)
	}
	p := &replayer{addr: addr, rec: rec, patience: cfg.Patience}
	t, err := p.dial(ctx)
	if err != nil {
		return err
	}
	p.known, err = p.plain(t)
	t.Close()
	if err != nil {
		return fmt.Errorf("the recording's plain request: %w", err)
	}
	var wanted []*Recorded
	for i := range rec.Payloads {
		one := &rec.Payloads[i]
		if cfg.Only == nil || cfg.Only(&probe.Payload{ID: one.ID, Group: one.Group, Name: one.Name}) {
			wanted = append(wanted, one)
		}
	}
	if len(wanted) == 0 {
		return errors.New("-only: the recording has no payload with that in its ID, group or name")
	}
	rep.Results, err = p.playAll(ctx, wanted, cfg.Progress)
	return err
}

// playAll plays some at a time. Where one fails, what comes before it is returned.
func (p *replayer) playAll(ctx context.Context, wanted []*Recorded, progress func(done, of int, name string)) ([]Result, error) {
	results, errs := make([]*Result, len(wanted)), make([]error, len(wanted))
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, one := range wanted {
		slots <- struct{}{}
		if progress != nil {
			progress(i, len(wanted), one.Name)
		}
		if ctx.Err() != nil {
			errs[i] = ctx.Err()
			break
		}
		group.Go(func() {
			defer func() { <-slots }()
			results[i], errs[i] = p.play(ctx, one)
		})
	}
	group.Wait()
	var all []Result
	for i, res := range results {
		if errs[i] != nil || res == nil {
			return all, fmt.Errorf("%s: %w", wanted[i].ID, errs[i])
		}
		all = append(all, *res)
	}
	return all, nil
}

// play sends what was forwarded for one payload.
func (p *replayer) play(ctx context.Context, one *Recorded) (*Result, error) {
	res := &Result{ID: one.ID, Group: one.Group, Name: one.Name, Section: one.Section, Odd: one.Odd, kind: one.Kind, Verdict: one.Verdict, Tries: 1}
	if len(one.Segments) == 0 {
		res.What = "The proxy forwarded nothing."
		return res, nil
	}
	for {
		v, what, err := p.once(ctx, one)
		if err != nil {
			return nil, err
		}
		if v.rank() > res.Verdict.rank() || res.What == "" {
			res.What = what
			if v != "" {
				res.Verdict = v
			}
		}
		if v != "" {
			res.Times++
		}
		if res.Times == 0 || res.Tries == tries {
			break
		}
		res.Tries++
	}
	if res.Fault() {
		res.Forwarded = show(one.Segments[0])
	}
	return res, ctx.Err()
}

// once sends it on one connection. The verdict is empty if the backend answers as many requests as the proxy asked.
func (p *replayer) once(ctx context.Context, one *Recorded) (Verdict, string, error) {
	t, err := p.dial(ctx)
	if err != nil {
		return "", "", fmt.Errorf("cannot connect to the backend any more: %w", err)
	}
	defer t.Close()
	var got []int
	for _, segment := range one.Segments {
		if t.Send(segment) != nil {
			break
		}
		o := &outcome{}
		o.hear(t, methodOf(segment), mostAnswers, p.patience)
		if got = append(got, o.answers...); len(o.answers) > 1 {
			what := fmt.Sprintf("The backend answered %s to what the proxy takes for one request", statuses(o.answers))
			switch {
			case t.WaitEnd(quiet) == nil || t.Ended() != nil:
				return Extra, what + ", and closed.", nil
			case !one.Reused:
				return Extra, what + ".", nil
			}
			return Victim, what + ", and kept the connection: the next request on it gets the answer that is left.", nil
		}
		if len(o.answers) == 0 || o.last {
			return "", fmt.Sprintf("The backend answered %s.", statuses(got)), nil
		}
	}
	if one.Reused && t.WaitEnd(quiet) != nil && t.Ended() == nil {
		if next, err := p.plain(t); err == nil && !next.equal(p.known) {
			return Victim, fmt.Sprintf("The next request on the connection got %v, which was not its own answer.", next), nil
		}
	}
	return "", fmt.Sprintf("The backend answered %s.", statuses(got)), nil
}

// plain sends the plain request as the proxy forwards it.
func (p *replayer) plain(t *dialogue.Talker) (page, error) {
	if err := t.Send(p.rec.Plain); err != nil {
		return page{}, err
	}
	return answerTo(t, p.patience)
}

func (p *replayer) dial(ctx context.Context) (*dialogue.Talker, error) {
	return dial(ctx, p.addr, p.patience)
}
