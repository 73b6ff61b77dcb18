// Package spillwayprom lets Prometheus see what a server does. It is three lines of a program's, before it serves:
//
//	m := spillwayprom.New(srv.Stats)
//	srv.Trace = m.Trace
//	prometheus.MustRegister(m)
//
// The first makes counters and gauges of the server's Stats, whether it is a server.Server or a nethttp.Server; they cost nothing
// until they are asked for. The second adds histograms of durations and sizes. A program with several servers tells them apart by
// [prometheus.WrapRegistererWith]. dashboard.json, for Grafana, and alerts.yml stand beside this file.
//
// No client decides how many time series there are: methods that RFC 9110 and RFC 5789 do not know are _OTHER, and all other labels
// have values from the server or its handlers.
package spillwayprom

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/accesslog"
)

// Metrics is what Prometheus sees of one server. It is a prometheus.Collector. Its methods may be called from any goroutine.
type Metrics struct {
	stats func() server.Stats

	duration, received, sent *prometheus.HistogramVec

	mu    sync.RWMutex
	known map[kind]*observers
}

// kind is what the labels of the histograms tell apart.
type kind struct {
	method string
	status int
}

// observers take what is measured of exchanges of one kind.
type observers struct{ duration, received, sent prometheus.Observer }

// New returns the metrics of the server whose method Stats is given.
func New(stats func() server.Stats) *Metrics {
	return &Metrics{
		stats: stats,
		known: make(map[kind]*observers),
		duration: histogram("http_server_request_duration_seconds", durations,
			"Time from a request's first byte until its response was handed to the system."),
		received: histogram("http_server_request_body_size_bytes", sizes, "Content of requests that handlers have read."),
		sent:     histogram("http_server_response_body_size_bytes", sizes, "Content of responses."),
	}
}

// The bounds are those that OpenTelemetry advises for durations, and some more for uploads; and powers of eight for sizes.
var (
	durations = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60, 300}
	sizes     = prometheus.ExponentialBuckets(128, 8, 9) // to 2 GiB
)

// histogram makes a histogram with the name and the labels that OpenTelemetry's semantic conventions for HTTP give it.
func histogram(name string, bounds []float64, help string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds},
		[]string{"http_request_method", "http_response_status_code"})
}

// Trace measures an exchange when it is over, however it ended: a refused one too. It is what Server.Trace is set to;
// server.TraceAll sets several.
func (m *Metrics) Trace(e server.Event) {
	if e.Kind != server.EventSettled {
		return
	}
	o := m.observe(kind{methodOf(e.Method), e.Status})
	o.duration.Observe(accesslog.Duration(e).Seconds())
	o.received.Observe(float64(e.ContentReceived))
	o.sent.Observe(float64(e.ContentSent))
}

// observe returns the observers of a kind of exchanges. They are looked up by their labels only once.
func (m *Metrics) observe(k kind) *observers {
	m.mu.RLock()
	o := m.known[k]
	m.mu.RUnlock()
	if o != nil {
		return o
	}
	status := "none" // nothing was sent
	if k.status > 0 {
		status = strconv.Itoa(k.status)
	}
	o = &observers{ // the same, whoever makes it
		m.duration.WithLabelValues(k.method, status), m.received.WithLabelValues(k.method, status), m.sent.WithLabelValues(k.method, status),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[k] = o
	return o
}

// methodOf returns a method that is known, or what OpenTelemetry calls all others; those of refused heads are not known either.
func methodOf(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		return method
	}
	return "_OTHER"
}
