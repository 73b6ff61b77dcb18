// The baseline: findings that are known, which do not fail. What is worse than known does, and what is known no longer is named.

package probe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// mostBaseline is how large a baseline may be: some times a report of all that can be found.
const mostBaseline = 256 << 20

// baseline is what is known: of each scenario the verdict, or "" where any is.
type baseline struct {
	ids      []string // in the order of the file
	verdicts map[string]Verdict
}

// readBaseline reads a file, in whichever of its two forms it is.
func readBaseline(name string) (*baseline, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostBaseline+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > mostBaseline:
		return nil, fmt.Errorf("%s is longer than %d bytes", name, mostBaseline)
	}
	b := &baseline{verdicts: map[string]Verdict{}}
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		err = b.parseReport(text)
	} else {
		err = b.parseLines(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// parseReport takes the faults of what -json printed.
func (b *baseline) parseReport(text []byte) error {
	var rep struct {
		Version   int       `json:"version"`
		Scenarios *[]Result `json:"scenarios"`
	}
	if err := json.Unmarshal(text, &rep); err != nil {
		return err
	}
	if rep.Version != reportVersion || rep.Scenarios == nil {
		return fmt.Errorf("it is no report of version %d", reportVersion)
	}
	for _, res := range *rep.Scenarios {
		if !res.Verdict.Fault() {
			continue
		}
		if err := b.add(res.ID, res.Verdict); err != nil {
			return err
		}
	}
	return nil
}

// parseLines takes lines of an ID and perhaps a verdict, with comments that begin with #.
func (b *baseline) parseLines(text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(line)
		var err error
		switch len(words) {
		case 0:
		case 1:
			err = b.add(words[0], "")
		case 2:
			err = b.add(words[0], Verdict(words[1]))
		default:
			err = fmt.Errorf("%q is not an ID and a verdict", cut(line, 100))
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func (b *baseline) add(id string, v Verdict) error {
	switch _, twice := b.verdicts[id]; {
	case !known(id):
		return fmt.Errorf("no scenario has the ID %q", cut(id, 100))
	case v != "" && (!slices.Contains(verdicts, v) || !v.Fault()):
		return fmt.Errorf("%q of %q is no verdict that is a fault", cut(string(v), 100), id)
	case twice:
		return fmt.Errorf("%q stands there twice", id)
	}
	b.ids = append(b.ids, id)
	b.verdicts[id] = v
	return nil
}

// known reports whether a scenario has the ID.
func known(id string) bool {
	return slices.ContainsFunc(groups, func(g group) bool {
		return slices.ContainsFunc(g.scenarios, func(s Scenario) bool { return s.ID == id })
	})
}

// mark marks what is known in a report, and names what is so no longer: scenarios that were played and showed no fault.
func (b *baseline) mark(r *Report) {
	if b == nil {
		return
	}
	r.compared = true
	shown := map[string]bool{}
	for i := range r.Results {
		res := &r.Results[i]
		if !res.Verdict.Fault() {
			continue
		}
		shown[res.ID] = true
		worst, in := b.verdicts[res.ID]
		res.Known = in && (worst == "" || !res.Verdict.worse(worst))
	}
	for _, id := range b.ids {
		if r.played[id] && !shown[id] {
			r.Stale = append(r.Stale, id)
		}
	}
}
