// The reports of spillway probe -json, read again.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// report is what spillway probe found, as far as the table needs it.
type report struct {
	Seconds float64
	Survey  struct {
		Server string
		Get    int
		Alone  bool
	}
	Results  []result   `json:"scenarios"`
	Unlisted []struct { // scenarios of which there are many, without faults
		Group    string
		Verdicts map[string]int
	}
	Unplayed int
	Error    string
}

type result struct {
	Group, Name, Why, Section string
	Verdict, What, Advice     string
	Dialogue                  []step
}

type step struct {
	Ms    float64
	From  string
	Kind  string
	Bytes int64
	Lines []string
	Stray []string
}

// verdicts are in the order of the table's columns.
var verdicts = []string{"ok", "closed", "lenient", "CRASH", "DEAD", "DESYNC", "AMBIGUOUS", "RESET", "HANG", "LOST", "WRONG", "BROKEN", "LAX", withheld}

func (r *result) fault() bool {
	return r.Verdict != "ok" && r.Verdict != "closed" && r.Verdict != "lenient"
}

// count returns how many scenarios have a verdict, the unlisted ones too.
func (r *report) count(verdict string) int {
	n := 0
	for i := range r.Results {
		if r.Results[i].Verdict == verdict {
			n++
		}
	}
	for _, u := range r.Unlisted {
		n += u.Verdicts[verdict]
	}
	return n
}

func (r *report) faults() int {
	n := 0
	for i := range r.Results {
		if r.Results[i].fault() {
			n++
		}
	}
	return n
}

// buildSpillway builds the command into a directory and returns its path.
func buildSpillway(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/spillway-go/spillway").Output()
	if err != nil {
		return "", fmt.Errorf("peers: where spillway is: %w", err)
	}
	name := filepath.Join(dir, "spillway")
	build := exec.CommandContext(ctx, "go", "build", "-o", name, "./cmd/spillway")
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("peers: go build: %w: %s", err, out)
	}
	return name, nil
}

// probe runs spillway probe against a peer with more arguments than its URLs.
func probe(ctx context.Context, spillway string, p *peer, addr string, args ...string) (*report, error) {
	args = append([]string{"probe", "-json"}, args...)
	if p.Post != "" {
		args = append(args, "-post", "http://"+addr+p.Post)
	}
	ctx, cancel := context.WithTimeout(ctx, 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, spillway, append(args, "http://"+addr+p.Get)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var status *exec.ExitError
	rep := &report{}
	if err != nil && !errors.As(err, &status) || json.Unmarshal(out, rep) != nil || len(rep.Results) == 0 {
		return nil, fmt.Errorf("peers: %s: spillway probe: %v: %s", p.Name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	if rep.Unplayed > 0 { // a server that has died is a result, too
		fmt.Printf("%-28s %s: %d not played\n", p.Name, cut(rep.Error), rep.Unplayed)
	}
	return rep, nil
}

// cut makes what a server may have had a hand in short and safe to print.
func cut(text string) string { return fmt.Sprintf("%.200q", text) }
