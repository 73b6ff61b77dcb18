// The generator is compared with wrk, where that is installed: what is faster with wrk is not the server's limit.

package run

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
)

const wrkCase = "get-64"

func (r *runner) compareWithWrk() {
	program, err := exec.LookPath("wrk")
	c := r.report.Case(wrkCase)
	if err != nil || c == nil || r.Quick {
		return
	}
	r.say("comparing with wrk")
	for j, s := range r.servers {
		if c.Results[j].State != report.Timed {
			continue
		}
		one, err := r.wrk(program, s, &c.Case)
		if err != nil {
			r.say("wrk on %s: %v", s.Name, err)
			continue
		}
		for _, round := range c.Results[j].Rounds {
			one.PerSecond += round.PerSecond / float64(len(c.Results[j].Rounds))
			one.CPU += round.CPU / float64(len(c.Results[j].Rounds))
		}
		r.report.Wrk = append(r.report.Wrk, *one)
	}
}

var wrkCount = regexp.MustCompile(`(\d+) requests in ([0-9.]+)s`)

func (r *runner) wrk(program string, s servers.Server, c *cases.Case) (*report.Wrk, error) {
	srv, err := r.startServer(r.own, s, c)
	if err != nil {
		return nil, err
	}
	defer srv.stop()
	from, err := load.CPUTime(srv.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	_, on := places(r.cores, c, 1)
	p, err := startProcess(on[0], program, "-t1", "-c64", "-d1s", "http://"+srv.addr+"/plaintext")
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(p.out)
	p.stop()
	if err != nil {
		return nil, err
	}
	to, err := load.CPUTime(srv.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	match := wrkCount.FindSubmatch(text)
	if match == nil {
		return nil, errors.New("run: what wrk said is not understood")
	}
	n, err := strconv.ParseFloat(string(match[1]), 64)
	seconds, failed := strconv.ParseFloat(string(match[2]), 64)
	if err != nil || failed != nil || n == 0 || seconds == 0 {
		return nil, fmt.Errorf("run: wrk counted %q", match[0])
	}
	return &report.Wrk{Server: s.Name, WrkPerSecond: n / seconds, WrkCPU: float64(to-from) / 1e3 / n}, nil
}
