// The exchanges of which it is seen whether the adapter and net/http differ.

package nethttp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// exchanges generates the cases.
func exchanges() (all []exchange) {
	all = append(all, targetCases()...)
	all = append(all, fieldCases()...)
	all = append(all, framingCases()...)
	all = append(all, refusedCases()...)
	all = append(all, responseCases()...)
	return append(all, expectCases()...)
}

func slug(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || r == '/' {
			return '_'
		}
		return r
	}, s)
}

// kind returns the errors that a program can tell from others.
func kind(err error) string {
	var over *http.MaxBytesError
	switch {
	case err == nil, err == io.EOF, err == io.ErrUnexpectedEOF, err == http.ErrBodyReadAfterClose:
		return fmt.Sprint(err)
	case errors.As(err, &over):
		return fmt.Sprintf("over %d", over.Limit)
	}
	return "another error"
}

// describe answers with all that the request says.
func describe(n *notes, w http.ResponseWriter, r *http.Request) {
	before := fmt.Sprint(r.Trailer)
	content, err := io.ReadAll(r.Body)
	_, more := r.Body.Read(make([]byte, 1))
	r.Body.Close()
	_, closed := r.Body.Read(make([]byte, 1))
	srv, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	n.add("server %v, local %v, TLS %v", srv != nil && srv.Handler != nil, r.Context().Value(http.LocalAddrContextKey) != nil, r.TLS)
	n.add("content %q %v, then %v, closed %v; trailers before %v, after %v", content, kind(err), kind(more), kind(closed), before, r.Trailer)
	n.add("NoBody %v", r.Body == http.NoBody)
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "url": *r.URL, "proto": fmt.Sprint(r.Proto, r.ProtoMajor, r.ProtoMinor), "header": r.Header,
		"length": r.ContentLength, "coding": r.TransferEncoding, "close": r.Close, "host": r.Host, "uri": r.RequestURI,
		"escaped": r.URL.EscapedPath(), "form": r.FormValue("a"), "query": r.URL.Query(),
	})
}

func targetCases() (all []exchange) {
	targets := []string{
		"/", "/a/b?c=d", "/a?", "/a??", "/a?b?c", "//host/x", "/%2fx", "/a%20b", "/ä", "/a;b=c?d;e", "/a:b@c", "/\"x\"", "/a!b'(c)*",
		"/[x]|{y}^", "/x\\y", "/%", "/%zz", "/a?%zz", "http://example.com/x?y", "http://example.com", "http://u:p@example.com/",
		"HTTP://EXAMPLE.com:80/x", "http://[::1]:8080/x", "/?a=1&a=2", "/..//x/.", "/a#b", "*", "x", "ftp://host/x", "http:///x",
		"http://a b/", "/x%00", "/a~b_c-d.e", "http://example.com?a=b",
	}
	for _, target := range targets {
		for _, method := range []string{"GET", "OPTIONS", "POST"} {
			request := method + " " + target + " HTTP/1.1\r\nHost: example.test\r\n"
			if method == "POST" {
				request += "Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=1"
			} else {
				request += "\r\n"
			}
			all = append(all, exchange{name: "target/" + method + slug(target), method: method, request: request, handler: describe})
		}
	}
	for _, method := range []string{"get", "PATCH", "PUT", "DELETE", "TRACE", "PROPFIND", "M-SEARCH", "X!#$%&'*+-.^_`|~9"} {
		all = append(all, exchange{name: "method/" + method, method: method,
			request: method + " /x HTTP/1.1\r\nHost: example.test\r\n\r\n", handler: describe})
	}
	for _, target := range []string{"example.com:443", "[::1]:443", "/path", "example.com", "http://example.com/"} {
		all = append(all, exchange{name: "target/CONNECT" + slug(target), method: "CONNECT", tunnel: true,
			request: "CONNECT " + target + " HTTP/1.1\r\nHost: example.com:443\r\n\r\n", handler: describe})
	}
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/0.9", "HTTP/1.10", "http/1.1"} {
		all = append(all, exchange{name: "version/" + slug(version), method: "GET",
			request: "GET /x " + version + "\r\nHost: example.test\r\n\r\n", handler: describe})
	}
	return all
}

func fieldCases() (all []exchange) {
	for _, fields := range []string{
		"accept: a\r\nACCEPT: b\r\nAccept: c", "x_y: 1\r\nx-Y-z: 2\r\n1a-b: 3", "Cookie: a=1\r\ncookie: b=2", "X-Empty:", "X-Space: \t a  b \t",
		"User-Agent: x\r\nuser-agent: y", "Pragma: no-cache", "Pragma: no-cache\r\nCache-Control: max-age=0", "pragma: No-Cache",
		"Connection: close", "Connection: Close", "Connection: keep-alive", "Connection: keep-alive, close", "Connection: x\r\nConnection: close",
		"Connection: upgrade\r\nUpgrade: websocket", "X-Bytes: \x80\xff", "Trailer: X-A", "TE: trailers", "Host2: x", "Referer: http://x/",
		"Content-Type: text/plain", "Authorization: Basic YTpi", "Expect: 100-continue", "Expect: nonsense", "Expect: 100-Continue",
		"A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: 8\r\nI: 9\r\nJ: 10\r\nK: 11\r\nL: 12\r\nM: 13\r\nN: 14\r\nO: 15\r\nA: 16",
		"X-Long: " + strings.Repeat("v", 5000), strings.Repeat("N", 100) + ": v", "Keep-Alive: 300", "Proxy-Connection: keep-alive",
	} {
		for _, version := range []string{"1.1", "1.0"} {
			name := slug(fields)
			all = append(all, exchange{name: "fields/" + version + name[:min(len(name), 60)], method: "GET",
				request: "GET /x HTTP/" + version + "\r\nHost: example.test\r\n" + fields + "\r\n\r\n", handler: describe})
		}
	}
	return all
}

// framings are ways to send the content "hello".
var framings = []struct{ name, fields, content string }{
	{"length", "Content-Length: 5\r\n", "hello"},
	{"zeros", "Content-Length: 005\r\n", "hello"},
	{"nothing", "Content-Length: 0\r\n", ""},
	{"chunked", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"},
	{"Chunked", "Transfer-Encoding: Chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
	{"extension", "Transfer-Encoding: chunked\r\n", "5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n"},
	{"trailers", "Transfer-Encoding: chunked\r\nTrailer: X-A, x-b\r\n", "5\r\nhello\r\n0\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n\r\n"},
	{"undeclared trailers", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nx-c: 3\r\nX-C: 4\r\n\r\n"},
	{"forbidden trailers", "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n", "5\r\nhello\r\n0\r\nAuthorization: x\r\nX-A: 1\r\n\r\n"},
	{"framing trailers", "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", "5\r\nhello\r\n0\r\n\r\n"},
	{"large", "Content-Length: 100000\r\n", strings.Repeat("x", 100000)},
	{"spaced extension", "Transfer-Encoding: chunked\r\n", "5 ;a\r\nhello\r\n0\r\n\r\n"},
	{"malformed extension", "Transfer-Encoding: chunked\r\n", "5;=\r\nhello\r\n0\r\n\r\n"},
	{"control in extension", "Transfer-Encoding: chunked\r\n", "5;a\x01\r\nhello\r\n0\r\n\r\n"},
	{"chunk size", "Transfer-Encoding: chunked\r\n", "5x\r\nhello\r\n0\r\n\r\n"},
	{"long chunk size", "Transfer-Encoding: chunked\r\n", "11111111111111111\r\nhello\r\n0\r\n\r\n"},
	{"chunk end", "Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n0\r\n\r\n"},
	{"bare LF in chunks", "Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"},
	{"spaced trailer", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-T : v\r\n\r\n"},
}

// malformed are the framings that break the grammar.
var malformed = map[string]bool{
	"malformed extension": true, "control in extension": true, "chunk size": true, "long chunk size": true, "chunk end": true,
	"bare LF in chunks": true, "spaced trailer": true,
}

// readers read content in different ways.
var readers = []struct {
	name string
	read func(*notes, http.ResponseWriter, *http.Request)
}{
	{"describe", describe},
	{"ignore", func(n *notes, w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ignored") }},
	{"two bytes", func(n *notes, w http.ResponseWriter, r *http.Request) {
		p := make([]byte, 2)
		got, err := io.ReadFull(r.Body, p)
		n.add("%q %v", p[:got], kind(err))
		io.WriteString(w, "read")
	}},
	{"copy", func(n *notes, w http.ResponseWriter, r *http.Request) {
		var dst strings.Builder
		got, err := io.Copy(&dst, r.Body)
		more, then := io.Copy(io.Discard, r.Body)
		n.add("%d %q %v, then %d %v; trailers %v", got, dst.String(), kind(err), more, kind(then), r.Trailer)
		r.Body.Close()
		_, closed := io.Copy(&dst, r.Body)
		n.add("%v", kind(closed))
	}},
	{"close", func(n *notes, w http.ResponseWriter, r *http.Request) {
		n.add("%v", kind(r.Body.Close()))
		_, err := r.Body.Read(make([]byte, 1))
		n.add("%v", err)
	}},
	{"write, then read", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		content, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %v", len(content), err == nil)
	}},
	{"full duplex", func(n *notes, w http.ResponseWriter, r *http.Request) {
		n.add("%v", http.NewResponseController(w).EnableFullDuplex())
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		content, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %v", len(content), err == nil)
	}},
	{"limit", func(n *notes, w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 3))
		n.add("%v", kind(err))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}},
	{"limit, 400", func(n *notes, w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 3)
		_, err := io.ReadAll(r.Body)
		n.add("%v", kind(err))
		http.Error(w, "bad", http.StatusBadRequest)
	}},
	{"refuse", func(n *notes, w http.ResponseWriter, r *http.Request) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}},
	{"panic", func(n *notes, w http.ResponseWriter, r *http.Request) { panic("before the content") }},
}

func framingCases() (all []exchange) {
	for _, f := range framings {
		for _, h := range readers {
			all = append(all, exchange{name: "framing/" + f.name + "/" + h.name, method: "POST",
				request: "POST /x HTTP/1.1\r\nHost: example.test\r\n" + f.fields + "\r\n" + f.content, handler: h.read,
				malformed: malformed[f.name]})
		}
	}
	return all
}

// refusedCases are what one server or the other refuses.
func refusedCases() (all []exchange) {
	for name, request := range map[string]string{
		"both framings":         "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"coding in 1.0":         "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"unknown coding":        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
		"two codings":           "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"chunked twice":         "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
		"two coding fields":     "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"equal lengths":         "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"unequal lengths":       "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"length list":           "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello",
		"negative length":       "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
		"signed length":         "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
		"empty length":          "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
		"huge length":           "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"bare LF":               "GET /x HTTP/1.1\nHost: a\n\n",
		"bare LF in a field":    "GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
		"obs-fold":              "GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
		"space before colon":    "GET /x HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
		"no colon":              "GET /x HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
		"empty name":            "GET /x HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
		"bad name":              "GET /x HTTP/1.1\r\nHost: a\r\nX(: y\r\n\r\n",
		"control in value":      "GET /x HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n",
		"NUL in value":          "GET /x HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
		"DEL in target":         "GET /x\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
		"no Host":               "GET /x HTTP/1.1\r\n\r\n",
		"no Host in 1.0":        "GET /x HTTP/1.0\r\n\r\n",
		"two Hosts":             "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"empty Host":            "GET /x HTTP/1.1\r\nHost:\r\n\r\n",
		"bad port":              "GET /x HTTP/1.1\r\nHost: a:b\r\n\r\n",
		"open bracket":          "GET /x HTTP/1.1\r\nHost: [::1\r\n\r\n",
		"bad percent in Host":   "GET /x HTTP/1.1\r\nHost: %zz\r\n\r\n",
		"slash in Host":         "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n",
		"space in Host":         "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n",
		"leading empty line":    "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"two spaces":            "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"no version":            "GET /x\r\nHost: a\r\n\r\n",
		"no target":             "GET HTTP/1.1\r\nHost: a\r\n\r\n",
		"bad method":            "G(T /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"long method":           strings.Repeat("M", 65) + " /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"TLS":                   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"preface":               "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"CONNECT with content":  "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"CONNECT with a coding": "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"long head":             "GET /x HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 1100000) + "\r\n\r\n",
		"many fields":           "GET /x HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("a:\r\n", 16448) + "\r\n",
		"long target":           "GET /" + strings.Repeat("y", 1100000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		all = append(all, exchange{name: "refused/" + name, method: "GET", request: request, handler: describe})
	}
	return all
}

func responseCases() (all []exchange) {
	heads := []struct{ name, version, fields string }{
		{"1.1", "1.1", ""}, {"1.1 close", "1.1", "Connection: close\r\n"}, {"1.0", "1.0", ""},
		{"1.0 keep", "1.0", "Connection: keep-alive\r\n"},
	}
	for _, h := range responders {
		for _, head := range heads {
			for _, method := range []string{"GET", "HEAD"} {
				all = append(all, exchange{name: "response/" + h.name + "/" + head.name + "/" + method, method: method,
					request: method + " /x HTTP/" + head.version + "\r\nHost: example.test\r\n" + head.fields + "\r\n",
					handler: h.respond, tunnel: strings.HasPrefix(h.name, "hijack")})
			}
		}
	}
	return all
}

func expectCases() (all []exchange) {
	handlers := append(readers[:len(readers):len(readers)], []struct {
		name string
		read func(*notes, http.ResponseWriter, *http.Request)
	}{
		{"100 by hand", func(n *notes, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(100)
			content, err := io.ReadAll(r.Body)
			n.add("%q %v", content, err)
		}},
		{"103, then read", func(n *notes, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			content, err := io.ReadAll(r.Body)
			n.add("%q %v", content, err)
		}},
		{"417", func(n *notes, w http.ResponseWriter, r *http.Request) { w.WriteHeader(417) }},
	}...)
	for _, version := range []string{"1.1", "1.0"} {
		for _, waits := range []bool{true, false} {
			for _, h := range handlers {
				if waits && (version == "1.0" || strings.Contains(h.name, "write, then read") || strings.Contains(h.name, "duplex")) {
					continue // it would wait for ever
				}
				x := exchange{name: fmt.Sprintf("expect/%s/waits %v/%s", version, waits, h.name), method: "POST", handler: h.read,
					request: "POST /x HTTP/" + version + "\r\nHost: example.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", rest: "hello"}
				if !waits {
					x.request, x.rest = x.request+x.rest, ""
				}
				all = append(all, x)
			}
		}
	}
	return all
}
