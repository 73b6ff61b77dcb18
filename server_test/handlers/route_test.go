// Routes: the same patterns in a route.Mux and in an http.ServeMux, and the same requests.

package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/route"
)

// patterns are registered in both.
var patterns = []string{
	"/{$}", "/a", "/a/", "/a/b", "/a/{x}", "/a/{x}/c", "/by/b/{y...}", "/only/{$}", "/tree/", "GET /get", "GET /get/{id}",
	"POST /get/{id}", "PUT /get/{id}/{part...}", "HEAD /head", "GET /head", "DELETE /head", "/head/any", "GET /sub/", "POST /sub/",
	"host.example/", "host.example/a/{x}", "GET host.example/get", "OTHER.example/x", "/files/{path...}", "/x%20y/{z}", "/é/{z}", "/q/{first}/fixed/{third}",
	"/w/{x}/{y}/{z}/end", "/w/a/{y}/{z}", "OPTIONS /opts", "GET /opts", "/deep/a/b/c/d/e", "/one/{one}/", "PATCH /patch/{$}", "/a/{x}/{$}",
	"DELETE /get/{id}", "GET /long/{a}/{b}/{c}/{d}/{e...}", "host.example:80/port",
}

// wildcards are the names in patterns.
var wildcards = []string{"x", "y", "z", "id", "part", "path", "first", "third", "one", "a", "b", "c", "d", "e"}

func muxes() (*route.Mux, *http.ServeMux) {
	var ours route.Mux
	theirs := http.NewServeMux()
	for _, p := range patterns {
		ours.HandleFunc(p, func(w *server.Response, r *server.Request, params route.Params) error {
			var values []string
			for _, name := range wildcards {
				values = append(values, params.Get(name))
			}
			_, err := fmt.Fprintf(w, "%s %q", p, values)
			w.Set("X-Route", fmt.Sprintf("%s %q", p, values))
			return err
		})
		theirs.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) {
			var values []string
			for _, name := range wildcards {
				values = append(values, r.PathValue(name))
			}
			w.Header().Set("X-Route", fmt.Sprintf("%s %q", p, values))
			fmt.Fprintf(w, "%s %q", p, values)
		})
	}
	return &ours, theirs
}

// targets are asked for with all of methods, but for those that show a difference, which differ with GET.
var targets = []row{
	{request: "/"}, {request: "/a"}, {request: "/a/"}, {request: "/a/b"}, {request: "/a/b/"}, {request: "/a/b/c"}, {request: "/a/b/c/d"},
	{request: "/a/x"}, {request: "/a/x/"}, {request: "/a/x/c"}, {request: "/a/x/d"}, {request: "/a/x/c/"}, {request: "/a/%62"}, {request: "/%61/b"},
	{request: "/only"}, {request: "/only/"}, {request: "/only/x"}, {request: "/tree"}, {request: "/tree?q=1&r=%20"}, {request: "/tree/"}, {request: "/tree/leaf"}, {request: "/tree/leaf/"},
	{request: "/files"}, {request: "/files/"}, {request: "/files/a"}, {request: "/files/a/b/"}, {request: "/files/a%2Fb"}, {request: "/files/%41%20%7e"},
	{request: "/x%20y/1"}, {request: "/%C3%A9/1"}, {request: "/q/1/fixed/w"}, {request: "/q/1/fixed"}, {request: "/q/1/other/w"}, {request: "/by/b"}, {request: "/by/b/c/d"},
	{request: "/w/a/2/3/end"}, {request: "/w/b/2/3/end"}, {request: "/w/a/2/3"}, {request: "/w/b/2/3"}, {request: "/deep/a/b/c/d/e"}, {request: "/deep/a/b/c/d"},
	{request: "//"}, {request: "//a"}, {request: "/a//b"}, {request: "/./a"}, {request: "/a/../tree"}, {request: "/a/.."}, {request: "/../../tree/"}, {request: "/tree/."}, {request: "/tree/./"},
	{request: "/tree//x?y"}, {request: "/unknown"}, {request: "/unknown/"}, {request: "/unknown/x"}, {request: "/.hidden"}, {request: "/..."}, {request: "/a/..b"}, {request: "/%2e%2e/a"},
	{request: "http://host.example/a/1"}, {request: "http://host.example:99/get"}, {request: "/a;b=c"}, {request: "/a:b@c"}, {request: "/host"},
	{request: "/long/1/2/3/4/5/6"}, {request: "/long/1/2/3/4/"}, {request: "/long/1/2/3/4"}, {request: "/a/x?%zz"}, {request: "/a/+"}, {request: "/a/x%3Fy"}, {request: "/patch"},
}

func TestRoutes(t *testing.T) {
	ours, theirs := muxes()
	p := start(t, ours, theirs, "X-Route", "Location")
	var rows []row
	for _, target := range targets {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			rows = append(rows, row{request: method + " " + target.request})
		}
		rows = append(rows, row{request: "GET " + target.request, fields: []string{"Host: host.example"}})
	}
	p.run(rows)
	p.run([]row{
		{request: "GET /get"}, {request: "HEAD /get"}, {request: "GET /get/1"}, {request: "POST /get/1"}, {request: "HEAD /get/1"}, {request: "PUT /get/1/"}, {request: "PUT /get/1"},
		{request: "PUT /get/1/2/3"}, {request: "DELETE /get/1"}, {request: "HEAD /head"}, {request: "GET /head"}, {request: "DELETE /head"}, {request: "BREW /head/any"},
		{request: "OPTIONS /opts"}, {request: "OPTIONS /a"}, {request: "GET /sub"}, {request: "POST /sub"}, {request: "POST /sub/"}, {request: "PATCH /patch"}, {request: "PATCH /patch/"},
		{request: "GET /get", fields: []string{"Host: host.example"}}, {request: "POST /get", fields: []string{"Host: host.example"}},
		{request: "GET /x", fields: []string{"Host: OTHER.example"}},
		{request: "GET /x", fields: []string{"Host: other.example"}, differs: "case of hosts"},
		{request: "GET /zz", fields: []string{"Host: HOST.example"}, differs: "case of hosts"},
		{request: "GET /zz/z", fields: []string{"Host: host.example:8080"}}, {request: "GET /zz/z", fields: []string{"Host: host.example:"}}, {request: "GET /zz/z", fields: []string{"Host: [::1]:80"}},
		{request: "GET /port", fields: []string{"Host: host.example:80"}}, {request: "GET /a", fields: []string{"Host:"}},
		{request: "CONNECT a.example:80"}, {request: "GET /a/%zz"}, {request: "GET /a/%4"}, {request: "GET /a/%"}, {request: "GET /a/%2F", differs: "encoded slash"}, {request: "GET /files/%2f"},
		{request: "GET http://host.example", differs: "empty path"}, {request: "GET http://host.example?q", differs: "empty path"}, {request: "GET /a%20b//c", differs: "encoded redirect"}, {request: "GET /one/a%2Fb", differs: "encoded slash"}, {request: "GET /one/%2F/x", differs: "encoded slash"},
	})
	p.compare = append(p.compare, "Allow")
	p.run([]row{
		{request: "POST /get", differs: "Allow"}, {request: "PUT /head", differs: "Allow"}, {request: "OPTIONS /get/1", differs: "Allow"}, {request: "PUT /opts"}, {request: "GET /patch/", differs: "Allow"},
		{request: "POST /patch", differs: "Allow"}, {request: "DELETE /sub/x", differs: "Allow"}, {request: "OPTIONS *", differs: "OPTIONS *"},
		{request: "CONNECT a.example:81"},
	})
	p.compare = []string{"Location", "Content-Type"}
	p.run([]row{{request: "GET /tree", differs: "page of redirects"}, {request: "HEAD /tree", differs: "page of redirects"}, {request: "POST /tree"}, {request: "GET /none/at/all"}, {request: "PUT /head"}})
	p.enough(300)
	registration(t, p.shown)
	mounted(t, p.shown)
	documented(t, "route", p.shown)
}

// registration compares which patterns are taken, alone and beside others.
func registration(t *testing.T, shown map[string]bool) {
	singles := []string{
		"", "/", "a", "a/", "/a", "GET", "GET /", "GET  /", "GET\t/", " /", "G T /", "G@T /", "get /a", "/{", "/}", "/{}", "/{...}", "/{$}", "/{$}/", "/{$}a", "/a{x}", "/{x}a",
		"/{x}/{x}", "/{x}/{x...}", "/{x...}", "/{x...}/", "/{x...}/a", "/{1}", "/{a1}", "/{_}", "/{é}", "/{a-b}", "/{a b}", "{x}/", "h{x}/a", "GET //", "GET /a//b", "GET /a/../b", "GET /a/.",
		"/a/{x", "/a/x}", "/{$...}", "/%zz", "/%41", "h:80/", "GET h/a/{x}/b/{y...}", "/{x....}", "GET h", "/a b", "/ü",
	}
	for _, p := range singles {
		compareRegistration(t, []string{p})
	}
	shapes := []string{
		"/", "/{$}", "/a", "/a/", "/a/{$}", "/a/{x}", "/a/{x...}", "/{x}", "/{x}/", "/{x...}", "/{x}/b", "/a/b", "/{x}/{y}", "/{x}/{$}", "/a/{x}/c", "/a/b/{y}", "/{x}/b/{y...}",
		"GET /", "GET /a", "HEAD /a", "POST /a/{x}", "GET /a/{x}", "HEAD /a/b", "GET /{x}/b", "h/", "h/a", "GET h/a/{x}", "h/{x}/b", "GET /a/{y...}", "/%61", "/A",
	}
	n := 0
	for _, p := range shapes {
		for _, q := range shapes {
			compareRegistration(t, []string{p, q})
			n++
		}
	}
	t.Logf("%d patterns and %d pairs compared", len(singles), n)
	for _, p := range []string{"//", "/a/../b", "//x"} {
		ours, theirs := tryRegister([]string{p})
		if ours == nil || theirs != nil {
			t.Errorf("%q: got %v, net/http %v", p, ours, theirs)
		}
	}
	shown["unclean patterns"] = true
}

func compareRegistration(t *testing.T, patterns []string) {
	t.Helper()
	ours, theirs := tryRegister(patterns)
	if (ours == nil) != (theirs == nil) {
		t.Errorf("%q: got %v, net/http %v", patterns, ours, theirs)
	}
	if ours != nil && len(patterns) == 2 {
		for _, p := range patterns {
			if !strings.Contains(ours.Error(), fmt.Sprintf("%q", p)) {
				t.Errorf("%q: the error does not name %q: %v", patterns, p, ours)
			}
		}
	}
}

func tryRegister(patterns []string) (ours, theirs error) {
	var mux route.Mux
	stock := http.NewServeMux()
	for _, p := range patterns {
		if err := mux.Register(p, server.HandlerFunc(func(*server.Response, *server.Request) error { return nil })); err != nil {
			ours = err
		}
		func() {
			defer func() {
				if v := recover(); v != nil {
					theirs = fmt.Errorf("%v", v)
				}
			}()
			stock.HandleFunc(p, func(http.ResponseWriter, *http.Request) {})
		}()
	}
	return ours, theirs
}

// mounted compares what is below a prefix, and what is registered late.
func mounted(t *testing.T, shown map[string]bool) {
	inner, innerStock := muxes()
	var outer route.Mux
	outer.Mount("/pre/fix", inner)
	stock := http.NewServeMux()
	stock.Handle("/pre/fix/", http.StripPrefix("/pre/fix", innerStock))
	p := start(t, &outer, stock, "X-Route", "Location")
	p.run([]row{
		{request: "GET /pre/fix"}, {request: "GET /pre/fix/"}, {request: "GET /pre/fix/a/x"}, {request: "GET /pre/fix/get/7"}, {request: "GET /pre/fix//a"},
		{request: "GET /pre/fix/files/a%2Fb"}, {request: "GET /pre"}, {request: "GET /pre/fix/tree", differs: "absolute redirect"}, {request: "GET /pre/fix/tree?q", differs: "absolute redirect"},
		{request: "GET http://x.example/pre/fix/tree", differs: "absolute redirect"},
	})
	for name := range p.shown {
		shown[name] = true
	}
	ours := outer.Register("/late", inner)
	func() {
		defer func() {
			if v := recover(); v != nil || ours == nil {
				t.Errorf("late patterns: got %v, net/http %v", ours, v)
			}
		}()
		stock.Handle("/late", innerStock)
	}()
	shown["late patterns"] = true
}
