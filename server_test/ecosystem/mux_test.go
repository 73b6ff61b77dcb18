// gorilla/mux: routes by host, method, query, field and pattern.

package ecosystem

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/gorilla/mux"
)

// Routes by host, method, query, field and pattern, with redirects, middlewares and the URLs made back from the routes.
func TestGorillaMux(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		r := mux.NewRouter().StrictSlash(true)
		r.Use(mux.CORSMethodMiddleware(r), func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				template, err := mux.CurrentRoute(r).GetPathTemplate()
				w.Header().Set("X-Route", fmt.Sprint(template, err))
				next.ServeHTTP(w, r)
			})
		})
		vars := func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(mux.Vars(r)) }
		api := r.PathPrefix("/api").Subrouter()
		api.HandleFunc("/items/{id:[0-9]+}", vars).Methods("GET", "OPTIONS").Name("item")
		api.HandleFunc("/items/{id:[0-9]+}", func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprintln(w, r.ContentLength, n, err)
		}).Methods("PUT").Headers("Content-Type", "application/json")
		api.HandleFunc("/search/", vars).Queries("q", "{q}")
		r.Host("{tenant}.example.test").Path("/").HandlerFunc(vars)
		r.HandleFunc("/link", func(w http.ResponseWriter, r *http.Request) {
			u, err := api.Get("item").URL("id", "7")
			fmt.Fprint(w, u, err)
		})
		r.PathPrefix("/static/").Handler(http.StripPrefix("/static/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.URL.Path)
		})))
		return r
	}, func(t *testing.T, s site) []answer {
		answers := callAll(t, s, []call{
			{Line: "GET /api/items/7"},
			{Line: "HEAD /api/items/7"},
			{Line: "OPTIONS /api/items/7"},
			{Line: "GET /api/items/seven"},
			{Line: "DELETE /api/items/7"},
			{Line: "PUT /api/items/7", Fields: "Content-Type: application/json", Body: "{}"},
			{Line: "PUT /api/items/7", Fields: "Content-Type: text/plain", Body: "{}"},
			{Line: "GET /api/search?q=a+b"},
			{Line: "GET /api/search/?q=a%20b"},
			{Line: "GET /api/../link"},
			{Line: "GET /link/"},
			{Line: "GET /static/a%20b/c"},
		})
		req := call{Line: "GET /"}.request(t, s)
		req.Host = "blue.example.test:81"
		return append(answers, fetch(t, s, req))
	})
	if want := "{\"tenant\":\"blue\"}\n"; got[12].Body != want {
		t.Errorf("%q, want %q", got[12].Body, want)
	}
	if want := "2 2 <nil>\n"; got[5].Body != want {
		t.Errorf("%q, want %q", got[5].Body, want)
	}
}
