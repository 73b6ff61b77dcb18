// The standard library's ServeMux.

package ecosystem

import (
	"fmt"
	"net/http"
	"testing"
)

// A ServeMux with patterns is what the rest is compared with.
func TestServeMux(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s by %s\n", r.PathValue("id"), r.Pattern)
		})
		return mux
	}, func(t *testing.T, s site) []answer {
		return []answer{get(t, s, "/items/7"), get(t, s, "/none")}
	})
	if got[0].Body != "7 by GET /items/{id}\n" || got[1].Status != 404 {
		t.Errorf("%+v", got)
	}
}
