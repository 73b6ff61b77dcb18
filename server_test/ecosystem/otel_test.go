// otelhttp: spans and metrics.

package ecosystem

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// span is what is compared of a span.
type span struct {
	Name, Kind, Status string
	Parent             string // trace and span, if it came with the request
	Attributes         []string
	Events             []string
}

// spans returns the spans that have ended, without what differs from run to run.
func spans(exporter *tracetest.InMemoryExporter) (all []span) {
	for _, s := range exporter.GetSpans() {
		one := span{Name: s.Name, Kind: s.SpanKind.String(), Status: s.Status.Code.String() + s.Status.Description}
		if s.Parent.IsValid() {
			one.Parent = fmt.Sprint(s.Parent.TraceID(), s.Parent.SpanID(), s.Parent.IsRemote())
		}
		for _, a := range s.Attributes {
			one.Attributes = append(one.Attributes, attributeLine(a))
		}
		slices.Sort(one.Attributes)
		for _, e := range s.Events {
			one.Events = append(one.Events, e.Name)
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b span) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

func attributeLine(a attribute.KeyValue) string {
	if a.Key == "network.peer.port" || a.Key == "client.port" {
		return string(a.Key)
	}
	return fmt.Sprintf("%s=%s", a.Key, a.Value.String())
}

// sums returns what the histograms have counted, but for the times.
func sums(t *testing.T, reader *metric.ManualReader) (lines []string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	add := func(name string, set attribute.Set, count uint64, sum any) {
		var attributes []string
		for _, a := range set.ToSlice() {
			attributes = append(attributes, attributeLine(a))
		}
		lines = append(lines, fmt.Sprintf("%s %d %v %s", name, count, sum, attributes))
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Count, p.Sum)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Count, "some")
				}
			default:
				t.Errorf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// Spans, their attributes and events, and the metrics are the same for exchanges of all kinds.
func TestOpenTelemetry(t *testing.T) {
	type outcome struct {
		Spans   []span
		Metrics []string
		Inside  string // what the handler knows of its span
	}
	var exporter *tracetest.InMemoryExporter
	var reader *metric.ManualReader
	got := sameOutcome(t, func() http.Handler {
		exporter, reader = tracetest.NewInMemoryExporter(), metric.NewManualReader()
		mux := snooped()
		mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
			labeler, _ := otelhttp.LabelerFromContext(r.Context())
			labeler.Add(attribute.String("item", r.PathValue("id")))
			fmt.Fprint(w, r.Header.Get("Traceparent"))
		})
		mux.HandleFunc("/take", func(w http.ResponseWriter, r *http.Request) {
			nc, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
				nc.Close()
			}
		})
		mux.HandleFunc("/unread", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "not wanted", http.StatusForbidden) })
		return otelhttp.NewHandler(mux, "site",
			otelhttp.WithTracerProvider(trace.NewTracerProvider(trace.WithSyncer(exporter))),
			otelhttp.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))),
			otelhttp.WithPropagators(propagation.TraceContext{}),
			otelhttp.WithMessageEvents(otelhttp.WriteEvents),
			otelhttp.WithServerName("a.test"))
	}, func(t *testing.T, s site) outcome {
		const traceparent = "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"
		calls := []call{
			{Line: "GET /nothing"}, {Line: "GET /string?x=1", Fields: traceparent + "User-Agent: tester/1.0"}, {Line: "HEAD /string"},
			{Line: "GET /status"}, {Line: "GET /no-content"}, {Line: "GET /copy"}, {Line: "GET /flush"},
			{Line: "POST /echo", Body: "twelve bytes"}, {Line: "POST /unread", Body: "twelve bytes"}, {Line: "GET /none"},
			{Line: "GET /items/7", Fields: traceparent + "X-Forwarded-For: 192.0.2.1"}, {Line: "POST /panic"},
		}
		var o outcome
		for _, c := range calls {
			req := c.request(t, s)
			req.Host = "a.test"
			res, err := s.Client.Do(req)
			if err != nil {
				continue
			}
			if content, _ := io.ReadAll(res.Body); strings.HasPrefix(c.Line, "GET /items") {
				o.Inside = string(content)
			}
			res.Body.Close()
		}
		for _, old := range []string{"GET /string HTTP/1.0\r\n\r\n", "GET /take HTTP/1.1\r\nHost: a.test\r\n\r\n"} {
			nc := dial(t, s)
			io.WriteString(nc, old)
			io.Copy(io.Discard, bufio.NewReader(nc))
		}
		eventually(t, "all spans have ended", func() bool { return len(exporter.GetSpans()) == len(calls)+2 })
		o.Spans, o.Metrics = spans(exporter), sums(t, reader)
		return o
	})
	if got.Inside != "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" {
		t.Errorf("the handler has seen %q", got.Inside)
	}
	i := slices.IndexFunc(got.Spans, func(s span) bool { return strings.Contains(fmt.Sprint(s), "tester/1.0") })
	if i < 0 {
		t.Fatalf("%+v", got.Spans)
	}
	want := span{
		Name: "GET /string", Kind: "server", Status: "Unset",
		Parent: "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 true",
		Attributes: []string{
			"client.address=127.0.0.1", "http.request.method=GET", "http.response.body.size=8", "http.response.status_code=200",
			"network.peer.address=127.0.0.1", "network.peer.port", "network.protocol.version=1.1",
			"server.address=a.test", "url.path=/string", "url.scheme=http", "user_agent.original=tester/1.0",
		},
		Events: []string{"write"},
	}
	if diff := cmp.Diff(want, got.Spans[i]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
