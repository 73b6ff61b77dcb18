// Health checks say that the server is about to go.

package nethttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/spillway-go/spillway/server/nethttp"
)

func TestHealth(t *testing.T) {
	for name, end := range map[string]func(*nethttp.Server){
		"Drain":    (*nethttp.Server).Drain,
		"Shutdown": func(s *nethttp.Server) { s.Shutdown(context.Background()) },
		"Close":    func(s *nethttp.Server) { s.Close() },
	} {
		srv := nethttp.New(&http.Server{})
		ask := func(status int, content string) {
			t.Helper()
			w := httptest.NewRecorder()
			srv.Health().ServeHTTP(w, httptest.NewRequest("GET", "/health", nil))
			if w.Code != status || w.Body.String() != content {
				t.Errorf("%s: got %d %q, want %d %q", name, w.Code, w.Body, status, content)
			}
		}
		ask(200, "ok\n")
		end(srv)
		ask(503, "draining\n")
		if !srv.Draining() {
			t.Errorf("%s: it does not drain", name)
		}
	}
}
