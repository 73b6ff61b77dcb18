// The pages' figures come from the benchmark's committed results.

package docs_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// results is what the benchmark wrote, as far as the pages need it.
type results struct {
	Began   time.Time `json:"began"`
	Machine struct {
		CPU     string `json:"cpu"`
		Cores   int    `json:"cores"`
		System  string `json:"system"`
		Kernel  string `json:"kernel"`
		Virtual bool   `json:"virtual"`
	} `json:"machine"`
	Versions []struct{ Name, Version string } `json:"versions"`
	Settings struct {
		Rounds int `json:"rounds"`
	} `json:"settings"`
	Servers []struct {
		Name, Title string
		Floor       bool
	} `json:"servers"`
	Cases []benchCase `json:"cases"`
}

type benchCase struct {
	ID, Topic, Title string
	Rate             int
	Share            float64
	Crowd            []any
	Idle             bool
	Results          []struct {
		Server, State, Why string
		Figures            struct {
			CPU         median  `json:"cpu_us"`
			P99         median  `json:"p99_us"`
			P999        median  `json:"p999_us"`
			Idle        median  `json:"idle_5s_bytes"`
			Goroutines  median  `json:"idle_goroutines"`
			Allocations *median `json:"allocations"`
		} `json:"figures"`
		Rounds []map[string]any `json:"rounds"`
	}
}

type median struct{ Median float64 }

func benchmark(t *testing.T) *results {
	t.Helper()
	var r results
	if err := json.Unmarshal([]byte(read(t, "bench/results/report.json")), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// ours are spillway's own entries.
var ours = []string{"spillway", "spillway-handler"}

func (r *results) title(server string) string {
	for _, s := range r.Servers {
		if s.Name == server {
			return s.Title
		}
	}
	return server
}

// figure returns a server's figure in a case, in total and by round, under its name in the rounds.
func (c *benchCase) figure(server, name string) (value float64, rounds map[float64]float64) {
	for _, res := range c.Results {
		if res.Server != server || res.State != "timed" {
			continue
		}
		rounds = map[float64]float64{}
		for _, round := range res.Rounds {
			if v, ok := round[name].(float64); ok {
				rounds[round["round"].(float64)] = v
			}
		}
		switch name {
		case "cpu_us":
			value = res.Figures.CPU.Median
		case "p99_us":
			value = res.Figures.P99.Median
		case "p999_us":
			value = res.Figures.P999.Median
		case "idle_5s_bytes":
			value = res.Figures.Idle.Median
		}
	}
	return value, rounds
}

func (r *results) byID(t *testing.T, id string) *benchCase {
	t.Helper()
	for i := range r.Cases {
		if r.Cases[i].ID == id {
			return &r.Cases[i]
		}
	}
	t.Fatalf("the benchmark's results have no case %s", id)
	return nil
}

// number writes a figure with three digits, or with all that stand before its point.
func number(v float64) string {
	switch abs := math.Abs(v); {
	case abs >= 100:
		s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case abs >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case abs >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func machine(t *testing.T) string {
	r := benchmark(t)
	var versions []string
	for _, v := range r.Versions {
		versions = append(versions, v.Name+" "+v.Version)
	}
	virtual := ""
	if r.Machine.Virtual {
		virtual = ", a virtual machine"
	}
	return fmt.Sprintf("Made on %s, on %d cores of %s%s, %s, %s, with %s. Medians of %d rounds or more.",
		r.Began.Format("2 January 2006"), r.Machine.Cores, r.Machine.CPU, virtual, r.Machine.System, r.Machine.Kernel,
		strings.Join(versions, ", "), r.Settings.Rounds)
}

func resultTable(t *testing.T) string {
	r := benchmark(t)
	head := []string{"case"}
	for _, s := range r.Servers {
		head = append(head, s.Title)
	}
	var rows [][]string
	for _, c := range r.Cases {
		if c.Idle {
			continue
		}
		row := []string{c.Topic + ": " + c.Title}
		for _, s := range r.Servers {
			cell := "–"
			for _, res := range c.Results {
				switch {
				case res.Server != s.Name || res.State == "absent":
				case res.State == "timed":
					cell = number(res.Figures.CPU.Median)
				default:
					cell = res.State
				}
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	var idle [][]string
	c := r.byID(t, "idle")
	for _, res := range c.Results {
		if res.State != "timed" {
			continue
		}
		goroutines := "–"
		if n := res.Figures.Goroutines.Median; n > 0 {
			goroutines = strconv.Itoa(int(n))
		}
		idle = append(idle, []string{r.title(res.Server), number(res.Figures.Idle.Median), goroutines})
	}
	return table(head, rows...) + "\n" + c.Title + ":\n\n" + table([]string{"server", "bytes a connection, after 5 s", "goroutines"}, idle...)
}

// compared is a figure in which servers are compared.
type compared struct{ name, unit, what string }

// compared returns those of a case: what it costs, and where the load is not as much as the server can bear, or others make it, for
// how long a client waits.
func (c *benchCase) compared() []compared {
	if c.Idle {
		return []compared{{"idle_5s_bytes", "bytes a connection", "memory"}}
	}
	cost := compared{"cpu_us", "µs of CPU", "processor time"}
	switch {
	case c.Rate > 0, len(c.Crowd) > 0:
		return []compared{cost, {"p99_us", "µs until 99 % are answered", "time until 99 % are answered"}}
	case c.Share > 0:
		return []compared{cost, {"p999_us", "µs until 99.9 % are answered", "time until 99.9 % are answered"}}
	}
	return []compared{cost}
}

// worseTable lists every case in which a peer's median is below that of one of spillway's entries, however little.
func worseTable(t *testing.T) string {
	r := benchmark(t)
	var rows [][]string
	for i := range r.Cases {
		c := &r.Cases[i]
		for _, n := range c.compared() {
			for _, own := range ours {
				if better := r.better(c, own, n.name); better != "" {
					value, _ := c.figure(own, n.name)
					rows = append(rows, []string{c.Topic + ": " + c.Title, r.title(own), number(value) + " " + n.unit, better})
				}
			}
		}
	}
	return table([]string{"case", "spillway's entry", "its figure", "a peer's figure (times less; in how many rounds)"}, rows...)
}

// better returns the peers whose median is below that of one of spillway's entries.
func (r *results) better(c *benchCase, own, name string) string {
	value, rounds := c.figure(own, name)
	var all []string
	for _, s := range r.Servers {
		if s.Floor || slices.Contains(ours, s.Name) {
			continue
		}
		peer, peers := c.figure(s.Name, name)
		if peer <= 0 || peer >= value {
			continue
		}
		less, of := 0, 0
		for round, v := range rounds {
			if p, ok := peers[round]; ok {
				of++
				if p < v {
					less++
				}
			}
		}
		all = append(all, fmt.Sprintf("%s: %s (%.2f; %d of %d)", s.Title, number(peer), value/peer, less, of))
	}
	return strings.Join(all, ", ")
}

// unmeasured lists the cases that the benchmark has and its committed results have not.
func unmeasured(t *testing.T) string {
	dir := t.TempDir()
	program := "package main\n\nimport (\n\"fmt\"\n\"github.com/spillway-go/spillway/bench/cases\"\n)\n\n" +
		"func main() {\nfor _, c := range cases.All() {\nfmt.Printf(\"%s\\t%s: %s\\n\", c.ID, c.Topic, c.Title)\n}\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	bench, err := filepath.Abs(filepath.Join(root, "bench"))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(bench, "listed", "main.go"): filepath.Join(dir, "main.go")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("go", "run", "-overlay", filepath.Join(dir, "overlay.json"), "./listed")
	run.Dir = bench
	out, err := run.Output()
	if err != nil {
		t.Fatalf("the benchmark's cases cannot be listed: %v", err)
	}
	r := benchmark(t)
	var missing []string
	for line := range strings.Lines(string(out)) {
		id, title, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if !slices.ContainsFunc(r.Cases, func(c benchCase) bool { return c.ID == id }) {
			missing = append(missing, fmt.Sprintf("- `%s`: %s", id, title))
		}
	}
	if len(missing) == 0 {
		return "All cases of the benchmark have been measured."
	}
	return strings.Join(missing, "\n")
}

// figures are the README's.
func figures(t *testing.T) string {
	r := benchmark(t)
	times := func(id string) string {
		ratio, _ := r.byID(t, id).ofNetHTTP("spillway-handler", "cpu_us")
		return fmt.Sprintf("%.2f", ratio)
	}
	beside := func(id, name string) string {
		v, _ := r.byID(t, id).figure("spillway", name)
		return fmt.Sprintf("%s (%s)", number(v), r.best(r.byID(t, id), name))
	}
	return r.worseThanNetHTTP() + fmt.Sprintf("\n\nMeasured on %s, on %d cores of a virtual machine. An `http.Handler` on spillway needs, of what it needs on\n"+
		"net/http: %s for a small GET, %s for a GET over TLS, %s for a browser's request that differs every time, %s at a fixed rate\n"+
		"of 50,000 requests a second. A native handler needs, in microseconds, with the best peer in brackets: %s,\n%s, %s and %s.\n"+
		"An idle connection costs, in bytes, %s.",
		r.Began.Format("2 January 2006"), r.Machine.Cores, times("get-64"), times("tls"), times("browser-vary"), times("paced"),
		beside("get-64", "cpu_us"), beside("tls", "cpu_us"), beside("browser-vary", "cpu_us"), beside("paced", "cpu_us"),
		beside("idle", "idle_5s_bytes"))
}

// ofNetHTTP returns how many times what net/http needs a server does: the median over the rounds that both had, as the report has it,
// and in which part of them it was more. Both are 0 where there are none.
func (c *benchCase) ofNetHTTP(server, name string) (ratio, more float64) {
	_, rounds := c.figure(server, name)
	_, theirs := c.figure("nethttp", name)
	var all []float64
	for round, v := range rounds {
		if theirs[round] > 0 {
			all = append(all, v/theirs[round])
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	beyond := slices.IndexFunc(all, func(v float64) bool { return v > 1 })
	if beyond < 0 {
		beyond = len(all)
	}
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, 1 - float64(beyond)/float64(len(all))
}

// worseThanNetHTTP says where one of spillway's entries needed more than net/http, in the median and in two thirds of the rounds.
func (r *results) worseThanNetHTTP() string {
	var all []string
	for i := range r.Cases {
		c := &r.Cases[i]
		for _, n := range c.compared() {
			for _, own := range ours {
				if ratio, more := c.ofNetHTTP(own, n.name); ratio > 1 && more >= 2./3 {
					all = append(all, fmt.Sprintf("\n- %s: %s, %s: %.2f of the %s", c.Topic, c.Title, r.title(own), ratio, n.what))
				}
			}
		}
	}
	if len(all) == 0 {
		return "In no case of the benchmark does it need more than net/http."
	}
	return "What is worse than on net/http:\n" + strings.Join(all, "")
}

// best returns the peer with the least figure in a case, and the figure.
func (r *results) best(c *benchCase, name string) string {
	title, least := r.least(c, name)
	return title + " " + number(least)
}

// least returns the peer with the least figure in a case, and the figure.
func (r *results) least(c *benchCase, name string) (title string, least float64) {
	least = math.Inf(1)
	for _, s := range r.Servers {
		if s.Floor || slices.Contains(ours, s.Name) {
			continue
		}
		if v, _ := c.figure(s.Name, name); v > 0 && v < least {
			least, title = v, s.Title
		}
	}
	return title, least
}
