// promhttp: the page of metrics, and the instruments around handlers.

package ecosystem

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// instrumented wraps h in all of promhttp's instruments, and serves the metrics under /metrics.
func instrumented(h http.Handler) http.Handler {
	reg := prometheus.NewRegistry()
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"})
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"code", "method"})
	histogram := func(name string, bounds ...float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Buckets: bounds}, []string{"code", "method"})
	}
	duration, head := histogram("duration_seconds", 60), histogram("time_to_header_seconds", 60)
	received, sent := histogram("request_bytes", 10, 1000), histogram("response_bytes", 10, 1000)
	reg.MustRegister(inFlight, requests, duration, head, received, sent)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.InstrumentMetricHandler(reg, promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		EnableOpenMetrics: true, Registry: reg,
	})))
	mux.Handle("/", promhttp.InstrumentHandlerInFlight(inFlight,
		promhttp.InstrumentHandlerDuration(duration,
			promhttp.InstrumentHandlerTimeToWriteHeader(head,
				promhttp.InstrumentHandlerCounter(requests,
					promhttp.InstrumentHandlerRequestSize(received,
						promhttp.InstrumentHandlerResponseSize(sent, h)))))))
	return mux
}

var seconds = regexp.MustCompile(`(?m)^(\w+_seconds_sum\S*) .*$`)

// What the instruments have measured of some exchanges is the same, and so is the exposition in each of its forms.
func TestPrometheus(t *testing.T) {
	got := sameOutcome(t, func() http.Handler { return instrumented(snooped()) }, func(t *testing.T, s site) []answer {
		for _, c := range []call{
			{Line: "GET /nothing"}, {Line: "GET /string"}, {Line: "HEAD /string"}, {Line: "GET /status"}, {Line: "GET /no-content"},
			{Line: "GET /copy"}, {Line: "GET /flush"}, {Line: "POST /echo", Body: strings.Repeat("x", 70_000)}, {Line: "GET /none"},
			{Line: "PATCH /string"},
		} {
			req := c.request(t, s)
			req.Host = "a.test" // its length is a part of request_bytes
			fetch(t, s, req)
		}
		answers := callAll(t, s, []call{
			{Line: "GET /metrics", Fields: "Accept-Encoding: identity"},
			{Line: "GET /metrics", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /metrics", Fields: "Accept-Encoding: identity\nAccept: application/openmetrics-text;version=1.0.0"},
			{Line: "HEAD /metrics", Fields: "Accept-Encoding: identity"},
		})
		for i := range answers {
			a := &answers[i]
			if a.Header.Get("Content-Encoding") == "gzip" {
				unzipped, err := gunzip(a.Body)
				if err != nil {
					t.Error(err)
				}
				a.Body = unzipped
			}
			a.Body = seconds.ReplaceAllString(a.Body, "$1 some")
			a.Header.Del("Content-Length") // depends on how long it took
		}
		return answers
	})
	for _, line := range []string{
		`requests_total{code="200",method="get"} 4`,
		`requests_total{code="204",method="get"} 1`,
		`response_bytes_sum{code="200",method="get"} 100020`,
		`response_bytes_sum{code="200",method="post"} 70000`,
		`time_to_header_seconds_count{code="204",method="get"} 1`,
		`in_flight 0`,
	} {
		if !strings.Contains(got[0].Body, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// A gauge of what is in flight, and a limit to what is scraped at once.
func TestPrometheusInFlight(t *testing.T) {
	var entered, left chan struct{}
	got := sameOutcome(t, func() http.Handler {
		entered, left = make(chan struct{}), make(chan struct{})
		return instrumented(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-left
			io.WriteString(w, "done")
		}))
	}, func(t *testing.T, s site) []string {
		answers := make(chan answer, 3)
		for range 3 {
			go func() { answers <- get(t, s, "/") }()
			receive(t, "a handler runs", entered)
		}
		gauge := func() string {
			_, line, _ := strings.Cut(get(t, s, "/metrics").Body, "\nin_flight ")
			line, _, _ = strings.Cut(line, "\n")
			return line
		}
		seen := []string{gauge()}
		close(left)
		for range 3 {
			seen = append(seen, receive(t, "an answer", answers).Body)
		}
		eventually(t, "none is in flight", func() bool { return gauge() == "0" })
		return seen
	})
	if diff := cmp.Diff([]string{"3", "done", "done", "done"}, got); diff != "" {
		t.Error(diff)
	}
}
