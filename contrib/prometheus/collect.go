// What stands in a server's Stats, as Prometheus wants it.

package spillwayprom

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/spillway-go/spillway/server"
)

// What is told of the Stats. Every value that a label can have is told from the beginning on, so that a rate is known as soon as
// something happens for the first time; but refusals are told when there were any.
var (
	connections = describe("connections", "Connections that are open, each in one state.", "state")
	accepted    = describe("connections_accepted_total", "Connections since the server began.")
	closed      = describe("connections_closed_total", "Connections that have ended, by reason.", "reason")
	displaced   = describe("connections_displaced_total", "Connections that lingered, and were closed for others beyond MaxLingering.")
	handshakes  = describe("handshakes_failed_total", "TLS handshakes that failed, by cause.", "cause")
	requests    = describe("requests_total", "Requests whose head was accepted.")
	responses   = describe("responses_total", "Final responses, by the class of their status.", "class")
	refusals    = describe("refusals_total", "Requests that were refused for what they were, by status and by where the rule stands that they broke.", "status", "section")
	leftovers   = describe("leftovers_total", "Exchanges by what became of the content that the handler did not read.", "outcome")
	discarded   = describe("leftovers_discarded_bytes_total", "Bytes of leftovers that were thrown away so that their connection could be kept.")
	received    = describe("received_bytes_total", "Bytes of requests with their heads, in exchanges that have ended.")
	sent        = describe("sent_bytes_total", "Bytes of responses with their heads, in exchanges that have ended.")

	descriptions = []*prometheus.Desc{connections, accepted, closed, displaced, handshakes, requests, responses, refusals, leftovers, discarded, received, sent}
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("spillway_"+name, help, labels, nil)
}

// Describe is what a registry calls.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		to <- d
	}
	for _, h := range m.histograms() {
		h.Describe(to)
	}
}

// Collect is what a registry calls when it is asked for metrics.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	for _, h := range m.histograms() {
		h.Collect(to)
	}
	s, out := m.stats(), metrics(to)
	out.gauge(connections, s.Open-s.Idle-s.Lingering, "active")
	out.gauge(connections, s.Idle-s.Parked, "idle")
	out.gauge(connections, s.Parked, "parked")
	out.gauge(connections, s.Lingering, "lingering")
	out.count(accepted, s.Accepted)
	for i, n := range s.Closes {
		if r := server.Reason(i); r != server.ReasonNone {
			out.count(closed, n, r.String())
		}
	}
	out.count(displaced, s.Displaced)
	for i, n := range s.Handshakes {
		out.count(handshakes, n, server.Handshake(i).String())
	}
	out.count(requests, s.Exchanges)
	for i, n := range s.Responses {
		out.count(responses, n, class(i))
	}
	out.refusals(s.Refusals)
	for i, n := range s.Leftovers {
		out.count(leftovers, n, server.Leftover(i).String())
	}
	out.count(discarded, s.Discarded)
	out.count(received, s.Received)
	out.count(sent, s.Sent)
}

func (m *Metrics) histograms() []*prometheus.HistogramVec {
	return []*prometheus.HistogramVec{m.duration, m.received, m.sent}
}

// class returns what a class of statuses is called, which Stats has by their first digit, and at 0 what is in none.
func class(digit int) string {
	if digit == 0 {
		return "other"
	}
	return strconv.Itoa(digit) + "xx"
}

// metrics is where metrics go.
type metrics chan<- prometheus.Metric

func (out metrics) gauge(d *prometheus.Desc, n int, labels ...string) {
	// The counters of connections are not read all at once: what has moved on meanwhile is not to be less than nothing.
	out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(max(n, 0)), labels...)
}

func (out metrics) count(d *prometheus.Desc, n int64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

// refusals adds up the rules that have the same labels.
func (out metrics) refusals(rules map[server.Rule]int64) {
	type place struct {
		status  int
		section string
	}
	sums := map[place]int64{}
	for rule, n := range rules {
		sums[place{rule.Status, rule.Section}] += n
	}
	for p, n := range sums {
		out.count(refusals, n, strconv.Itoa(p.status), p.section)
	}
}
