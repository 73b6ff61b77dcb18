// The canonical form of field names, without an allocation where that can be.

package nethttp

import (
	"net/http"
	"net/textproto"
)

// canonical returns the form of a field name that http.Header has for its keys. name is a token.
func canonical(name string) string {
	atStart := true
	for i := range len(name) {
		c := name[i]
		if atStart && 'a' <= c && c <= 'z' || !atStart && 'A' <= c && c <= 'Z' {
			return recase(name)
		}
		atStart = c == '-'
	}
	return name
}

// recase returns the canonical form of a name that does not have it.
func recase(name string) string {
	var lower [longestCommon]byte
	if len(name) > len(lower) {
		return textproto.CanonicalMIMEHeaderKey(name)
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	if known, ok := commonNames[string(lower[:len(name)])]; ok {
		return known
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

const longestCommon = 32

// commonNames maps the lower-case form of names that are often sent to their canonical form.
var commonNames = func() map[string]string {
	names := make(map[string]string)
	for _, name := range []string{
		"accept", "accept-charset", "accept-encoding", "accept-language", "access-control-request-headers",
		"access-control-request-method", "authorization", "baggage", "cache-control", "cdn-loop", "cf-connecting-ip",
		"cf-ipcountry", "cf-ray", "cf-visitor", "connection", "content-disposition", "content-encoding", "content-language",
		"content-length", "content-type", "cookie", "date", "dnt", "etag", "expect", "forwarded", "from", "grpc-timeout",
		"host", "http2-settings", "idempotency-key", "if-match", "if-modified-since", "if-none-match", "if-range",
		"if-unmodified-since", "keep-alive", "last-event-id", "link", "max-forwards", "origin", "pragma", "priority",
		"proxy-authorization", "proxy-connection", "purpose", "range", "referer", "save-data", "sec-ch-ua",
		"sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user",
		"sec-gpc", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-protocol", "sec-websocket-version", "te",
		"traceparent", "tracestate", "trailer", "transfer-encoding", "true-client-ip", "upgrade",
		"upgrade-insecure-requests", "user-agent", "via", "warning", "x-amzn-trace-id", "x-api-key", "x-b3-traceid",
		"x-b3-spanid", "x-b3-sampled", "x-correlation-id", "x-csrf-token", "x-envoy-expected-rq-timeout-ms",
		"x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto",
		"x-forwarded-server", "x-http-method-override", "x-real-ip", "x-request-id", "x-request-start",
		"x-requested-with", "x-scheme", "x-upload-id",
	} {
		names[name] = http.CanonicalHeaderKey(name)
	}
	return names
}()
