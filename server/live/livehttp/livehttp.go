// Package livehttp makes the live page a handler of net/http, for programs that serve with that or with package nethttp:
//
//	mux.Handle("/debug/live/", livehttp.Handler(page))
package livehttp

import (
	"net"
	"net/http"

	"github.com/spillway-go/spillway/server/live"
)

// Handler returns a handler that serves the page at a path that ends in a slash, and what it loads below that.
func Handler(p *live.Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var to string
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			to = local.String()
		}
		a := p.Answer(live.Ask{
			Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host,
			Origin: r.Header.Get("Origin"), FetchSite: r.Header.Get("Sec-Fetch-Site"),
			RemoteAddr: r.RemoteAddr, LocalAddr: to, Context: r.Context(),
		})
		for _, f := range a.Fields {
			w.Header().Set(f[0], f[1])
		}
		w.WriteHeader(a.Status)
		if a.Stream == nil {
			w.Write(a.Body)
			return
		}
		flush := http.NewResponseController(w).Flush
		a.Stream(r.Context(), func(b []byte) error {
			if _, err := w.Write(b); err != nil {
				return err
			}
			return flush()
		})
	})
}
