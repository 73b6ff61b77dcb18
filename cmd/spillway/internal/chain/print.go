// The report on a terminal, and the same without colours anywhere else.

package chain

import (
	"fmt"
	"io"
	"strings"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

var colours = map[Verdict]string{Forwarded: "33", Extra: "31", Victim: "1;31", Refused: "32", Normalised: "32"}

// style says how to print.
type style struct {
	colour bool
	all    bool // what is no fault, too
	full   bool // with the bytes
}

func (s style) paint(v Verdict, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colours[v] + "m" + text + "\x1b[0m"
}

// print writes the report: the faults, of those that are alike the first, and how many there are of each verdict.
func (r *Report) print(w io.Writer, s style) {
	backend := r.Backend
	if backend == "" {
		backend = "the relay's own answers"
	}
	fmt.Fprintf(w, "%s in front of %s\n", cut(dialogue.EncodeRow([]byte(r.Front)), 200), backend)
	group, alike := "", 0
	var last *Result
	shown := r.shown(s)
	for i, res := range shown {
		if res.Group != group {
			group = res.Group
			fmt.Fprintf(w, "\n%s\n", plain(group))
		}
		if !s.full && last != nil && res.kind != "" && res.kind == last.kind && res.Verdict == last.Verdict {
			alike++
			if i+1 < len(shown) && shown[i+1].kind == res.kind && shown[i+1].Verdict == res.Verdict {
				continue
			}
			fmt.Fprintf(w, "  %-12s  … and %d more, up to: %s\n", "", alike, plain(res.Name))
			continue
		}
		last, alike = res, 0
		res.print(w, s)
	}
	var parts []string
	for _, v := range verdicts {
		if n := r.count(v); n > 0 {
			parts = append(parts, s.paint(v, fmt.Sprintf("%d %s", n, v)))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(w, "\n%d payloads in %.1f s: %s\n", len(r.Results), r.Seconds, strings.Join(parts, ", "))
	}
}

// shown returns the results that are printed.
func (r *Report) shown(s style) []*Result {
	var all []*Result
	for i := range r.Results {
		if s.all || r.Results[i].Fault() {
			all = append(all, &r.Results[i])
		}
	}
	return all
}

func (r *Report) count(v Verdict) int {
	n := 0
	for i := range r.Results {
		if r.Results[i].Verdict == v {
			n++
		}
	}
	return n
}

func (res *Result) print(w io.Writer, s style) {
	often := ""
	if res.Times > 0 {
		often = fmt.Sprintf("; %d of %d", res.Times, res.Tries)
	}
	fmt.Fprintf(w, "  %s  %s: %s [%s, %s%s]\n", s.paint(res.Verdict, fmt.Sprintf("%-12s", res.Verdict)), plain(res.Name), res.What,
		plain(res.ID), plain(res.Section), often)
	if !s.full {
		return
	}
	for _, line := range res.Sent {
		fmt.Fprintf(w, "      C: %s\n", line)
	}
	for _, line := range res.Forwarded {
		fmt.Fprintf(w, "      P: %s\n", line)
	}
}

// show returns bytes in the notation of package dialogue, cut short.
func show(b []byte) []string {
	lines := dialogue.Encode(b[:min(len(b), mostShown)])
	if len(b) > mostShown {
		lines = append(lines, fmt.Sprintf("# … and %d bytes more", len(b)-mostShown))
	}
	return lines
}

// plain makes text that stood in a file safe to print, and short.
func plain(s string) string { return cut(dialogue.EncodeRow([]byte(s)), 120) }

func cut(s string, most int) string {
	text := []rune(s)
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return string(text)
}
