// One measurement: a new server, a new generator, a window.

package run

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
	"github.com/spillway-go/spillway/bench/stat"
)

func (r *runner) sample(s servers.Server, c *cases.Case) (*report.Round, *stat.Histogram, error) {
	srv, err := r.startServer(s, c.ID)
	if err != nil {
		return nil, nil, err
	}
	defer srv.stop()
	window := time.Duration(float64(r.Window) * c.Windows)
	g, err := r.startLoad(load.Order{Case: c.ID, Conns: c.Conns, Addr: srv.addr, PID: srv.cmd.Process.Pid,
		Warm: r.Warm, Turns: r.Turns, Window: window})
	if err != nil {
		return nil, nil, err
	}
	defer g.stop()
	before, err := srv.memory("memory")
	if err != nil {
		return nil, nil, err
	}
	from := r.coreTimes(srv)
	m, err := g.tell("measure")
	if err != nil {
		return nil, nil, err
	}
	r.others.add(from, r.coreTimes(srv))
	after, err := srv.memory("memory")
	if err != nil {
		return nil, nil, err
	}
	one := roundOf(m)
	if one.RSS, err = srv.rss(); err != nil {
		return nil, nil, err
	}
	if before != nil {
		one.Allocations = perRequest(before.Allocations, after.Allocations, m.Total)
		one.AllocBytes = perRequest(before.Allocated, after.Allocated, m.Total)
	}
	if m.Requests == 0 {
		return nil, nil, fmt.Errorf("run: no response within the window of %v", window)
	}
	return one, &m.Latency, nil
}

func roundOf(m *load.Result) *report.Round {
	n := float64(m.Requests)
	micros := func(q float64) float64 { return stat.Round(float64(m.Latency.Quantile(q)) / 1e3) }
	return &report.Round{
		PerSecond: stat.Round(n / m.Window.Seconds()), CPU: stat.Round(float64(m.Server) / 1e3 / n),
		UserTicks: m.User, SystemTicks: m.System, P50: micros(0.5), P99: micros(0.99), P999: micros(0.999),
		ServerBusy: stat.Round(float64(m.Server) / float64(m.Window)), LoadBusy: stat.Round(float64(m.Self) / float64(m.Window)),
		Reconnects: stat.Round(float64(m.Again) / float64(m.Total)),
	}
}

func perRequest(before, after uint64, requests int64) *float64 {
	each := stat.Round(float64(after-before) / float64(requests))
	return &each
}

// coreTime is what a core has done, in ticks of 10 ms, and what the server has done on it.
type coreTime struct {
	busy, idle, stolen int64
	server             int64
}

// others adds up what disturbed the servers.
type others struct{ busy, stolen, all int64 }

func (o *others) add(from, to coreTime) {
	busy, stolen := to.busy-from.busy, to.stolen-from.stolen
	o.all += busy + stolen + to.idle - from.idle
	o.busy += busy - (to.server - from.server)
	o.stolen += stolen
}

func (o *others) shares() report.Others {
	if o.all == 0 {
		return report.Others{}
	}
	return report.Others{Processes: max(float64(o.busy)/float64(o.all), 0), Stolen: float64(o.stolen) / float64(o.all)}
}

// coreTimes reads the times of the server's core. Where that cannot be read, nothing counts.
func (r *runner) coreTimes(srv *server) (t coreTime) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil || r.serverCore < 0 {
		return coreTime{}
	}
	name := fmt.Appendf(nil, "cpu%d ", r.serverCore)
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, name) {
			continue
		}
		for i, field := range bytes.Fields(line)[1:] {
			ticks, _ := strconv.ParseInt(string(field), 10, 64)
			switch i {
			case 3, 4: // idle, iowait
				t.idle += ticks
			case 7:
				t.stolen = ticks
			case 0, 1, 2, 5, 6: // user, nice, system, irq, softirq
				t.busy += ticks
			}
		}
	}
	user, system, err := load.CPUTicks(srv.cmd.Process.Pid)
	if err != nil {
		return coreTime{}
	}
	t.server = user + system
	return t
}
