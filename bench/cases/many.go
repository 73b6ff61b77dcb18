// Cases in which several generators take part: a lone client beside a crowd, and a server with more than one core.

package cases

import "fmt"

// Parts returns what each generator does: the case's own, and behind them one for each crowd.
func (c *Case) Parts() []Case {
	n := max(c.Generators, 1)
	parts := make([]Case, n)
	for i := range parts {
		parts[i] = *c
		parts[i].Conns, parts[i].Active, parts[i].Rate = share(c.Conns, n, i), share(c.Active, n, i), share(c.Rate, n, i)
	}
	return append(parts, c.Crowd...)
}

// share returns the part of n that the i-th of some has.
func share(n, of, i int) int { return n*(i+1)/of - n*i/of }

// Connections returns how many connections the case has, with those of the crowd.
func (c *Case) Connections() int {
	n := c.Conns
	for _, beside := range c.Crowd {
		n += beside.Conns
	}
	return n
}

// Limit leaves the case no more than so many connections, and each crowd a tenth of that; 0 is no limit.
func (c *Case) Limit(most int) {
	if most <= 0 {
		return
	}
	if c.Conns > most {
		c.Active, c.Conns = max(c.Active*most/c.Conns, 1), most
	}
	for i := range c.Crowd {
		beside := &c.Crowd[i]
		beside.Conns = min(beside.Conns, max(most/10, 1))
		beside.Active = min(beside.Active, beside.Conns)
	}
}

// MostPipelined returns how many requests come at once, at most.
func (c *Case) MostPipelined() int {
	n := c.Pipeline
	for _, beside := range c.Crowd {
		n = max(n, beside.Pipeline)
	}
	return n
}

func cores(n int) string {
	return [...]string{1: "the server on one core", 2: "the server on two cores"}[n]
}

// crowds are one client that sends a small GET when the last one is answered, and clients that leave a server no rest.
func crowds() []Case {
	const topic = "A lone client beside a crowd"
	const about = " The latencies are those of a client that sends one small GET at a time; requests per second are the crowd's, and " +
		"CPU is per request of either. A GET that was not answered when the window ended counts with the time it had waited."
	var all []Case
	for n := 1; n <= 2; n++ {
		all = append(all,
			Case{ID: fmt.Sprint("fair-pipelined-", n), Topic: topic, Title: "200 clients that pipeline by 16, " + cores(n), Conns: 1,
				Windows: 3, Cores: n, Base: "get-1", About: "The crowd sends small GETs." + about,
				Crowd: []Case{{Conns: 200, Pipeline: PipelineLen}}},
			Case{ID: fmt.Sprint("fair-flood-", n), Topic: topic, Title: "200 clients with 256 to 512 requests under way, " + cores(n), Conns: 1,
				Windows: 5, Cores: n, Base: "get-1", About: "The crowd sends small GETs and never waits: the server always has " +
					"requests of every client before it." + about,
				Crowd: []Case{{Conns: 200, Pipeline: 512, Ahead: true}}},
			Case{ID: fmt.Sprint("fair-1m-", n), Topic: topic, Title: "64 clients that send and receive 1 MiB, " + cores(n), Conns: 1,
				Windows: 3, Cores: n, Base: "response-1m", About: "Half of the crowd uploads, the other half downloads." + about,
				Crowd: []Case{{Conns: 32, Route: Consume, Content: mib}, {Conns: 32, Route: Bytes, Reply: mib}}})
	}
	return all
}

// twoCores are pairs of cases that differ in nothing but the server's cores.
func twoCores() []Case {
	const about = "Two generators share the connections. Where there are fewer than four cores, they have the server's cores and no " +
		"others, so that on two cores everything has twice as much as on one."
	var all []Case
	for n := 1; n <= 2; n++ {
		all = append(all,
			Case{ID: fmt.Sprint("cores-get-", n), Topic: "Two cores instead of one", Title: "small GET, 64 connections, " + cores(n),
				Conns: 64, Cores: n, Generators: 2, Together: true, Base: "get-64", About: about},
			Case{ID: fmt.Sprint("cores-pipelined-", n), Topic: "Two cores instead of one",
				Title: "small GET, pipelined by 16, 64 connections, " + cores(n), Conns: 64, Pipeline: PipelineLen, Cores: n,
				Generators: 2, Together: true, Base: "pipelined-64", About: about})
	}
	return all
}
