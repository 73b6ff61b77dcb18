// What the semantic conventions want to know of a request and of what became of it.

package spillwayotel

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
)

// request is what is known of a request before it is served.
type request struct {
	name       string // of its span
	method     httpconv.RequestMethodAttr
	scheme     string
	measured   []attribute.KeyValue // of its metrics, which have the method and the scheme too
	attributes []attribute.KeyValue // of its span
}

// look returns what is known of a request. No client decides how many values a metric's attribute has.
func (h *handler) look(r *server.Request) request {
	x := request{method: methodOf(r.Method), scheme: "http"}
	if https.State(r) != nil {
		x.scheme = "https"
	}
	_, version, _ := strings.Cut(r.Proto, "/")
	x.measured = []attribute.KeyValue{semconv.NetworkProtocolVersion(version)}
	x.name = string(x.method)
	if x.method == httpconv.RequestMethodOther {
		x.name = "HTTP"
		x.attributes = append(x.attributes, semconv.HTTPRequestMethodOriginal(r.Method))
	}
	if h.Route != nil {
		// A pattern may have a method and a host in front of its path.
		if pattern := h.Route(r); strings.Contains(pattern, "/") {
			route := pattern[strings.IndexByte(pattern, '/'):]
			x.name += " " + route
			x.measured = append(x.measured, semconv.HTTPRoute(route))
		}
	}
	x.attributes = append(x.attributes, x.measured...)
	x.attributes = append(x.attributes, attribute.String("http.request.method", string(x.method)), semconv.URLScheme(x.scheme), semconv.URLPath(r.RawPath))
	if r.RawQuery != "" {
		x.attributes = append(x.attributes, semconv.URLQuery(r.RawQuery))
	}
	if agent, has := r.Fields.Lookup("User-Agent"); has {
		x.attributes = append(x.attributes, semconv.UserAgentOriginal(agent))
	}
	x.attributes = append(x.attributes, authority(r.Host)...)
	x.attributes = append(x.attributes, h.peer(r)...)
	return x
}

// methodOf returns a method that RFC 9110 or RFC 5789 knows, or what the conventions call all others.
func methodOf(method string) httpconv.RequestMethodAttr {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		return httpconv.RequestMethodAttr(method)
	}
	return httpconv.RequestMethodOther
}

// authority returns whom the client asks.
func authority(host string) (a []attribute.KeyValue) {
	if host == "" {
		return nil
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], host[i+1:]
	}
	a = append(a, semconv.ServerAddress(strings.Trim(name, "[]")))
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		a = append(a, semconv.ServerPort(int(n)))
	}
	return a
}

// peer returns who is at the other end, and for whom.
func (h *handler) peer(r *server.Request) (a []attribute.KeyValue) {
	client, remote := "", r.RemoteAddr()
	if remote != nil {
		if peer, err := netip.ParseAddrPort(remote.String()); err == nil {
			client = peer.Addr().String()
			a = append(a, semconv.NetworkPeerAddress(client), semconv.NetworkPeerPort(int(peer.Port())))
		}
	}
	if h.Client != nil {
		client = h.Client(r)
	}
	if client != "" {
		a = append(a, semconv.ClientAddress(client))
	}
	return a
}

// end ends the span, and measures.
func (x *exchange) end(w *server.Response, r *server.Request, err error, returned bool) {
	if x.outer != nil {
		contexts.Store(r.Context(), x.outer)
	} else {
		contexts.Delete(r.Context())
	}
	ended := time.Now()
	x.instruments.active.Add(x.context, -1, x.method, x.scheme)
	status, own := statusOf(w, r, err, returned)
	told := x.measured
	if status > 0 {
		told = append(told, semconv.HTTPResponseStatusCode(status))
	}
	failure := failureOf(status, own, err, returned)
	if failure != "" {
		told = append(told, attribute.String("error.type", failure))
		x.span.SetStatus(codes.Error, "")
		if err != nil {
			x.span.RecordError(err, trace.WithTimestamp(ended))
		}
	}
	received := r.Body.Received()
	x.instruments.duration.Record(x.context, ended.Sub(x.begun).Seconds(), x.method, x.scheme, told...)
	x.instruments.received.Record(x.context, received, x.method, x.scheme, told...)
	x.span.SetAttributes(told[len(x.measured):]...)
	x.span.SetAttributes(semconv.HTTPRequestBodySize(int(received)))
	if own { // else the content is that of an error, which nobody knows yet
		x.instruments.sent.Record(x.context, w.Written(), x.method, x.scheme, told...)
		x.span.SetAttributes(semconv.HTTPResponseBodySize(int(w.Written())))
	}
	x.span.End(trace.WithTimestamp(ended))
}

// statusOf returns the status of the response, 0 where there is none that the server knows of, and whether it is the handler's own.
// The server makes the response of an error only when the handler has returned it, and cannot where the head has been sent.
func statusOf(w *server.Response, r *server.Request, err error, returned bool) (status int, own bool) {
	// To set the status that is set already changes nothing, and fails once the head has been sent.
	status = w.Status()
	switch sent := w.SetStatus(status); {
	case errors.Is(sent, server.ErrHijacked) && status == 200 && r.Method != "CONNECT":
		return 0, true // the handler may have sent anything
	case sent != nil || returned && err == nil:
		return status, true
	case !returned:
		return 500, false
	}
	return server.StatusOf(err), false
}

// failureOf returns what error.type says, or "". What a client does wrong is no failure of the server's.
func failureOf(status int, own bool, err error, returned bool) string {
	switch {
	case status >= 500:
		return strconv.Itoa(status)
	case !returned:
		return "panic" // behind the head
	case errors.Is(err, server.ErrAbort):
		return "aborted"
	case err != nil && own:
		return semconv.ErrorType(err).Value.AsString()
	}
	return ""
}
