// The memory of idle connections: what the process has more than it had after its first request.

package run

import (
	"sync"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/check"
	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
	"github.com/spillway-go/spillway/bench/stat"
)

// idleRound measures servers beside each other, since nothing is timed: while one's connections are idle, the next
// one's are made.
func (r *runner) idleRound(round int, c *report.Case, who map[string]bool) {
	var all sync.WaitGroup
	defer all.Wait()
	for k := range r.servers {
		j := (k + round - 1) % len(r.servers)
		result := &c.Results[j]
		if !who[result.Server] || result.State != report.Timed {
			continue
		}
		wait, err := r.beginIdle(r.own, r.servers[j], &c.Case)
		if err != nil {
			r.settle(c, result, err)
			continue
		}
		all.Go(func() {
			one, err := wait()
			if err != nil {
				r.settle(c, result, err)
				return
			}
			one.Round = round
			result.Rounds = append(result.Rounds, *one)
		})
	}
}

// beginIdle makes the connections. What it returns waits and measures.
func (r *runner) beginIdle(b build, s servers.Server, c *cases.Case) (func() (*report.Round, error), error) {
	srv, err := r.startServer(b, s, c)
	if err != nil {
		return nil, err
	}
	if _, err := check.Case(srv.addr, c); err != nil {
		srv.stop()
		return nil, &wrongError{err.Error()}
	}
	empty, err := srv.rss()
	if err != nil {
		srv.stop()
		return nil, err
	}
	_, on := places(r.cores, c, 1)
	g, err := r.startLoad(on[0], load.Order{Case: c.ID, Most: r.MaxConns, Addr: srv.addr, PID: srv.cmd.Process.Pid})
	if err != nil {
		srv.stop()
		return nil, err
	}
	began := time.Now()
	return func() (*report.Round, error) {
		defer srv.stop()
		defer g.stop()
		late := 5 * time.Second
		if r.Quick {
			late = 1200 * time.Millisecond
		}
		return srv.idle(began, late, empty, float64(c.Conns))
	}, nil
}

// idle measures at one second and late, and then what is left when the server has given all unused memory back.
func (s *server) idle(began time.Time, late time.Duration, empty, conns float64) (*report.Round, error) {
	one := new(report.Round)
	for _, at := range []struct {
		after time.Duration
		into  *float64
	}{{time.Second, &one.Idle1}, {late, &one.Idle5}} {
		time.Sleep(time.Until(began.Add(at.after)))
		rss, err := s.rss()
		if err != nil {
			return nil, err
		}
		*at.into, one.RSS = stat.Round((rss-empty)/conns), rss
	}
	memory, err := s.memory("release")
	if err != nil || memory == nil {
		return one, err
	}
	rss, err := s.rss()
	one.Released, one.Goroutines = stat.Round((rss-empty)/conns), memory.Goroutines
	return one, err
}
