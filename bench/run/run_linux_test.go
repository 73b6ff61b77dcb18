// Whole runs: servers and generators are started, measured and reported.

package run

import (
	"bytes"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
)

// TestMain makes this program a server or a generator when it is started as one.
func TestMain(m *testing.M) {
	var err error
	switch {
	case len(os.Args) > 6 && os.Args[1] == ServerMode:
		err = servers.Run(os.Args[2], os.Args[4], os.Args[6], os.Stdin, os.Stdout)
	case len(os.Args) > 1 && os.Args[1] == LoadMode:
		err = load.Run(os.Stdin, os.Stdout)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

func runSome(t *testing.T, cases, names string, rounds int) *report.Report {
	t.Helper()
	t.Setenv("GORACE", "atexit_sleep_ms=0") // its processes would end a second late
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	var progress bytes.Buffer
	r, err := Run(Options{Command: "go test", Self: self, Rounds: rounds, Window: 60 * time.Millisecond, Warm: time.Millisecond,
		MaxConns: 40, Cases: regexp.MustCompile(cases), Servers: regexp.MustCompile(names), Progress: &progress})
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	return r
}

func TestRunMeasuresAndReportsWrongServers(t *testing.T) {
	r := runSome(t, `^(get-1|leftover-64k|json)$`, `^(spillway|nethttp|fasthttp-stream|hertz|gnet|floor-.|nginx)$`, 2)
	for _, c := range r.Cases {
		for _, result := range c.Results {
			want := report.Timed
			switch {
			case c.ID == "leftover-64k" && result.Server == "fasthttp-stream":
				want = report.Wrong
			case result.Server == "gnet" && c.ID == "leftover-64k" || c.ID == "json" && result.Server != "nethttp" || result.Why == "not installed":
				want = report.Absent
			}
			if result.State != want {
				t.Errorf("%s on %s: %s (%s), want %s", c.ID, result.Server, result.State, result.Why, want)
			}
			if want != report.Timed {
				if len(result.Rounds) > 0 || result.Why == "" {
					t.Errorf("%s on %s is %s, with %d rounds: %q", c.ID, result.Server, want, len(result.Rounds), result.Why)
				}
				continue
			}
			f := result.Figures
			if f == nil || f.CPU.N != 2 || f.CPU.Median <= 0 || f.PerSecond.Median <= 0 || f.RSS.Median <= 0 || f.Ratios[report.NetHTTP].N != 2 ||
				(f.Allocations != nil) != (result.Server != "nginx") {
				t.Errorf("%s on %s: %+v", c.ID, result.Server, f)
			}
		}
	}
}

func TestIdleMemoryIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	r := runSome(t, `^idle$`, `^(nethttp|floor-a)$`, 1)
	f := r.Case("idle").Result("nethttp").Figures
	if f == nil || f.Idle5.Median <= 0 || f.Goroutines.Median < 40 {
		t.Errorf("%+v", f)
	}
}

func TestMachineIsDescribedWithoutNamingIt(t *testing.T) {
	m := machine()
	if m.CPU == "" || m.Cores == 0 || m.MemoryMiB == 0 || !strings.HasPrefix(m.Kernel, "Linux ") || m.System == "" {
		t.Errorf("machine() = %+v", m)
	}
	name, err := os.Hostname()
	if err == nil && len(name) > 3 && strings.Contains(m.Kernel+m.System+m.CPU, name) {
		t.Errorf("machine() = %+v names the host", m)
	}
	for _, v := range versions("") {
		if v.Version == "" || strings.ContainsAny(v.Version, "/\n") {
			t.Errorf("version of %s: %q", v.Name, v.Version)
		}
	}
}

func TestRoundsGoOnForWhatIsOpen(t *testing.T) {
	c := &report.Case{}
	for i, name := range []string{"spillway", "nethttp", "fasthttp", "gnet"} {
		result := report.Result{Server: name, State: report.Timed}
		for round := 1; round <= 5; round++ {
			cpu := float64(i + 1)
			if name == "fasthttp" {
				cpu += float64(round) / 5
			}
			result.Rounds = append(result.Rounds, report.Round{Round: round, CPU: cpu})
		}
		c.Results = append(c.Results, result)
	}
	c.Results = append(c.Results, report.Result{Server: "nginx", State: report.Absent})
	r := &runner{Options: Options{Rounds: 5, Most: 15, Limit: time.Hour}, began: time.Now()}
	for _, test := range []struct {
		round int
		limit time.Duration
		want  map[string]bool
	}{
		{5, time.Hour, map[string]bool{"spillway": true, "nethttp": true, "fasthttp": true, "gnet": true}},
		{6, time.Hour, map[string]bool{"spillway": true, "fasthttp": true}},
		{5, 0, map[string]bool{"spillway": true, "nethttp": true, "fasthttp": true, "gnet": true}},
		{6, 0, nil},
	} {
		r.Limit = test.limit
		got := r.needed(test.round, c)
		maps.DeleteFunc(got, func(_ string, is bool) bool { return !is })
		if !maps.Equal(got, test.want) {
			t.Errorf("round %d within %v: %v, want %v", test.round, test.limit, got, test.want)
		}
	}
}

func TestACrowdIsMeasuredBesideALoneClient(t *testing.T) {
	r := runSome(t, `^(fair-1m-2|cores-get-2)$`, `^(spillway|floor-a)$`, 1)
	for _, id := range []string{"fair-1m-2", "cores-get-2"} {
		result := r.Case(id).Result("spillway")
		if result.State != report.Timed || len(result.Rounds) != 1 {
			t.Fatalf("%s: %s %s", id, result.State, result.Why)
		}
		if one := result.Rounds[0]; one.PerSecond <= 0 || one.CPU <= 0 || one.P99 <= 0 || one.P99 < one.P50 {
			t.Errorf("%s: %+v", id, one)
		}
	}
	if r.Noise.Windows != 3 {
		t.Errorf("%+v, want three windows: floor A has no answer to a crowd that asks for two things", r.Noise)
	}
}
