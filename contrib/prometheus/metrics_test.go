// What a server has done is what Prometheus is told, on a real endpoint, read by Prometheus's own parser.

package spillwayprom_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/spillway-go/spillway/contrib/prometheus"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// tales is a handler that does what its path says.
func tales(w *server.Response, r *server.Request) error {
	switch r.RawPath {
	case "/read":
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
	case "/fail":
		return errors.New("as asked")
	case "/abort":
		return server.ErrAbort
	}
	_, err := w.WriteString("hello")
	return err
}

// watched is a server with metrics, and another from which they are had.
type watched struct {
	*servertest.Server
	metrics *spillwayprom.Metrics
	page    *servertest.Server
	closed  int // connections
}

// watch starts both. Before each scrape, before is called.
func watch(t *testing.T, before func()) *watched {
	w := &watched{}
	w.Server = servertest.Start(t, server.HandlerFunc(tales), servertest.Configure(func(srv *server.Server) {
		srv.Log = slog.New(slog.DiscardHandler)
		w.metrics = spillwayprom.New(srv.Stats)
		srv.Trace = w.metrics.Trace
	}))
	reg := prometheus.NewRegistry()
	reg.MustRegister(w.metrics, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	page := promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	w.page = servertest.Start(t, nethttp.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		before()
		page.ServeHTTP(rw, r)
	})))
	return w
}

// exchanges are what every round has, each on a connection of its own.
var exchanges = []string{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("x", 2000),
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000),
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n",
	"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
	"WHEN / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /\x16 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n",
}

// round has every exchange once, and one that is aborted, and returns when all of it has been counted.
func (w *watched) round() {
	for _, text := range exchanges {
		c := w.Dial()
		c.Send(text)
		c.ReadResponse()
		c.Close()
	}
	c := w.Dial()
	c.Send("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n")
	c.ExpectClosed()
	c.Close()
	w.closed += len(exchanges) + 1
	w.Closings(w.closed)
}

// scrape returns the page of metrics as Prometheus's parser reads it.
func scrape(t *testing.T, w *watched) map[string]*dto.MetricFamily {
	t.Helper()
	resp, err := w.page.Client.Get(w.page.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d, %v: %s", resp.StatusCode, err, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	return families
}

// values returns what the families say that is not 0: of a histogram how many there were, and their sum where it is not a time.
func values(families map[string]*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	add := func(name string, v float64) {
		if v != 0 {
			all[name] = v
		}
	}
	for name, family := range families {
		if strings.HasPrefix(name, "process_") {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			series := fmt.Sprint(name, labels)
			if h := m.GetHistogram(); h != nil {
				add(series+" count", float64(h.GetSampleCount()))
				if !strings.Contains(name, "seconds") {
					add(series+" sum", h.GetSampleSum())
				}
				continue
			}
			add(series, m.GetGauge().GetValue()+m.GetCounter().GetValue())
		}
	}
	return all
}

func TestWhatIsScraped(t *testing.T) {
	w := watch(t, func() {})
	w.round()
	stats := map[string]float64{
		"spillway_connections_accepted_total[]": 9, "spillway_requests_total[]": 8,
		"spillway_connections_closed_total[client closed]": 6, "spillway_connections_closed_total[refused]": 1,
		"spillway_connections_closed_total[leftover too long]": 1, "spillway_connections_closed_total[truncated]": 1,
		"spillway_responses_total[2xx]": 6, "spillway_responses_total[4xx]": 1, "spillway_responses_total[5xx]": 1,
		"spillway_refusals_total[RFC 9112 §3.2 400]": 1,
		"spillway_leftovers_total[nothing]":          6, "spillway_leftovers_total[drained]": 1, "spillway_leftovers_total[too long]": 1,
		"spillway_leftovers_discarded_bytes_total[]": 100_000,
	}
	for key, n := range map[string]float64{"GET 200": 1, "POST 200": 3, "_OTHER 200": 2, "_OTHER 400": 1, "GET 500": 1, "GET none": 1} {
		for _, name := range []string{"request_duration_seconds", "request_body_size_bytes", "response_body_size_bytes"} {
			stats["http_server_"+name+"["+key+"] count"] = n
		}
	}
	stats["http_server_request_body_size_bytes[POST 200] sum"] = 2000
	for key, n := range map[string]float64{"GET 200": 5, "POST 200": 15, "_OTHER 200": 10, "_OTHER 400": 54, "GET 500": 22} {
		stats["http_server_response_body_size_bytes["+key+"] sum"] = n
	}
	got := values(scrape(t, w))
	for _, name := range []string{"spillway_received_bytes_total[]", "spillway_sent_bytes_total[]"} {
		if got[name] < 500 {
			t.Errorf("%s is %v", name, got[name])
		}
		delete(got, name)
	}
	if diff := cmp.Diff(stats, got); diff != "" {
		t.Error(diff)
	}
}

// TestEveryCounterIsTold gives every counter that Stats has a value of its own, and looks for all of them.
func TestEveryCounterIsTold(t *testing.T) {
	s := server.Stats{Refusals: map[server.Rule]int64{{Status: 400, Reason: "a", Section: "b"}: 10_000_000, {Status: 400, Reason: "c", Section: "b"}: 1}}
	next, want := 1, map[float64]bool{10_000_001: true}
	number := func(v reflect.Value) {
		v.SetInt(int64(next))
		want[float64(next)] = true
		next *= 2
		if next > 1<<50 { // so that sums are told from values as long as floats are exact
			next = 3
		}
	}
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Array:
			for k := range f.Len() {
				if v.Type().Field(i).Name != "Closes" || k > 0 { // nothing ends for ReasonNone
					number(f.Index(k))
				}
			}
		case reflect.Int, reflect.Int64:
			number(f)
		case reflect.Map:
		default:
			t.Errorf("Stats has a %v, %s", f.Kind(), v.Type().Field(i).Name)
		}
	}
	s.Open, s.Idle, s.Parked, s.Lingering = 100, 60, 50, 7
	for _, n := range []float64{1, 2, 4, 8} { // what these were
		delete(want, n)
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(spillwayprom.New(func() server.Stats { return s }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	all := values(byName)
	told := map[float64]bool{}
	for name, n := range all {
		if !strings.HasPrefix(name, "spillway_connections[") {
			told[n] = true
		}
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	for state, n := range map[string]float64{"active": 33, "idle": 10, "parked": 50, "lingering": 7} {
		if got := all["spillway_connections["+state+"]"]; got != n {
			t.Errorf("%v connections are %s, want %v", got, state, n)
		}
	}
}

// However many methods clients make up, they make no series.
func TestClientsMakeNoSeries(t *testing.T) {
	m := spillwayprom.New(func() server.Stats { return server.Stats{} })
	reg := prometheus.NewRegistry()
	reg.MustRegister(m)
	count := func() int {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, f := range families {
			n += len(f.GetMetric())
		}
		return n
	}
	m.Trace(server.Event{Kind: server.EventSettled, Method: "M", Status: 200})
	before := count()
	for i := range 1000 {
		m.Trace(server.Event{Kind: server.EventSettled, Method: fmt.Sprint("M", i), Target: fmt.Sprint("/", i), Host: fmt.Sprint(i), Status: 200})
	}
	if n := count(); n != before {
		t.Errorf("%d series became %d", before, n)
	}
}

// What is measured of an exchange costs no allocation, once there was one of its kind.
func TestTraceAllocatesNothing(t *testing.T) {
	m := spillwayprom.New(func() server.Stats { return server.Stats{} })
	e := server.Event{Kind: server.EventSettled, Method: "GET", Status: 200}
	m.Trace(e)
	if n := testing.AllocsPerRun(100, func() { m.Trace(e) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
