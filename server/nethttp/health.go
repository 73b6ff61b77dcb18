// What balancers ask before they send clients here.

package nethttp

import (
	"io"
	"net/http"
)

// Drain lets the Health of the server answer 503 from now on, while everything is served as before: balancers that ask it send
// their clients elsewhere. Shutdown comes when they have had the time to notice.
func (s *Server) Drain() { s.draining.Store(true) }

// Draining reports whether Drain, Shutdown or Close was called.
func (s *Server) Draining() bool { return s.draining.Load() || s.shutdown.Load() }

// Health returns a handler for the health checks of balancers: it answers 200, or 503 once the server is Draining.
func (s *Server) Health() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		text := "ok\n"
		if s.Draining() {
			w.WriteHeader(http.StatusServiceUnavailable)
			text = "draining\n"
		}
		io.WriteString(w, text)
	})
}
