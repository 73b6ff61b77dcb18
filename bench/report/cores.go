// What a second core brings: the same work on one and on two.

package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spillway-go/spillway/bench/stat"
)

// corePairs are the cases that differ in nothing but the server's cores.
var corePairs = [][2]string{{"cores-get-1", "cores-get-2"}, {"cores-pipelined-1", "cores-pipelined-2"}}

// cores writes how many times the requests of one core two cores answer.
func (r *Report) cores(b *bytes.Buffer) {
	head := false
	for _, pair := range corePairs {
		c := r.Case(pair[0])
		if c == nil || r.Case(pair[1]) == nil {
			continue
		}
		if !head {
			head = true
			fmt.Fprintf(b, "\n## Two cores instead of one\n\nRequests per second, and what two cores make of them.\n\n"+
				"| case | server | on one core | on two | × |\n| --- | --- |%s\n", strings.Repeat(" ---: |", 3))
		}
		title, _, _ := strings.Cut(c.Title, ", the server")
		for _, s := range r.Servers {
			one, two := r.byRound(pair[0], s.Name, perSecond), r.byRound(pair[1], s.Name, perSecond)
			gain := stat.Ratios(two, one)
			if gain.N == 0 {
				continue
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", title, s.Title, spread(r.figures(pair[0], s.Name).PerSecond),
				spread(r.figures(pair[1], s.Name).PerSecond), middle(gain))
		}
	}
}
