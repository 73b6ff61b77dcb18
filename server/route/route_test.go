// Routing without a server: parameters, groups, mounted handlers, and what a request costs.

package route

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
)

// noting is a handler that notes what it was called for.
func noting(notes *[]string, name string) server.Handler {
	return server.HandlerFunc(func(_ *server.Response, r *server.Request) error {
		*notes = append(*notes, name+" "+r.RawPath)
		return nil
	})
}

// around is middleware that notes that it was called.
func around(notes *[]string, name string) Middleware {
	return func(h server.Handler) server.Handler {
		return server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			*notes = append(*notes, name+" before "+r.RawPath)
			defer func() { *notes = append(*notes, name+" behind "+r.RawPath) }()
			return h.Serve(w, r)
		})
	}
}

func TestGroupsAndMounts(t *testing.T) {
	var notes []string
	var inner, outer Mux
	inner.Handle("/x/{y}", noting(&notes, "inner"))
	g := outer.Group("/g/", around(&notes, "first")).Group("/{site}", around(&notes, "second"))
	g.Mount("/in", &inner)
	g.HandleFunc("GET /f/{y...}", func(_ *server.Response, _ *server.Request, p Params) error {
		notes = append(notes, fmt.Sprintf("%q %q %q %s", p.Get("site"), p.Get("y"), p.Get("z"), p.Pattern()))
		return nil
	})
	outer.Group("/g").Handle("/{site}/plain", noting(&notes, "plain"))
	for _, test := range []struct {
		target string
		want   []string
	}{
		{"/g/a%20b/in/x/1", []string{"first before /g/a%20b/in/x/1", "second before /g/a%20b/in/x/1", "inner /x/1", "second behind /g/a%20b/in/x/1", "first behind /g/a%20b/in/x/1"}},
		{"/g/a/f/", []string{"first before /g/a/f/", "second before /g/a/f/", `"a" "" "" GET /g/{site}/f/{y...}`, "second behind /g/a/f/", "first behind /g/a/f/"}},
		{"/g/a/f/1/%32", []string{"first before /g/a/f/1/%32", "second before /g/a/f/1/%32", `"a" "1/2" "" GET /g/{site}/f/{y...}`, "second behind /g/a/f/1/%32", "first behind /g/a/f/1/%32"}},
		{"/g/a/plain", []string{"plain /g/a/plain"}},
	} {
		notes = nil
		r := &server.Request{Method: "GET", RawPath: test.target, Target: test.target}
		if err := outer.Serve(nil, r); err != nil || !slices.Equal(notes, test.want) {
			t.Errorf("%s: %v, got\n%q\nwant\n%q", test.target, err, notes, test.want)
		}
		if r.RawPath != test.target {
			t.Errorf("the path %s has become %s", test.target, r.RawPath)
		}
	}
}

func TestWhatCannotWorkIsSaidAtOnce(t *testing.T) {
	h := server.HandlerFunc(func(*server.Response, *server.Request) error { return nil })
	for _, test := range []struct {
		says     string
		register func(m *Mux)
	}{
		{"is nil", func(m *Mux) { m.Handle("/", nil) }},
		{"is nil", func(m *Mux) { m.Handle("/", server.HandlerFunc(nil)) }},
		{"is nil", func(m *Mux) { m.HandleFunc("/", nil) }},
		{"is nil", func(m *Mux) { m.Mount("/", nil) }},
		{"is nil", func(m *Mux) {
			m.Group("", func(server.Handler) server.Handler { return nil }).Handle("/", h)
		}},
		{"does not begin with a slash", func(m *Mux) { m.Group("a") }},
		{"not a prefix", func(m *Mux) { m.Mount("GET /a", h) }},
		{"comes too late", func(m *Mux) { m.Serve(nil, &server.Request{RawPath: "/"}); m.Handle("/", h) }},
		{`"/g/{a}" and "/g/{b}" take the same requests`, func(m *Mux) { m.Handle("/g/{b}", h); m.Group("/g").Handle("/{a}", h) }},
		{`"GET /" and "/a" conflict: both take "GET /a"`, func(m *Mux) { m.Handle("/a", h); m.Handle("GET /", h) }},
		{`both take "h/a/b/"`, func(m *Mux) { m.Handle("h/a/{x}/", h); m.Handle("h/{y}/b/", h) }},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.says) {
					t.Errorf("got %s, want it to say %s", got, test.says)
				}
			}()
			test.register(&Mux{})
		}()
	}
}

func TestMatch(t *testing.T) {
	m := many()
	for target, want := range map[string]string{"/repos/a/b": "GET /repos/{owner}/{repo}", "/repos": "", "/repos/a/../b": "", "/nothing/here": ""} {
		if got := m.Match(&server.Request{Method: "GET", RawPath: target}); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	var none Params
	if none.Get("a")+none.Pattern() != "" {
		t.Error("the zero Params have something")
	}
}

// many is a Mux of the size that a service has.
func many() *Mux {
	m := &Mux{}
	for _, p := range []string{
		"GET /repos/{owner}/{repo}", "GET /repos/{owner}/{repo}/issues/{number}", "POST /repos/{owner}/{repo}/issues", "GET /repos/{owner}/{repo}/contents/{path...}",
		"GET /users/{user}", "GET /users/{user}/repos", "/static/", "/{$}", "GET /search/code", "api.example/", "DELETE /users/{user}",
	} {
		m.HandleFunc(p, func(_ *server.Response, _ *server.Request, p Params) error {
			if p.Get("number") == "-" {
				return fmt.Errorf("no number: %q", p.Get("number"))
			}
			return nil
		})
	}
	return m
}

func TestARequestAllocatesNothing(t *testing.T) {
	m := many()
	for _, target := range []string{"/repos/a/b/issues/7", "/static/a/b/c.css", "/", "/repos/a/b/contents/x/y/z"} {
		r := &server.Request{Method: "GET", RawPath: target, Target: target, Host: "www.example:8080"}
		if n := testing.AllocsPerRun(100, func() { m.Serve(nil, r) }); n != 0 {
			t.Errorf("%s: %v allocations", target, n)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	m := many()
	for name, target := range map[string]string{"static": "/search/code", "wildcards": "/repos/a/b/issues/7", "rest": "/repos/a/b/contents/x/y/z"} {
		b.Run(name, func(b *testing.B) {
			r := &server.Request{Method: "GET", RawPath: target, Target: target, Host: "www.example:8080"}
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Serve(nil, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzFind looks for paths that lead to a panic, to a redirect that leads to another, or to another host.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{"/", "//a", "/repos/%2F/../x", "*", "", "/static", "/a\\b", "/%", "/static//."} {
		f.Add("GET", "api.example", seed)
	}
	m := many()
	f.Fuzz(func(t *testing.T, method, host, path string) {
		r := &server.Request{Method: method, Host: host, RawPath: path, Target: path}
		m.Match(r)
		_, to := m.find(r)
		if to == "" {
			return
		}
		if !isClean(to) || strings.HasPrefix(encode(to), "//") || strings.ContainsAny(encode(to), "\\\r\n ") {
			t.Errorf("%q is redirected to %q", path, to)
		}
		r.RawPath = to
		if _, again := m.find(r); again != "" {
			t.Errorf("%q is redirected to %q, and that to %q", path, to, again)
		}
	})
}
