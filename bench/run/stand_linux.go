// A stand is a server with the load on it. It can be measured as often as one likes.

package run

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
	"github.com/spillway-go/spillway/bench/stat"
)

type stand struct {
	r      *runner
	c      *cases.Case
	srv    *server
	loads  []*generator // one for each of the case's parts
	cores  []int        // that they use
	window time.Duration
}

// setUp starts a server and its generators, and warms them up.
func (r *runner) setUp(b build, s servers.Server, c *cases.Case) (*stand, error) {
	parts := c.Parts()
	on, loadsOn := places(r.cores, c, len(parts))
	srv, err := r.startServer(b, s, c)
	if err != nil {
		return nil, err
	}
	st := &stand{r: r, c: c, srv: srv, cores: used(on, loadsOn), window: time.Duration(float64(r.Window) * c.Windows)}
	for i := range parts {
		g, err := r.startLoad(loadsOn[i], load.Order{Case: c.ID, Part: i, Most: r.MaxConns, Addr: srv.addr,
			PID: srv.cmd.Process.Pid, Warm: r.Warm, Turns: r.Turns, Window: st.window})
		if err != nil {
			st.close()
			return nil, err
		}
		st.loads = append(st.loads, g)
	}
	return st, nil
}

func (st *stand) close() {
	for _, g := range st.loads {
		g.stop()
	}
	st.srv.stop()
}

// pids returns the processes that belong to the measurement.
func (st *stand) pids() []int {
	all := []int{os.Getpid(), st.srv.cmd.Process.Pid}
	for _, g := range st.loads {
		all = append(all, g.cmd.Process.Pid)
	}
	return all
}

// measure measures one window. It waits a moment where the machine is disturbed, and repeats a window that was disturbed,
// within bounds; what remains disturbed says so.
func (st *stand) measure() (one *report.Round, latency *stat.Histogram, err error) {
	r := st.r
	for try := 1; ; try++ {
		last := try >= r.Tries || !r.mayRepeat()
		calm := r.Tries <= 1 || r.noise.calm()
		if !calm && !last {
			r.repeated(pause)
			time.Sleep(pause)
			continue
		}
		began := time.Now()
		from, ours := coreTimes(st.cores), ticks(st.pids()...)
		one, latency, err = st.measureOnce()
		if err != nil {
			return nil, nil, err
		}
		took := between(from, coreTimes(st.cores), ticks(st.pids()...)-ours)
		one.Disturbed = !calm || took.disturbed()
		if !one.Disturbed || last {
			r.others.add(took)
			return one, latency, nil
		}
		r.repeated(time.Since(began))
	}
}

// measureOnce measures a window, whatever the machine is like.
func (st *stand) measureOnce() (*report.Round, *stat.Histogram, error) {
	if _, err := st.tellAll("turn"); err != nil {
		return nil, nil, err
	}
	before, err := st.srv.memory("memory")
	if err != nil {
		return nil, nil, err
	}
	results, err := st.tellAll("measure")
	if err != nil {
		return nil, nil, err
	}
	after, err := st.srv.memory("memory")
	if err != nil {
		return nil, nil, err
	}
	one, latency := roundOf(results, len(st.c.Crowd), max(st.c.Cores, 1))
	if one == nil {
		return nil, nil, fmt.Errorf("run: no response within the window of %v", st.window)
	}
	if one.RSS, err = st.srv.rss(); err != nil {
		return nil, nil, err
	}
	if before != nil {
		total := int64(0)
		for _, m := range results {
			total += m.Total
		}
		one.Allocations = perRequest(before.Allocations, after.Allocations, total)
		one.AllocBytes = perRequest(before.Allocated, after.Allocated, total)
	}
	return one, latency, nil
}

// tellAll tells all generators the same at the same time.
func (st *stand) tellAll(line string) ([]*load.Result, error) {
	results := make([]*load.Result, len(st.loads))
	failed := make(chan error, len(st.loads))
	for i, g := range st.loads {
		go func() {
			var err error
			results[i], err = g.tell(line)
			failed <- err
		}()
	}
	var all []error
	for range st.loads {
		if err := <-failed; err != nil {
			all = append(all, err)
		}
	}
	if len(all) > 0 {
		return nil, firstWrong(all)
	}
	return results, nil
}

// firstWrong prefers an error that tells of the server: when it ends a connection, others fail for that.
func firstWrong(all []error) error {
	for _, err := range all {
		var wrong *wrongError
		if errors.As(err, &wrong) {
			return err
		}
	}
	return all[0]
}

// roundOf makes one measurement of what the generators have counted: the case's own, and behind them those of the crowd, if
// there is one. Latencies are then the case's own, and throughput is the crowd's. It returns nil where nothing was answered.
func roundOf(results []*load.Result, crowd, cores int) (*report.Round, *stat.Histogram) {
	own := len(results) - crowd
	one, latency := new(report.Round), new(stat.Histogram)
	all, again, total, served := 0.0, int64(0), int64(0), 0.0
	for i, m := range results {
		perSecond := float64(m.Requests) / m.Window.Seconds()
		all += perSecond
		if i < own {
			latency.Add(&m.Latency)
		}
		if i >= own || crowd == 0 {
			one.PerSecond += perSecond
		}
		again, total = again+m.Again, total+m.Total
		one.UserTicks, one.SystemTicks = max(one.UserTicks, m.User), max(one.SystemTicks, m.System)
		served = max(served, float64(m.Server)/float64(m.Window))
		one.LoadBusy = max(one.LoadBusy, stat.Round(float64(m.Self)/float64(m.Window)))
	}
	if all == 0 {
		return nil, nil
	}
	micros := func(q float64) float64 { return stat.Round(float64(latency.Quantile(q)) / 1e3) }
	one.P50, one.P99, one.P999 = micros(0.5), micros(0.99), micros(0.999)
	one.PerSecond = stat.Round(one.PerSecond)
	one.CPU = stat.Round(served / all * 1e6)
	one.ServerBusy = stat.Round(served / float64(cores))
	one.Reconnects = stat.Round(float64(again) / float64(total))
	return one, latency
}

func perRequest(before, after uint64, requests int64) *float64 {
	each := stat.Round(float64(after-before) / float64(requests))
	return &each
}
