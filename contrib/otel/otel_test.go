// The spans and the metrics of exchanges, as OpenTelemetry's own SDK has them.

package spillwayotel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/spillway-go/spillway/contrib/otel"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/route"
	"github.com/spillway-go/spillway/server/servertest"
)

func tales() *route.Mux {
	mux := new(route.Mux)
	handle := func(pattern string, f server.HandlerFunc) { mux.Handle(pattern, f) }
	handle("/hello/{name}", func(w *server.Response, r *server.Request) error {
		_, err := w.WriteString("hello")
		return err
	})
	handle("POST /read", func(w *server.Response, r *server.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	})
	handle("/missing", func(w *server.Response, r *server.Request) error {
		return &server.StatusError{Status: 404, Reason: "not here"}
	})
	handle("/fail", func(w *server.Response, r *server.Request) error { return errors.New("as asked") })
	handle("/late", func(w *server.Response, r *server.Request) error {
		w.WriteString("hel")
		w.Flush()
		return errors.New("as asked")
	})
	handle("/abort", func(w *server.Response, r *server.Request) error { return fmt.Errorf("enough: %w", server.ErrAbort) })
	handle("/panic", func(w *server.Response, r *server.Request) error { panic("as asked") })
	handle("/panic/late", func(w *server.Response, r *server.Request) error {
		w.WriteString("hel")
		w.Flush()
		panic("as asked")
	})
	handle("/upgrade", func(w *server.Response, r *server.Request) error {
		w.SetStatus(101)
		return hijack(w)
	})
	handle("/raw", func(w *server.Response, r *server.Request) error { return hijack(w) })
	return mux
}

func hijack(w *server.Response) error {
	h, err := w.Hijack()
	if err == nil {
		h.Close()
	}
	return err
}

// watched is a server with middleware around its handler.
type watched struct {
	*servertest.Server
	spans   *tracetest.InMemoryExporter
	metrics *metric.ManualReader
	closed  int
}

func watch(t *testing.T, route func(*server.Request) string, h server.Handler) *watched {
	w := &watched{spans: tracetest.NewInMemoryExporter(), metrics: metric.NewManualReader()}
	around := spillwayotel.Middleware(spillwayotel.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.spans)),
		MeterProvider:  metric.NewMeterProvider(metric.WithReader(w.metrics)),
		Propagator:     propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		Route:          route,
	})
	w.Server = servertest.Start(t, around(h), servertest.Configure(func(s *server.Server) { s.Log = slog.New(slog.DiscardHandler) }))
	return w
}

// exchange sends a request on a connection of its own, and waits for all of it.
func (w *watched) exchange(text string) {
	c := w.DialConn()
	io.WriteString(c, text)
	io.Copy(io.Discard, c)
	c.Close()
	w.closed++
	w.Closings(w.closed)
}

// story is what is compared of a span: but for times, and what is the same in all.
func story(s tracetest.SpanStub) string {
	var attributes, events []string
	for _, a := range s.Attributes {
		switch a.Key {
		case "network.peer.address", "client.address", "network.peer.port", "url.scheme", "server.address":
			continue
		}
		attributes = append(attributes, string(a.Key)+"="+a.Value.String())
	}
	for _, e := range s.Events {
		events = append(events, e.Name)
	}
	slices.Sort(attributes)
	return fmt.Sprintln(s.Name, s.SpanKind, s.Status.Code, s.Status.Description, events, strings.Join(attributes, " "))
}

func TestSpans(t *testing.T) {
	for _, test := range []struct{ name, send, want string }{
		{"a GET", "GET /hello/me?a=b HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\nConnection: close\r\n\r\n",
			"GET /hello/{name} server Unset  [] http.request.body.size=0 http.request.method=GET http.response.body.size=5 http.response.status_code=200 http.route=/hello/{name} network.protocol.version=1.1 url.path=/hello/me url.query=a=b user_agent.original=me\n"},
		{"a port", "GET /hello/me HTTP/1.0\r\nHost: [::1]:8080\r\n\r\n",
			"GET /hello/{name} server Unset  [] http.request.body.size=0 http.request.method=GET http.response.body.size=5 http.response.status_code=200 http.route=/hello/{name} network.protocol.version=1.0 server.port=8080 url.path=/hello/me\n"},
		{"content", "POST /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\n123456789",
			"POST /read server Unset  [] http.request.body.size=9 http.request.method=POST http.response.body.size=0 http.response.status_code=200 http.route=/read network.protocol.version=1.1 url.path=/read\n"},
		{"content that is garbled", "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nax",
			"POST /read server Unset  [] http.request.body.size=1 http.request.method=POST http.response.status_code=400 http.route=/read network.protocol.version=1.1 url.path=/read\n"},
		{"another method", "BREW /hello/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			"HTTP /hello/{name} server Unset  [] http.request.body.size=0 http.request.method=_OTHER http.request.method_original=BREW http.response.body.size=5 http.response.status_code=200 http.route=/hello/{name} network.protocol.version=1.1 url.path=/hello/me\n"},
		{"no route", "GET /nowhere HTTP/1.0\r\n\r\n",
			"GET server Unset  [] http.request.body.size=0 http.request.method=GET http.response.status_code=404 network.protocol.version=1.0 url.path=/nowhere\n"},
		{"an error of the client's", "GET /missing HTTP/1.0\r\n\r\n",
			"GET /missing server Unset  [] http.request.body.size=0 http.request.method=GET http.response.status_code=404 http.route=/missing network.protocol.version=1.0 url.path=/missing\n"},
		{"an error", "GET /fail HTTP/1.0\r\n\r\n",
			"GET /fail server Error  [exception] error.type=500 http.request.body.size=0 http.request.method=GET http.response.status_code=500 http.route=/fail network.protocol.version=1.0 url.path=/fail\n"},
		{"an error behind the head", "GET /late HTTP/1.0\r\n\r\n",
			"GET /late server Error  [exception] error.type=*errors.errorString http.request.body.size=0 http.request.method=GET http.response.body.size=3 http.response.status_code=200 http.route=/late network.protocol.version=1.0 url.path=/late\n"},
		{"an abort", "GET /abort HTTP/1.0\r\n\r\n",
			"GET /abort server Error  [exception] error.type=aborted http.request.body.size=0 http.request.method=GET http.route=/abort network.protocol.version=1.0 url.path=/abort\n"},
		{"a panic", "GET /panic HTTP/1.0\r\n\r\n",
			"GET /panic server Error  [] error.type=500 http.request.body.size=0 http.request.method=GET http.response.status_code=500 http.route=/panic network.protocol.version=1.0 url.path=/panic\n"},
		{"a panic behind the head", "GET /panic/late HTTP/1.0\r\n\r\n",
			"GET /panic/late server Error  [] error.type=panic http.request.body.size=0 http.request.method=GET http.response.body.size=3 http.response.status_code=200 http.route=/panic/late network.protocol.version=1.0 url.path=/panic/late\n"},
		{"an upgrade", "GET /upgrade HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /upgrade server Unset  [] http.request.body.size=0 http.request.method=GET http.response.body.size=0 http.response.status_code=101 http.route=/upgrade network.protocol.version=1.1 url.path=/upgrade\n"},
		{"a connection that is taken", "GET /raw HTTP/1.0\r\n\r\n",
			"GET /raw server Unset  [] http.request.body.size=0 http.request.method=GET http.response.body.size=0 http.route=/raw network.protocol.version=1.0 url.path=/raw\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := tales()
			w := watch(t, mux.Match, mux)
			w.exchange(test.send)
			var got []string
			for _, s := range w.spans.GetSpans() {
				got = append(got, story(s))
				if s.Parent.IsValid() {
					t.Errorf("it has the parent %v", s.Parent)
				}
			}
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

// A trace that came with a request goes on: the handler has it, also below other middleware, and nothing of it stays behind.
func TestTheTraceGoesOn(t *testing.T) {
	var tracer trace.Tracer
	var plain, kept context.Context
	var seen string
	inner := server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		ctx := spillwayotel.Context(r)
		plain, kept, seen = r.Context(), ctx, baggage.FromContext(ctx).String()
		_, span := tracer.Start(ctx, "work")
		span.End()
		return nil
	})
	rewriting := server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		other := *r // as middleware may do
		other.RawPath = "/other"
		return inner(w, &other)
	})
	w := watch(t, nil, rewriting)
	tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.spans)).Tracer("test")
	w.exchange("GET / HTTP/1.1\r\nHost: a\r\nTraceparent: 00-" + traceID + "-" + spanID + "-01\r\nTracestate: a=b\r\n" +
		"Baggage: one=1\r\nBaggage: two=2\r\nConnection: close\r\n\r\n")
	spans := w.spans.GetSpans()
	if len(spans) != 2 {
		t.Fatalf("%d spans", len(spans))
	}
	work, served := spans[0], spans[1]
	if p := served.Parent; p.TraceID().String() != traceID || p.SpanID().String() != spanID || !p.IsRemote() || p.TraceState().String() != "a=b" {
		t.Errorf("the parent is %v", p)
	}
	if work.Parent.SpanID() != served.SpanContext.SpanID() || work.SpanContext.TraceID().String() != traceID {
		t.Errorf("the handler's span has the parent %v", work.Parent)
	}
	if !strings.Contains(seen, "one=1") || !strings.Contains(seen, "two=2") {
		t.Errorf("the baggage is %q", seen)
	}
	if kept.Err() == nil || plain.Err() == nil {
		t.Error("the context outlives its exchange")
	}
	if n := spillwayotel.Kept(); n != 0 {
		t.Errorf("%d contexts were kept", n)
	}
}

// Middleware inside middleware makes a span inside the other's; and without any, Context is the request's own.
func TestNesting(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	around := spillwayotel.Middleware(spillwayotel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))})
	var after, inside trace.SpanContext
	h := around(server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		err := around(server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			inside = trace.SpanContextFromContext(spillwayotel.Context(r))
			return nil
		})).Serve(w, r)
		after = trace.SpanContextFromContext(spillwayotel.Context(r))
		return err
	}))
	same := false
	live := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		same = spillwayotel.Context(r) == r.Context()
		return h.Serve(w, r)
	}))
	c := live.Dial()
	c.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	c.ReadResponse()
	c.Close()
	live.Closings(1)
	spans := exporter.GetSpans()
	if len(spans) != 2 || !same {
		t.Fatalf("%d spans; without middleware the context is the request's: %v", len(spans), same)
	}
	in, out := spans[0], spans[1]
	if in.Parent.SpanID() != out.SpanContext.SpanID() || inside.SpanID() != in.SpanContext.SpanID() || after.SpanID() != out.SpanContext.SpanID() {
		t.Errorf("inside %v, after it %v; the spans are %v in %v", inside, after, in.SpanContext, out.SpanContext)
	}
}

// series returns what the instruments have, but for the times.
func series(t *testing.T, reader *metric.ManualReader) (lines []string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintln(m.Name, m.Unit, p.Count, p.Sum, p.Attributes.Encoded(plainly{})))
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintln(m.Name, m.Unit, p.Count, p.Bounds[0], p.Attributes.Encoded(plainly{})))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintln(m.Name, m.Unit, p.Value, p.Attributes.Encoded(plainly{})))
				}
			default:
				t.Errorf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func TestMetrics(t *testing.T) {
	mux := tales()
	w := watch(t, mux.Match, mux)
	for i := range 3 {
		w.exchange(fmt.Sprintf("GET /hello/%d?%[1]d HTTP/1.0\r\nHost: a%[1]d\r\nUser-Agent: %[1]d\r\n\r\n", i))
		w.exchange(fmt.Sprintf("BREW%d /hello/%[1]d HTTP/1.0\r\n\r\n", i))
	}
	w.exchange("POST /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\n123456789")
	w.exchange("GET /fail HTTP/1.0\r\n\r\n")
	const (
		get  = "http.request.method=GET http.response.status_code=200 http.route=/hello/{name} network.protocol.version=1.0 url.scheme=http\n"
		brew = "http.request.method=_OTHER http.response.status_code=200 http.route=/hello/{name} network.protocol.version=1.0 url.scheme=http\n"
		post = "http.request.method=POST http.response.status_code=200 http.route=/read network.protocol.version=1.1 url.scheme=http\n"
		fail = "error.type=500 http.request.method=GET http.response.status_code=500 http.route=/fail network.protocol.version=1.0 url.scheme=http\n"
	)
	want := []string{
		"http.server.active_requests {request} 0 http.request.method=GET url.scheme=http\n",
		"http.server.active_requests {request} 0 http.request.method=POST url.scheme=http\n",
		"http.server.active_requests {request} 0 http.request.method=_OTHER url.scheme=http\n",
		"http.server.request.body.size By 1 0 " + fail, "http.server.request.body.size By 1 9 " + post,
		"http.server.request.body.size By 3 0 " + get, "http.server.request.body.size By 3 0 " + brew,
		"http.server.request.duration s 1 0.005 " + fail, "http.server.request.duration s 1 0.005 " + post,
		"http.server.request.duration s 3 0.005 " + get, "http.server.request.duration s 3 0.005 " + brew,
		"http.server.response.body.size By 1 0 " + post, "http.server.response.body.size By 3 15 " + get, "http.server.response.body.size By 3 15 " + brew,
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, series(t, w.metrics)); diff != "" {
		t.Error(diff)
	}
}

// plainly writes attributes behind each other.
type plainly struct{}

func (plainly) Encode(all attribute.Iterator) string {
	var lines []string
	for all.Next() {
		a := all.Attribute()
		lines = append(lines, string(a.Key)+"="+a.Value.String())
	}
	return strings.Join(lines, " ")
}

func (plainly) ID() attribute.EncoderID { return encoding }

var encoding = attribute.NewEncoderID()
