// Who is at the other end, and by which scheme, on every kind of connection.

package spillwayotel_test

import (
	"log/slog"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/spillway-go/spillway/contrib/otel"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

func TestPeers(t *testing.T) {
	for _, carrier := range servertest.Carriers() {
		for _, behind := range []bool{false, true} {
			exporter := tracetest.NewInMemoryExporter()
			c := spillwayotel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))}
			if behind {
				c.Client = func(*server.Request) string { return "203.0.113.9" }
			}
			live := servertest.Start(t, spillwayotel.Middleware(c)(tales()), servertest.Over(carrier),
				servertest.Configure(func(s *server.Server) { s.Log = slog.New(slog.DiscardHandler) }))
			client := live.Dial()
			client.Send("GET /hello/me HTTP/1.1\r\nHost: a\r\n\r\n")
			client.ReadResponse()
			client.Close()
			live.Closings(1)
			got := map[string]string{}
			for _, a := range exporter.GetSpans()[0].Attributes {
				got[string(a.Key)] = a.Value.String()
			}
			scheme := "http"
			if strings.HasPrefix(carrier.Name, "tls") {
				scheme = "https"
			}
			if got["url.scheme"] != scheme || got["server.address"] != "a" {
				t.Errorf("%s: %v", carrier.Name, got)
			}
			_, peer := got["network.peer.address"]
			if onIP := carrier.Name != "unix"; peer != onIP || peer != (got["network.peer.port"] != "") {
				t.Errorf("%s: the peer is %q, port %q", carrier.Name, got["network.peer.address"], got["network.peer.port"])
			}
			want := got["network.peer.address"]
			if behind {
				want = "203.0.113.9"
			}
			if got["client.address"] != want {
				t.Errorf("%s, behind a proxy %v: the client is %q, want %q", carrier.Name, behind, got["client.address"], want)
			}
		}
	}
}
