// Whatever the parser takes, a handler sees as net/http shows it.

package nethttp_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// view is what a handler sees of a request's head.
type view struct {
	Method, URL, Path, RawPath, RawQuery, Proto, Host, URI string
	ForceQuery, Close                                      bool
	Header                                                 http.Header
	Trailer                                                []string
	Length                                                 int64
	Coding                                                 []string
}

func viewOf(r *http.Request) *view {
	v := &view{
		Method: r.Method, URL: r.URL.String(), Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery,
		Proto: r.Proto, Host: r.Host, URI: r.RequestURI, ForceQuery: r.URL.ForceQuery, Close: r.Close,
		Header: r.Header.Clone(), Length: r.ContentLength, Coding: r.TransferEncoding,
	}
	for name := range r.Trailer {
		v.Trailer = append(v.Trailer, name)
	}
	if len(v.Trailer) > 1 {
		v.Trailer = nil // in no order
	}
	return v
}

// What reaches a handler is what http.ReadRequest makes of the same bytes.
func FuzzRequest(f *testing.F) {
	for _, x := range exchanges() {
		if len(x.request) < 1000 {
			f.Add(x.request)
		}
	}
	f.Fuzz(func(t *testing.T, request string) {
		got := serveOnce(request)
		if got == nil {
			return // refused
		}
		request = strings.TrimPrefix(request, "\r\n") // which we allow, and net/http does not
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
		if err != nil {
			t.Fatalf("%q is served, and not read by net/http: %v", request, err)
		}
		want := viewOf(r)
		if got.Proto == "HTTP/1.0" {
			want.Close = got.Close // keep-alive, close: net/http persists
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: net/http (-), spillway (+):\n%s", request, diff)
		}
	})
}

// serveOnce serves the bytes and returns what the handler saw first, or nil.
func serveOnce(request string) (seen *view) {
	client, nc := servertest.Pipe()
	defer client.Close()
	h := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen == nil {
			seen = viewOf(r)
		}
		w.Header().Set("Connection", "close")
	}))
	go io.Copy(io.Discard, client)
	io.WriteString(client, request)
	client.CloseWrite()
	conn.New(nc, conn.Share(conn.Config{Handler: h}), 1).Serve()
	return seen
}
