// The report as data: what is written as JSON, and what the table and the plots are made of.

// Package report turns measurements into figures, and figures into JSON, a table and plots.
package report

import (
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/stat"
)

// The servers that others are compared with, by name.
const (
	NetHTTP  = "nethttp"
	FastHTTP = "fasthttp"
	Nginx    = "nginx"
	FloorA   = "floor-a"
)

// References are these servers in the order of the report.
var References = []string{NetHTTP, FastHTTP, Nginx, FloorA}

// Report is one run of the benchmark.
type Report struct {
	Began    time.Time `json:"began"`
	Seconds  float64   `json:"seconds"`
	Command  string    `json:"command"`
	Quick    bool      `json:"quick"`
	Machine  Machine   `json:"machine"`
	Versions []Version `json:"versions"`
	Settings Settings  `json:"settings"`
	Servers  []Server  `json:"servers"`
	Cases    []Case    `json:"cases"`
	Wrk      []Wrk     `json:"wrk,omitempty"`
	Noise    Noise     `json:"noise"`
}

// Machine is where it ran.
type Machine struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	MemoryMiB int    `json:"memory_mib"`
	System    string `json:"system"`
	Kernel    string `json:"kernel"`
	Virtual   bool   `json:"virtual"`
	Clock     string `json:"clock"`
}

// Version is a program's.
type Version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Settings is how it ran.
type Settings struct {
	Rounds int           `json:"rounds"` // of everything
	Most   int           `json:"most"`   // of what the first ones did not settle
	Window time.Duration `json:"window_ns"`
	Warm   time.Duration `json:"warm_ns"`
	Pinned bool          `json:"pinned"`
}

// Server is one that took part.
type Server struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	About string `json:"about,omitempty"`
	Floor bool   `json:"floor,omitempty"`
}

// Case is a case with what the servers did in it.
type Case struct {
	cases.Case
	Results []Result `json:"results"`
}

// State is whether a server was timed.
type State string

// The states.
const (
	Timed  State = "timed"
	Wrong  State = "wrong"  // it answered wrongly
	Absent State = "absent" // it cannot take part
	Failed State = "failed" // the benchmark failed
)

// Result is one server in one case.
type Result struct {
	Server  string   `json:"server"`
	State   State    `json:"state"`
	Why     string   `json:"why,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	Figures *Figures `json:"figures,omitempty"`
	Rounds  []Round  `json:"rounds,omitempty"`
	Curve   []Point  `json:"latency_curve,omitempty"` // of all rounds together

	Latency stat.Histogram `json:"-"` // the same, in full
}

// Round is one measurement. Times are in microseconds and memory is in bytes.
type Round struct {
	Round       int      `json:"round"`
	PerSecond   float64  `json:"requests_per_second,omitempty"`
	CPU         float64  `json:"cpu_us,omitempty"`
	UserTicks   int64    `json:"user_ticks,omitempty"`
	SystemTicks int64    `json:"system_ticks,omitempty"`
	P50         float64  `json:"p50_us,omitempty"`
	P99         float64  `json:"p99_us,omitempty"`
	P999        float64  `json:"p999_us,omitempty"`
	Allocations *float64 `json:"allocations,omitempty"` // per request; nil where it is not Go
	AllocBytes  *float64 `json:"allocated_bytes,omitempty"`
	RSS         float64  `json:"rss_bytes,omitempty"`
	ServerBusy  float64  `json:"server_busy,omitempty"` // share of the window
	LoadBusy    float64  `json:"load_busy,omitempty"`
	Reconnects  float64  `json:"reconnects,omitempty"` // per request
	Disturbed   bool     `json:"disturbed,omitempty"`  // by others, at each try

	Idle1      float64 `json:"idle_1s_bytes,omitempty"` // per connection
	Idle5      float64 `json:"idle_5s_bytes,omitempty"`
	Released   float64 `json:"idle_released_bytes,omitempty"`
	Goroutines int     `json:"idle_goroutines,omitempty"`
}

// Saturated reports whether the generator was the bottleneck: it had no time left while the server had.
func (r Round) Saturated() bool { return r.LoadBusy > 0.97 && r.ServerBusy < 0.95 }

// Point is a point of a latency curve.
type Point struct {
	Quantile float64 `json:"q"`
	Micros   float64 `json:"us"`
}

// Figures are a result's medians, with their spread.
type Figures struct {
	PerSecond   stat.Summary  `json:"requests_per_second,omitzero"`
	CPU         stat.Summary  `json:"cpu_us,omitzero"`
	User        float64       `json:"user_us"` // the median, divided as the samples of all rounds are
	System      float64       `json:"system_us"`
	P50         stat.Summary  `json:"p50_us,omitzero"`
	P99         stat.Summary  `json:"p99_us,omitzero"`
	P999        stat.Summary  `json:"p999_us,omitzero"`
	Allocations *stat.Summary `json:"allocations,omitempty"`
	RSS         stat.Summary  `json:"rss_bytes,omitzero"`
	Idle1       stat.Summary  `json:"idle_1s_bytes,omitzero"`
	Idle5       stat.Summary  `json:"idle_5s_bytes,omitzero"`
	Released    stat.Summary  `json:"idle_released_bytes,omitzero"`
	Goroutines  stat.Summary  `json:"idle_goroutines,omitzero"`
	Reconnects  stat.Summary  `json:"reconnects,omitzero"`
	Saturated   bool          `json:"generator_saturated,omitempty"` // in most rounds

	// Ratios are those of the case's cost to that of each reference.
	Ratios map[string]stat.Summary `json:"ratios,omitempty"`
}

// Wrk compares the generator with wrk on one server, in the case get-64.
type Wrk struct {
	Server       string  `json:"server"`
	PerSecond    float64 `json:"requests_per_second"`
	CPU          float64 `json:"cpu_us"`
	WrkPerSecond float64 `json:"wrk_requests_per_second"`
	WrkCPU       float64 `json:"wrk_cpu_us"`
}

// Noise is what disturbed the measurements. The shares are of the time on the cores that were used.
type Noise struct {
	Processes float64 `json:"processes"` // other programs
	Stolen    float64 `json:"stolen"`    // other machines on the same host
	Windows   int     `json:"windows"`
	Disturbed int     `json:"disturbed"` // of the windows that count
	Repeated  int     `json:"repeated"`  // waits for a quiet moment, and windows that do not count
}
