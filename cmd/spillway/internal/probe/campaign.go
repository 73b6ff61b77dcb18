// A campaign plays the catalogue: several scenarios at a time, and one at a time those under which the server died.

package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// mostDeaths is how often a server may die before the campaign ends.
const mostDeaths = 30

// campaign is a run through scenarios.
type campaign struct {
	*player
	cfg  *Config
	all  []Scenario
	most int // scenarios at a time

	mu       sync.Mutex
	queue    []int     // the scenarios to be played, as indexes
	results  []*Result // of each scenario, nil until it has been played
	suspects []suspect // scenarios that were under way when the server died
	death    *death    // nil while the server lives
	begun    int       // scenarios
	last     int       // the one that was begun last
	done     []int     // the ones that were finished last, at most as many as run at a time
	broken   error     // why a scenario could not be played, which is not the server's fault
	remarks  []string  // deaths that no scenario explains
	deaths   int
}

// suspect is a scenario under which the server may have died.
type suspect struct {
	scenario int
	result   *Result // nil where the connection was refused
	before   bool    // it was over, without a sign, when the death was noticed
}

func newCampaign(p *player, cfg *Config, all []Scenario) *campaign {
	c := &campaign{player: p, cfg: cfg, all: all, most: cfg.conns(p.known.Alone), results: make([]*Result, len(all))}
	return c
}

// run plays everything: first what is listed by name, and then, more at a time, what is one of many. An error says why some
// of it was not played.
func (c *campaign) run(ctx context.Context) error {
	few, most := c.most, c.most
	if c.cfg.Conns == 0 && !c.known.Alone {
		most *= 8
	}
	for _, many := range []bool{false, true} {
		c.most = few
		if many {
			c.most = most
		}
		for i := range c.all {
			if c.all[i].many == many {
				c.queue = append(c.queue, i)
			}
		}
		if err := c.playQueue(ctx); err != nil {
			return err
		}
	}
	return nil
}

// playQueue plays what is in the queue, whatever the server dies of.
func (c *campaign) playQueue(ctx context.Context) error {
	for {
		c.together(ctx)
		switch {
		case c.broken != nil:
			return c.in(c.last, c.broken)
		case ctx.Err() != nil && len(c.queue) > 0:
			return c.in(c.last, context.Cause(ctx))
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case c.death == nil:
			return nil
		}
		if err := c.clear(ctx); err != nil {
			return err
		}
	}
}

// in says in which scenario the campaign ended before its time.
func (c *campaign) in(scenario int, err error) error {
	s := &c.all[scenario]
	return fmt.Errorf("in the scenario %q of %q: %w", s.Name, s.Group, err)
}

// together plays several scenarios at a time, until the queue is empty or the server has died.
func (c *campaign) together(ctx context.Context) {
	var players sync.WaitGroup
	for range c.most {
		players.Go(func() {
			for i := c.next(ctx); i >= 0; i = c.next(ctx) {
				res, d, err := c.tryAgain(ctx, i)
				c.take(i, res, d, err)
			}
		})
	}
	players.Wait()
}

// next takes a scenario from the queue, or returns -1.
func (c *campaign) next(ctx context.Context) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || ctx.Err() != nil || c.death != nil || c.broken != nil {
		return -1
	}
	i := c.queue[0]
	c.queue = c.queue[1:]
	c.last = i
	if c.cfg.Progress != nil {
		c.cfg.Progress(c.begun, len(c.all), c.all[i].Group+": "+c.all[i].Name)
	}
	c.begun++
	return i
}

// take puts down what came of a scenario. While the server dies, whatever is under way is suspect.
func (c *campaign) take(i int, res *Result, d *death, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.death == nil {
		c.death = d
		for _, earlier := range c.done {
			if d != nil && res == nil {
				c.suspects = append(c.suspects, suspect{earlier, c.results[earlier], true})
			}
		}
	}
	switch {
	case err != nil:
		c.broken = err
		c.queue = append(c.queue, i)
	case c.death != nil:
		c.suspects = append(c.suspects, suspect{i, res, false})
	default:
		c.results[i] = res
		c.done = append(c.done, i)
		c.done = c.done[max(len(c.done)-c.most, 0):]
	}
}

// tryAgain tries a scenario, and more than once if it shows a fault.
func (c *campaign) tryAgain(ctx context.Context, i int) (*Result, *death, error) {
	res, d, err := c.try(ctx, i, false)
	if err != nil || d != nil || !res.Verdict.Fault() || c.all[i].Slow {
		return res, d, err
	}
	tries := c.cfg.Tries
	if tries == 0 {
		tries = 3
	}
	for range tries - 1 {
		again, d, err := c.try(ctx, i, false)
		if again != nil {
			res.merge(again)
		}
		if err != nil || d != nil {
			return res, d, err
		}
	}
	return res, nil, nil
}

// try plays a scenario and looks whether the server still lives, always if it is suspect, else if the outcome suggests it. The
// result is nil where the scenario could not be played.
func (c *campaign) try(ctx context.Context, i int, suspect bool) (*Result, *death, error) {
	o, err := c.play(ctx, &c.all[i])
	var handshake *handshakeError
	if errors.As(err, &handshake) { // it may have been busy, or has died
		if d := c.pulse(ctx); d != nil {
			return nil, d, nil
		}
		o, err = c.play(ctx, &c.all[i])
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case isDial(err):
		return nil, &death{Crash, err}, nil
	case err != nil:
		return nil, nil, err
	}
	var d *death
	if suspect {
		time.Sleep(breath) // a process may take a moment to die
	}
	if suspect || o.deadly() {
		d = c.pulse(ctx)
	}
	if ctx.Err() != nil {
		d = nil
	}
	return newResult(&c.all[i], o), d, nil
}

// clear finds out of which suspect the server died: each is played alone. An error says that the server is gone for good.
func (c *campaign) clear(ctx context.Context) error {
	suspects := c.suspects
	c.suspects = nil
	first, guilty := c.death, false
	for n, s := range suspects {
		if c.death != nil {
			if err := c.revive(ctx); err != nil {
				return c.giveUp(suspects[n:], err)
			}
			c.death = nil
		}
		res, d, err := c.try(ctx, s.scenario, true)
		if err != nil {
			c.queue = append(c.queue, s.scenario)
			return c.in(s.scenario, err)
		}
		if c.death = d; d != nil && res != nil {
			d.blame(res, 0)
			guilty = true
		}
		c.results[s.scenario] = res
	}
	if !guilty {
		c.unexplained(suspects, first)
	}
	if c.death == nil {
		return nil
	}
	if err := c.revive(ctx); err != nil {
		return c.in(suspects[len(suspects)-1].scenario, err)
	}
	c.death = nil
	return nil
}

// unexplained puts down a death that did not come again when the suspects were played alone.
func (c *campaign) unexplained(suspects []suspect, d *death) {
	if s := suspects[0]; len(suspects) == 1 && s.result != nil {
		d.blame(s.result, 0)
		c.results[s.scenario] = s.result
		return
	}
	c.remarks = append(c.remarks, fmt.Sprintf("The server died (%s) while or after %s ran at once, and did not when they ran one at a time.",
		oneLine(d.err, 200), plural(len(suspects), "scenario")))
}

// giveUp puts down what the suspects came to, and returns why the campaign ends.
func (c *campaign) giveUp(suspects []suspect, err error) error {
	suspects = slices.DeleteFunc(suspects, func(s suspect) bool { return s.before })
	played := slices.DeleteFunc(slices.Clone(suspects), func(s suspect) bool { return s.result == nil })
	for _, s := range played {
		c.death.blame(s.result, len(played)-1)
		c.results[s.scenario] = s.result
	}
	if len(played) > 0 {
		return c.in(played[0].scenario, err)
	}
	return c.in(suspects[0].scenario, err)
}
