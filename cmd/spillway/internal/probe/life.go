// Whether the server still lives, and how it is started again.

package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"
)

const (
	restartTime = 30 * time.Second // how long the command that starts the server again may take
	comeback    = 3                // how many times the patience a server may take to begin to listen again
)

// death is how a server was found dead.
type death struct {
	verdict Verdict // Crash or Dead
	err     error
}

// deadly reports whether an outcome is one that the server may have died of: the connection ended, or fell silent, in a way
// that no answer announced.
func (o *outcome) deadly() bool {
	return o.failed != nil || o.unsent || o.end != nil && !o.last || o.oracle == Alive
}

// pulse asks the server for the page that it is known to have, and returns nil if there is an answer. A server that has few
// workers may need time to let go of a connection.
func (p *player) pulse(ctx context.Context) *death {
	err := p.ping(ctx, max(p.patience, p.stuck))
	var timeout silence
	if err != nil && ctx.Err() == nil && !errors.As(err, &timeout) {
		time.Sleep(5 * breath)
		err = p.ping(ctx, max(p.patience, p.stuck))
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case isDial(err):
		return &death{Crash, err}
	}
	return &death{Dead, err}
}

// ping sends a plain GET on a new connection, and fails if the answer is not a healthy one.
func (p *player) ping(ctx context.Context, patience time.Duration) error {
	res, t, err := p.once(ctx, p.get, patience)
	if err != nil {
		return err
	}
	t.Close()
	return p.healthy.check(res)
}

// isDial reports whether an error says that no connection could be opened.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// blame makes the result say that the server died of the scenario, or of one of so many others that ran at the same time.
func (d *death) blame(res *Result, others int) {
	what := "From then on the server refused connections: %s."
	if d.verdict == Dead {
		what = "From then on the server answered nobody: a plain GET got no healthy answer (%s)."
	}
	what = fmt.Sprintf(what, oneLine(d.err, 200))
	if others > 0 {
		what += fmt.Sprintf(" It died of this or of %s that ran at the same time; -conns 1 or -restart tells.", plural(others, "other"))
	}
	res.Level, res.Times = Must, max(res.Times, 1)
	res.Verdict, res.What, res.Advice = d.verdict, what, advice[d.verdict]
}

// revive waits until the server answers again, and starts it before if there is a command for that.
func (c *campaign) revive(ctx context.Context) error {
	d := c.death
	if c.deaths++; c.deaths > mostDeaths {
		return fmt.Errorf("the server has died %d times: %w", mostDeaths, d.err)
	}
	if c.cfg.Restart != "" {
		ctx, cancel := context.WithTimeout(ctx, restartTime)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-c", c.cfg.Restart)
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("-restart %q: %w; since then: %w", cut(c.cfg.Restart, 100), err, d.err)
		}
	} else if d.verdict == Dead { // it was waited for
		return fmt.Errorf("since then a plain GET gets no healthy answer either: %w", d.err)
	}
	var err error
	for end := time.Now().Add(comeback * c.patience); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(2 * breath) {
		if err = c.ping(ctx, c.patience); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the server has not come back: %w", err)
}
