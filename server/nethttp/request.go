// The http.Request is made from the native one. Its strings are cut from the same head.

package nethttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/spillway-go/spillway/conn"
)

var (
	blank         http.Request
	errBadTarget  = &conn.StatusError{Status: 400, Reason: "the request-target is not a valid URI (RFC 3986 §2.1, §3)"}
	errBadTrailer = &conn.StatusError{Status: 400, Reason: "a trailer that would change the framing (RFC 9110 §6.5.1)"}
)

// makeRequest fills in the request, or returns the error that the client gets.
func (x *exchange) makeRequest(r *conn.Request) error {
	c := x.conn
	x.old = r.Proto == "HTTP/1.0"
	x.request = *blank.WithContext(x.context()) // nothing else can set the context
	q := &x.request
	q.Method, q.RequestURI, q.Host = r.Method, r.Target, r.Host
	q.Proto, q.ProtoMajor, q.ProtoMinor = r.Proto, int(r.Proto[len("HTTP/")]-'0'), int(r.Proto[len(r.Proto)-1]-'0')
	q.RemoteAddr, q.TLS = c.remote, c.tls
	q.ContentLength = r.ContentLength
	q.Close = !x.native.Persists()
	q.URL = &x.url
	if !parsePlainPath(&x.url, r.Target) {
		if err := x.parseTarget(r); err != nil {
			return err
		}
	}
	x.makeHeader(r.Fields.Len())
	if err := x.makeBody(); err != nil || q.ProtoMajor == 1 {
		return err
	}
	q.ContentLength = -1 // behind a preface anything may come, but not as content
	return nil
}

// plain holds the characters that stand for themselves in a path, and are not encoded when it is printed.
var plain = func() (t [256]bool) {
	for _, c := range []byte("/-_.~$&+,:;=@0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()

// parsePlainPath parses an origin-form with nothing encoded in its path, and reports false for any other target.
func parsePlainPath(u *url.URL, target string) bool {
	if target[0] != '/' {
		return false
	}
	for i := range len(target) {
		if c := target[i]; !plain[c] {
			if c != '?' {
				return false
			}
			u.Path, u.RawQuery = target[:i], target[i+1:]
			u.ForceQuery = u.RawQuery == ""
			return true
		}
	}
	u.Path = target
	return true
}

// parseTarget parses any target. CONNECT's is an authority and nothing else (RFC 9112 §3.2.3).
func (x *exchange) parseTarget(r *conn.Request) error {
	target, tunnel := r.Target, r.Method == "CONNECT"
	if tunnel {
		target = "http://" + target
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return errBadTarget
	}
	if x.url = *u; tunnel {
		x.url.Scheme = ""
	}
	if u.Host != "" {
		x.request.Host = u.Host
	}
	return nil
}

var pragma = bitOf(placeOf("Pragma"))

// bitOf returns the bit of a name's place in makeHeader's set of those seen. Others may have it too.
func bitOf(place uint8) uint64 { return 1 << (place % 64) }

// makeHeader fills in the n fields, under their canonical names and without Host and Transfer-Encoding.
func (x *exchange) makeHeader(n int) {
	most := max(n-1, 0) // Host is not among them, if there is one
	values := x.values[:0]
	if most > cap(values) {
		values = make([]string, 0, most)
	}
	h := make(http.Header, most)
	seen := uint64(0) // the bits of the names that are in h
	for i := range n {
		name, value := x.native.Field(i)
		key, place := canonicalAt(name)
		if key == "Host" || key == "Transfer-Encoding" {
			continue
		}
		bit := bitOf(place)
		if seen&bit != 0 {
			if before, ok := h[key]; ok {
				h[key] = append(before, value)
				continue
			}
		}
		seen |= bit
		at := len(values)
		values = append(values, value)
		h[key] = values[at : at+1 : at+1]
	}
	if seen&pragma != 0 {
		if p := h["Pragma"]; len(p) > 0 && p[0] == "no-cache" && h["Cache-Control"] == nil {
			h["Cache-Control"] = []string{"no-cache"} // RFC 9111 §5.4
		}
	}
	x.request.Header = h
}

// makeBody fills in what has to do with the content.
func (x *exchange) makeBody() (err error) {
	q := &x.request
	if q.ContentLength == 0 {
		q.Body = http.NoBody
		return nil
	}
	x.content = &content{reader: x.native.Content(), request: q, context: x.context()}
	q.Body = x.content
	if q.ContentLength > 0 {
		return nil
	}
	x.content.coding[0] = "chunked"
	q.TransferEncoding = x.content.coding[:]
	if declared := q.Header["Trailer"]; declared != nil {
		delete(q.Header, "Trailer")
		q.Trailer, err = declaredTrailers(declared)
	}
	return err
}

// declaredTrailers returns the names in Trailer fields, as keys without values.
func declaredTrailers(lines []string) (http.Header, error) {
	var trailers http.Header
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			switch name {
			case "Transfer-Encoding", "Content-Length", "Trailer":
				return nil, errBadTrailer
			case "":
				continue
			}
			if trailers == nil {
				trailers = make(http.Header)
			}
			trailers[name] = nil
		}
	}
	return trailers, nil
}
