// The canonical form of field names, without an allocation where that can be.

package nethttp

import (
	"net/http"
	"net/textproto"

	"github.com/spillway-go/spillway/parser"
)

// canonical returns the form of a field name that http.Header has for its keys. name is a token.
func canonical(name string) string {
	key, _ := canonicalAt(name)
	return key
}

// canonicalAt is canonical, and returns a number that is the same for the same name, and mostly another for others.
func canonicalAt(name string) (key string, place uint8) {
	place = placeOf(name)
	for at := place; knownNames[at].canonical != ""; at++ {
		known := &knownNames[at]
		if name == known.canonical || name == known.lower || parser.EqualFold(name, known.lower) {
			return known.canonical, place
		}
	}
	return textproto.CanonicalMIMEHeaderKey(name), place
}

// placeOf returns where a name stands among those known, whatever its case, or where the search for it begins.
func placeOf(name string) uint8 {
	n := len(name)
	if n == 0 {
		return 0
	}
	first, middle, last := name[0]|0x20, name[n/2]|0x20, name[n-1]|0x20
	return uint8(n)*7 + first*5 + middle*29 + last
}

// knownNames are those that are often sent, in both forms that most clients send them in. A name stands at its place, or if that is
// taken at the next one that is free, behind the last of which the first follows.
var knownNames = func() (names [256]struct{ canonical, lower string }) {
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
		at := placeOf(name)
		for names[at].canonical != "" {
			at++
		}
		names[at].canonical, names[at].lower = http.CanonicalHeaderKey(name), name
	}
	return names
}()
