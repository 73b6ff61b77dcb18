// The stream to one who looks: the rows that have changed, and the steps of the story that is chosen, as server-sent events.

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const (
	pace      = 100 * time.Millisecond // the stream says what has changed no more often
	heartbeat = 15 * time.Second       // and something at least so often, so that one who has gone is noticed
	longest   = 30 * time.Minute       // a stream ends after that; the page asks for another
	mostLines = 60                     // of a piece
)

// update is one message to the page.
type update struct {
	Rows    []row      `json:"rows"`    // that have changed
	IDs     []int64    `json:"ids"`     // of all rows that there are
	Stories []*chapter `json:"stories"` // those that are chosen
}

// chapter is what has changed in the story that is chosen.
type chapter struct {
	Row   int64      `json:"row"`
	Steps []stepView `json:"steps"`
	First int        `json:"first"` // steps from this number on
	Last  int        `json:"last"`  // and before this one are not kept
}

type stepView struct {
	N       int         `json:"n"`
	Kind    string      `json:"kind"`
	At      float64     `json:"at"`
	Until   float64     `json:"until"`
	Bytes   int64       `json:"bytes,omitempty"`
	Pieces  []pieceView `json:"pieces,omitempty"`
	Dropped int         `json:"dropped,omitempty"`
	Text    string      `json:"text,omitempty"`
	Section string      `json:"section,omitempty"`
	Stray   bool        `json:"stray,omitempty"`
	Grave   bool        `json:"grave,omitempty"`
}

// pieceView is a piece in the notation of package dialogue: printable characters only.
type pieceView struct {
	Kind    string   `json:"kind"`
	Message int      `json:"message"`
	Bytes   int      `json:"bytes"`
	Lines   []string `json:"lines"`
	More    int      `json:"more,omitempty"` // bytes that are not kept
	Last    string   `json:"last,omitempty"` // those behind them
	Note    string   `json:"note,omitempty"`
	Ends    bool     `json:"ends,omitempty"`
	Rule    string   `json:"rule,omitempty"`
	Section string   `json:"section,omitempty"`
}

func (st *step) view() stepView {
	v := stepView{N: st.N, Kind: st.Kind, At: st.At, Until: st.Until, Bytes: st.Bytes, Dropped: st.Dropped,
		Text: st.Text, Section: st.Section, Stray: st.Stray, Grave: st.Grave}
	for _, p := range st.Pieces {
		pv := pieceView{Kind: p.Kind.String(), Message: p.Message, Bytes: p.Len, More: p.Len - len(p.first) - len(p.last), Note: p.Note, Ends: p.Ends}
		pv.Lines = dialogue.Encode(p.first)
		if n := len(pv.Lines); n > mostLines {
			pv.Lines = append(pv.Lines[:mostLines], fmt.Sprintf("… and %d lines more", n-mostLines))
		}
		if len(p.last) > 0 {
			pv.Last = dialogue.EncodeRow(p.last)
		}
		if p.Error != nil {
			pv.Rule, pv.Section = p.Error.Reason, p.Error.Section
		}
		v.Pieces = append(v.Pieces, pv)
	}
	return v
}

// since returns what has changed since a version, the version now, and what is closed at the next change.
func (p *Page) since(version uint64, chosen []int64) (update, uint64, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := update{Rows: []row{}, IDs: []int64{}, Stories: []*chapter{}}
	for _, r := range p.rows {
		if r.own {
			continue
		}
		u.IDs = append(u.IDs, r.ID)
		if r.version > version {
			u.Rows = append(u.Rows, *r)
		}
		if slices.Contains(chosen, r.ID) {
			if c := r.story.after(version); c != nil {
				u.Stories = append(u.Stories, c)
			}
		}
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return u, p.version, p.changed
}

// after returns the steps that have changed since a version, or nil if none has.
func (s *story) after(version uint64) *chapter {
	c := &chapter{Row: s.row.ID, First: firstSteps, Last: firstSteps}
	if len(s.steps) > firstSteps {
		c.Last = s.steps[firstSteps].N
	}
	for _, st := range s.steps {
		if st.version > version {
			c.Steps = append(c.Steps, st.view())
		}
	}
	if c.Steps == nil {
		return nil
	}
	return c
}

// stream returns what sends everything that changes, at first all that there is.
func (p *Page) stream(chosen []int64) func(context.Context, func([]byte) error) error {
	return func(ctx context.Context, write func([]byte) error) error {
		closed := p.enter()
		defer p.leave()
		end := time.NewTimer(longest)
		defer end.Stop()
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		for version := uint64(0); ; {
			u, now, changed := p.since(version, chosen)
			version = now
			text, err := json.Marshal(u)
			if err != nil {
				return err
			}
			if err := write(fmt.Appendf(nil, "data: %s\n\n", text)); err != nil {
				return err
			}
			pause := time.NewTimer(pace)
			for waiting := changed; waiting != nil || pause != nil; {
				var paused <-chan time.Time
				if pause != nil {
					paused = pause.C
				}
				select {
				case <-waiting:
					waiting = nil
				case <-paused:
					pause = nil
				case <-beat.C:
					if err := write([]byte(":\n\n")); err != nil {
						return err
					}
				case <-ctx.Done():
					return ctx.Err()
				case <-closed:
					return nil
				case <-end.C:
					return nil
				}
			}
		}
	}
}
