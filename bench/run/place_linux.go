// Who runs where: the server on its cores, the generators on others, as far as there are others.

package run

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/cases"
)

// place is where a process runs, and on how many cores at a time.
type place struct {
	cores []int // none: anywhere
	procs int   // GOMAXPROCS; 0: as many as there are cores
}

// cores returns the cores that this program may use.
func cores() (all []int) {
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return nil
	}
	for i := range len(may) * 64 {
		if may.IsSet(i) {
			all = append(all, i)
		}
	}
	return all
}

// enough is how many cores it takes to give a server with two cores and its generators cores of their own.
const enough = 4

// places returns the place of a case's server and those of its generators.
//
// With a single core nothing is pinned. A server has the last cores and the generators take the others in turn. Where there
// are fewer than four, a server that is to have two shares them with the generators; and so that one core can be compared
// with two, a case that says so keeps all of them on one.
func places(all []int, c *cases.Case, parts int) (server place, loads []place) {
	procs := max(c.Cores, 1)
	server.procs = procs
	loads = make([]place, parts)
	for i := range loads {
		loads[i].procs = 1
	}
	if len(all) < 2 {
		return server, loads
	}
	mine := min(procs, len(all))
	server.cores = all[len(all)-mine:]
	others := all[:len(all)-mine]
	if together := procs > 1 || c.Together; together && len(all) < enough {
		others = nil
	}
	for i := range loads {
		if len(others) == 0 {
			loads[i].cores = server.cores
		} else {
			loads[i].cores = []int{others[i%len(others)]}
		}
	}
	return server, loads
}

// used returns the cores of a server and its generators.
func used(server place, loads []place) []int {
	all := slices.Clone(server.cores)
	for _, l := range loads {
		all = append(all, l.cores...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
