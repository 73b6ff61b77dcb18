// Package spillwayotel makes OpenTelemetry's spans and metrics of what native handlers do, by its semantic conventions for HTTP
// servers. It is one line of a program's:
//
//	traced := spillwayotel.Middleware(spillwayotel.Config{Route: mux.Match})(mux)
//
// A request that comes with a traceparent field continues its trace. A handler has the context to work on with in [Context]:
//
//	item, err := lookUp(spillwayotel.Context(r), p.Get("id"))
//
// What is measured is the handler. Requests that are refused before any handler sees them have no span: the server's Stats count
// them, and its Trace tells of each. Handlers of net/http use otelhttp, on package nethttp as on net/http.
package spillwayotel

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/spillway-go/spillway/server"
)

// Config is what a Middleware works with. The zero Config has OpenTelemetry's globals.
type Config struct {
	TracerProvider trace.TracerProvider          // nil: otel.GetTracerProvider
	MeterProvider  metric.MeterProvider          // nil: otel.GetMeterProvider
	Propagator     propagation.TextMapPropagator // nil: otel.GetTextMapPropagator, as it is when a request comes

	// Route returns the pattern that takes a request, as the method Match of a route.Mux does, or "". Without it, spans are called
	// by their method alone, and metrics do not tell routes apart.
	Route func(*server.Request) string

	// Client returns the client's address where the connection's is a proxy's: by package forwarded, for example. nil: the
	// connection's.
	Client func(*server.Request) string
}

// Middleware returns middleware that makes spans and metrics of the handler inside it.
func Middleware(c Config) func(server.Handler) server.Handler {
	if c.TracerProvider == nil {
		c.TracerProvider = otel.GetTracerProvider()
	}
	if c.MeterProvider == nil {
		c.MeterProvider = otel.GetMeterProvider()
	}
	const scope = "github.com/spillway-go/spillway/contrib/otel"
	tracer := c.TracerProvider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
	instruments := newInstruments(c.MeterProvider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL)))
	return func(next server.Handler) server.Handler { return &handler{c, tracer, instruments, next} }
}

// instruments are those that the conventions name for HTTP servers.
type instruments struct {
	active   httpconv.ServerActiveRequests
	duration httpconv.ServerRequestDuration
	received httpconv.ServerRequestBodySize
	sent     httpconv.ServerResponseBodySize
}

// newInstruments makes them. What cannot be made is told to OpenTelemetry's error handler, and measures nothing.
func newInstruments(m metric.Meter) (i instruments) {
	var errs [4]error
	i.active, errs[0] = httpconv.NewServerActiveRequests(m)
	// These bounds are the conventions' own; the SDK's are for milliseconds.
	i.duration, errs[1] = httpconv.NewServerRequestDuration(m, metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10))
	i.received, errs[2] = httpconv.NewServerRequestBodySize(m)
	i.sent, errs[3] = httpconv.NewServerResponseBodySize(m)
	for _, err := range errs {
		if err != nil {
			otel.Handle(err)
		}
	}
	return i
}

// handler is a handler with middleware around it.
type handler struct {
	Config
	tracer      trace.Tracer
	instruments instruments
	next        server.Handler
}

// Serve lets the handler serve. A panic goes on through it.
func (h *handler) Serve(w *server.Response, r *server.Request) (err error) {
	x := h.begin(r)
	returned := false
	defer func() { x.end(w, r, err, returned) }()
	err = h.next.Serve(w, r)
	returned = true
	return err
}

// exchange is one request and its span.
type exchange struct {
	*handler
	request
	context context.Context
	span    trace.Span
	begun   time.Time
	outer   context.Context // of middleware around this one; nil: there is none
}

// begin starts a span, and lets Context find it.
func (h *handler) begin(r *server.Request) *exchange {
	x := &exchange{handler: h, request: h.look(r), begun: time.Now()}
	ctx := r.Context()
	if outer, nested := contexts.Load(ctx); nested {
		x.outer = outer.(context.Context)
		ctx = x.outer
	} else {
		ctx = h.propagator().Extract(ctx, fields{r})
	}
	x.context, x.span = h.tracer.Start(ctx, x.name, trace.WithTimestamp(x.begun), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(x.attributes...))
	contexts.Store(r.Context(), x.context)
	h.instruments.active.Add(x.context, 1, x.method, x.scheme)
	return x
}

func (h *handler) propagator() propagation.TextMapPropagator {
	if h.Propagator == nil {
		return otel.GetTextMapPropagator()
	}
	return h.Propagator
}

// contexts has, for the context of each request that is being served, the one with the span in it. A native request's own context
// cannot be replaced; but it is the same for whoever has a copy of the request.
var contexts sync.Map

// Context returns the request's context with the span in it, or as it is where there is no [Middleware] around the handler.
func Context(r *server.Request) context.Context {
	ctx := r.Context()
	if with, ok := contexts.Load(ctx); ok {
		return with.(context.Context)
	}
	return ctx
}

// fields are where a propagator finds what came with a request.
type fields struct{ *server.Request }

// Get returns the value of the first field with a name.
func (f fields) Get(name string) string { return f.Fields.Get(name) }

// Values returns those of all.
func (f fields) Values(name string) (all []string) {
	for value := range f.Fields.Values(name) {
		all = append(all, value)
	}
	return all
}

// Set does nothing: a request is not changed.
func (fields) Set(string, string) {}

// Keys returns the names of all fields.
func (f fields) Keys() (names []string) {
	for name := range f.Fields.All() {
		names = append(names, name)
	}
	return names
}
