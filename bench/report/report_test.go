// A report that is made of rounds: its figures, its tables and its plots.

package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
)

// made returns a report with figures that were made up: a server costs its place in the list, plus a little each round.
func made() *Report {
	r := &Report{
		Began: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Seconds: 540, Command: "go run .",
		Machine:  Machine{CPU: "A processor", Cores: 2, MemoryMiB: 4096, System: "A system", Kernel: "Linux 6.1 amd64"},
		Versions: []Version{{"Go", "1.26"}, {"fasthttp", "v1"}},
		Settings: Settings{Rounds: 3, Most: 15, Window: 250 * time.Millisecond, Pinned: true},
		Servers: []Server{{Name: spillway, Title: "spillway"}, {Name: spillwayHandler, Title: "spillway, http.Handler"},
			{Name: NetHTTP, Title: "net/http"}, {Name: FastHTTP, Title: "fasthttp"}, {Name: fastStreaming, Title: "fasthttp streaming"},
			{Name: "nginx", Title: "nginx", About: "another <program>"}, {Name: FloorA, Title: "floor A", Floor: true}},
		Wrk: []Wrk{{spillway, 200000, 4, 190000, 4.1}},
	}
	for _, c := range cases.All() {
		of := Case{Case: c}
		for i, s := range r.Servers {
			result := Result{Server: s.Name, State: Timed}
			for round := 1; round <= 3; round++ {
				cost := float64(i+1) * (1 + float64(round)/100)
				one := Round{Round: round, PerSecond: 1e5 / cost, CPU: cost, UserTicks: 10, SystemTicks: 30, P50: cost * 10,
					P99: cost * 20, P999: cost * 40, RSS: 1e7 * cost, ServerBusy: 0.6, LoadBusy: 0.99}
				if c.Idle {
					one = Round{Round: round, RSS: 1e7, Idle1: 1000 * cost, Idle5: 500 * cost, Released: 400 * cost, Goroutines: 7}
				}
				allocations := cost
				one.Allocations = &allocations
				result.Rounds = append(result.Rounds, one)
			}
			for ns := range int64(30000) {
				result.Latency.Record(1000*int64(i+1) + ns)
			}
			of.Results = append(of.Results, result)
		}
		r.Cases = append(r.Cases, of)
	}
	stream := r.Case("leftover-64k").Result(fastStreaming)
	*stream = Result{Server: fastStreaming, State: Wrong, Why: "takes leftover content for requests"}
	*r.Case("json").Result(FastHTTP) = Result{Server: FastHTTP, State: Absent, Why: "has no http.Handler"}
	loose := r.Case("json").Result(spillwayHandler) // its ratios to net/http are 2/3, 0.53 and 0.93
	loose.Rounds[1].CPU, loose.Rounds[2].CPU = loose.Rounds[1].CPU*0.8, loose.Rounds[2].CPU*1.4
	r.Noise = Noise{Windows: 40, Disturbed: 3, Repeated: 7}
	r.Case("refused-16m").Result(NetHTTP).Notes = []string{"closes the connection after each response"}
	r.Complete()
	return r
}

func TestFiguresComeFromRounds(t *testing.T) {
	f := made().figures("get-64", NetHTTP)
	if f.CPU.Median != 3.06 || f.CPU.Min != 3.03 || f.CPU.Max != 3.09 || f.CPU.N != 3 {
		t.Errorf("CPU = %+v", f.CPU)
	}
	if f.User != 0.765 || f.System != 2.295 {
		t.Errorf("user %v and system %v of %v", f.User, f.System, f.CPU.Median)
	}
	if f.Ratios[NetHTTP].Median != 1 || f.Ratios[FloorA].Median != 0.42857 || !f.Saturated {
		t.Errorf("ratios %v; saturated %v", f.Ratios, f.Saturated)
	}
	if idle := made().figures("idle", spillway); idle.Ratios[NetHTTP].Median != 0.33333 || idle.Goroutines.Median != 7 {
		t.Errorf("idle: %+v", idle)
	}
}

func TestMarkdownSaysWhatIsGoodAndWhatIsNot(t *testing.T) {
	r := made()
	r.Case("sleep").Result(spillway).Rounds = r.Case("sleep").Result(FloorA).Rounds
	r.Complete()
	text := string(Markdown(r))
	for _, want := range []string{
		"Made by `go run .` in bench/ on 1 May 2026, in 540 s, on 2 cores of A processor, 4096 MiB",
		"| net/http | 3.06 (3.03–3.09) | 0.765 | 2.29 | 1.00 | 0.43 | 32,680 (32,362–33,003)† | 30.6 |",
		"fasthttp streaming answers **wrongly**: takes leftover content for requests.",
		"net/http: closes the connection after each response.",
		"† The generator was the bottleneck",
		"| small GET, CPU, of net/http | ≤ 0.48 | 0.33 |",
		"| pipelined by 16, CPU, of net/http | ≤ 0.06 | **0.33, missed** |",
		"| http.Handler, small GET, allocations | ≤ 8.00 | 2.04 |",
		"| small GET, two cores against one, requests per second | ≥ 1.80 | **1.00, missed** |",
		"| a lone GET beside 64 of 1 MiB, one core, 99 %, of net/http | ≤ 1.00 | 0.33 |",
		"| Small GET, one at a time: 64 connections | 0.33 (0.33–0.33) | 0.25 (0.25–0.25) | 0.167 (0.167–0.167) | 0.143 (0.143–0.143) |",
		"64 clients that send and receive 1 MiB, the server on one core (µs until 99 % are answered) | 0.33 (0.33–0.33)",
		"| JSON through ServeMux: http.Handler servers | 0.67 (0.60–0.80) ? | – |",
		"- JSON through ServeMux: http.Handler servers: spillway, http.Handler, of net/http 0.67 (0.60–0.80) after 3 rounds; of ",
		"| small GET, 64 connections | net/http | 32,680 (32,362–33,003) | 32,680 (32,362–33,003) | 1.00 (1.00–1.00) |",
		"Of 40 windows 3 were disturbed at every try; 7 times a disturbed window",
		"A handler that sleeps 1 ms, 64 connections: spillway costs 7.14 µs of CPU, against net/http with 3.06 (2.33 times)",
		"| spillway | 200,000 | 190,000 | 4.00 | 4.10 |",
		"![CPU per request](cpu.svg)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "NaN") || strings.Contains(line, "Inf") || strings.Contains(line, "%!") {
			t.Errorf("the report says %q", line)
		}
	}
}

func TestEveryTableIsRectangular(t *testing.T) {
	columns := 0
	for line := range strings.Lines(string(Markdown(made()))) {
		n := strings.Count(line, "|")
		if strings.HasPrefix(line, "|") && columns > 0 && n != columns {
			t.Errorf("%d columns where the table has %d: %s", n, columns, line)
		}
		columns = 0
		if strings.HasPrefix(line, "|") {
			columns = n
		}
	}
}

var attribute = regexp.MustCompile(`[ ](x|y|cx|cy|x1|x2|y1|y2|width|height)="(-?[0-9.]+|[^"%]*)"`)

func TestPlotsAreWellFormedAndWithinTheirCanvas(t *testing.T) {
	for _, r := range []*Report{made(), {}} {
		for name, draw := range Plots {
			svg := draw(r)
			if (svg == nil) != (len(r.Cases) == 0) {
				t.Errorf("%s: %d bytes for %d cases", name, len(svg), len(r.Cases))
			}
			in := xml.NewDecoder(bytes.NewReader(svg))
			for {
				_, err := in.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			for _, m := range attribute.FindAllStringSubmatch(string(svg), -1) {
				if v, err := strconv.ParseFloat(m[2], 64); err != nil || v < 0 || v > 2000 {
					t.Errorf("%s: %s", name, m[0])
				}
			}
		}
	}
	for _, name := range PlotNames {
		if Plots[name] == nil || plotTitles[name] == "" {
			t.Errorf("no plot %s", name)
		}
	}
}

func TestAxes(t *testing.T) {
	for _, most := range []float64{0.3, 1, 4.2, 9.9, 10, 120, 5600} {
		a := linear("", most)
		last := a.ticks[len(a.ticks)-1].value
		if n := len(a.ticks); n < 3 || n > 12 || last < most*0.999 || a.at(last) > 1.001 {
			t.Errorf("to %v: %d ticks to %v", most, n, last)
		}
	}
	for _, ends := range [][2]float64{{1, 10}, {3, 3}, {7, 12000}, {0.1, 0.3}} {
		a := logarithmic("", ends[0], ends[1], number)
		if low, high := a.at(ends[0]), a.at(ends[1]); low < -0.001 || high > 1.001 || len(a.ticks) == 0 {
			t.Errorf("%v: from %v to %v, %d ticks", ends, low, high, len(a.ticks))
		}
	}
}

func TestNumbers(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.0001: "0.000", 0.1234: "0.123", 4.567: "4.57", 45.67: "45.7", 456.7: "457",
		12345: "12,345", 1234567: "1,234,567", -45.67: "-45.7", -12345: "-12,345"} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %s, want %s", x, got, want)
		}
	}
}

func TestReportOnDiskIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	r := made()
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{"report.json", "report.md"}, PlotNames...) {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
	before, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(before) {
		if len(line) > 3*lineBytes {
			t.Errorf("a line of %d bytes: %.80s…", len(line), line)
		}
	}
	again, err := Read(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, again); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "report.json")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the report changed by being read: %v", err)
	}
	if !bytes.Equal(Markdown(r), Markdown(again)) {
		t.Error("the table changed by being read")
	}
	if _, err := Read(filepath.Join(dir, "report.md")); err == nil {
		t.Error("a table was read as a report")
	}
}

func TestOnlyWhatAnOpenRatioNeedsIsMeasuredAgain(t *testing.T) {
	r := made()
	if open := r.Case("get-64").Open(); len(open) != 0 {
		t.Errorf("ratios that hardly vary are open: %v", open)
	}
	want := map[string]bool{spillwayHandler: true, NetHTTP: true}
	open := r.Case("json").Open()
	delete(open, Nginx) // which has made-up figures here, as has floor A
	delete(open, FloorA)
	if !maps.Equal(open, want) {
		t.Errorf("open %v, want %v", open, want)
	}
	one := r.Case("get-1")
	for i := range one.Results {
		one.Results[i].Rounds = one.Results[i].Rounds[:1]
	}
	if one.Complete(); len(one.Open()) < 4 {
		t.Errorf("with one round, %v are open", one.Open())
	}
}
