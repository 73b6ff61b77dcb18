// The faults as GitHub's workflow commands, which it shows as annotations of a run.

package probe

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
)

var (
	commandText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotate prints a line for each fault: those that fail are errors, known ones notices, and others warnings. Of faults that are
// alike in a group of many it prints the first, as GitHub shows no more than ten of a kind.
func (r *Report) annotate(w io.Writer, fail failOn) {
	for i := range r.Results {
		res := &r.Results[i]
		if !res.Verdict.Fault() || i > 0 && res.like(&r.Results[i-1]) {
			continue
		}
		kind := "warning"
		switch {
		case res.Known:
			kind = "notice"
		case fail.fails(res):
			kind = "error"
		}
		command(w, kind, fmt.Sprintf("%s: %s", res.Verdict, res.Name), fmt.Sprintf("%s\n%s\n%s", res.sentence(), res.Advice, res.ID))
	}
	for _, remark := range r.Remarks {
		command(w, "error", "what no scenario explains", remark)
	}
	for _, id := range r.Stale {
		command(w, "notice", "known no longer", id+" showed no fault: take it out of the baseline.")
	}
	if r.Error != "" {
		command(w, "error", "the probe did not come to its end", r.Error)
	}
}

func command(w io.Writer, kind, title, text string) {
	fmt.Fprintf(w, "::%s title=%s::%s\n", kind, commandProperty.Replace("spillway probe: "+title), commandText.Replace(text))
}

// quoted keeps what is printed meanwhile from being taken for commands, whatever a server has put into it.
func quoted(w io.Writer, print func()) {
	token := rand.Text()
	fmt.Fprintf(w, "::stop-commands::%s\n", token)
	defer fmt.Fprintf(w, "::%s::\n", token)
	print()
}
