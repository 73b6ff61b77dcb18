// What a line says, by the names of OpenTelemetry's semantic conventions for HTTP where they have one, else below spillway.

package accesslog

import (
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
)

// attrs returns what is known of an exchange. What is not known is left out.
func attrs(e server.Event) []slog.Attr {
	a := make([]slog.Attr, 0, 32)
	a = appendRequest(a, e)
	a = appendPeers(a, e)
	if e.Status > 0 {
		a = append(a, slog.Int("http.response.status_code", e.Status))
	}
	a = append(a, slog.Int64("http.request.body.size", e.ContentReceived), slog.Int64("http.response.body.size", e.ContentSent))
	if e.Received > 0 { // else the request came in a protocol of which only the content is known
		a = append(a, slog.Int64("http.request.size", e.Received), slog.Int64("http.response.size", e.Sent))
	}
	a = append(a, slog.Float64("duration", Duration(e).Seconds()))
	if t := errorType(e); t != "" {
		a = append(a, slog.String("error.type", t))
	}
	if e.Err != nil {
		a = append(a, slog.String("error.message", e.Err.Error()))
	}
	return appendOurs(a, e)
}

// Duration returns how long an exchange took, from the request's first byte until its response was handed to the system, or until
// it was over.
func Duration(e server.Event) time.Duration {
	if !e.Times.Sent.IsZero() {
		return e.Times.Sent.Sub(e.Times.FirstByte)
	}
	return e.Times.Settled.Sub(e.Times.FirstByte)
}

func appendRequest(a []slog.Attr, e server.Event) []slog.Attr {
	if e.Method == "" {
		return a
	}
	a = append(a, slog.String("http.request.method", e.Method))
	if strings.HasPrefix(e.Target, "/") {
		path, query, has := strings.Cut(e.Target, "?")
		if a = append(a, slog.String("url.path", path)); has {
			a = append(a, slog.String("url.query", query))
		}
	} else {
		a = append(a, slog.String("url.full", e.Target))
	}
	name, version, _ := strings.Cut(e.Proto, "/")
	if version != "1.0" { // HTTP/2 has no minor versions (RFC 9113 §3), whatever Go calls it
		version = strings.TrimSuffix(version, ".0")
	}
	a = append(a, slog.String("network.protocol.name", strings.ToLower(name)), slog.String("network.protocol.version", version))
	if agent, has := e.Fields.Lookup("User-Agent"); has {
		a = append(a, slog.String("user_agent.original", agent))
	}
	return a
}

func appendPeers(a []slog.Attr, e server.Event) []slog.Attr {
	scheme := "http"
	if e.TLS != 0 {
		scheme = "https"
		a = append(a, slog.String("tls.protocol.version", e.TLS.String()))
	}
	a = append(a, slog.String("url.scheme", scheme))
	if host, port, err := net.SplitHostPort(e.Host); err == nil {
		a = append(a, slog.String("server.address", host))
		if n, err := strconv.Atoi(port); err == nil {
			a = append(a, slog.Int("server.port", n))
		}
	} else if e.Host != "" {
		a = append(a, slog.String("server.address", e.Host))
	}
	if e.Remote == nil {
		return a
	}
	if peer, err := netip.ParseAddrPort(e.Remote.String()); err == nil {
		return append(a, slog.String("client.address", peer.Addr().String()), slog.Int("client.port", int(peer.Port())))
	}
	return append(a, slog.String("client.address", e.Remote.String()))
}

// errorType returns the kind of what went wrong on the server's side or on the way, or "".
func errorType(e server.Event) string {
	switch {
	case e.Status >= 500:
		return strconv.Itoa(e.Status)
	case e.Refusal != nil, wentWell(e), e.Status >= 400 && e.Reason == server.ReasonNone:
		return ""
	}
	return e.Reason.String()
}

func appendOurs(a []slog.Attr, e server.Event) []slog.Attr {
	a = append(a, slog.Int64("spillway.conn", e.Conn), slog.Int("spillway.exchange", e.Exchange))
	if !e.Times.HandlerBegun.IsZero() {
		a = append(a, slog.String("spillway.leftover", e.Leftover.String()))
	}
	if e.Thrown > 0 {
		a = append(a, slog.Int64("spillway.thrown", e.Thrown))
	}
	a = append(a, slog.String("spillway.verdict", e.Verdict.String()))
	if e.Reason != server.ReasonNone {
		a = append(a, slog.String("spillway.reason", e.Reason.String()))
	}
	if e.Refusal != nil {
		a = append(a, slog.String("spillway.refusal", e.Refusal.Reason), slog.String("spillway.refusal.section", e.Refusal.Section))
	}
	if e.RequestLine != "" {
		a = append(a, slog.String("spillway.request_line", e.RequestLine))
	}
	return a
}
