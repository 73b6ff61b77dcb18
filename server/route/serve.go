// Serving: the route of a request, and what is answered where there is none.

package route

import (
	"maps"
	"slices"
	"strings"

	"github.com/spillway-go/spillway/server"
)

var _ server.Handler = (*Mux)(nil)

// Serve passes the request on to its route's handler. Where there is no route, it answers as the package's comment says.
func (m *Mux) Serve(w *server.Response, r *server.Request) error {
	if !m.serving.Load() {
		m.serving.Store(true)
	}
	if r.RawPath == "*" {
		return m.options(w, m.allMethods())
	}
	if !isEncoded(r.RawPath) {
		return &server.StatusError{Status: 400, Reason: "the path's percent-encoding is broken (RFC 3986 §2.1)"}
	}
	found, to := m.find(r)
	switch {
	case to != "":
		return redirect(w, r, to)
	case found != nil:
		return found.handler.Serve(w, r)
	}
	return m.refuse(w, r)
}

// Match returns the pattern of the route that takes a request, or "" if there is none. It is for logs and metrics, and for
// middleware around the Mux.
func (m *Mux) Match(r *server.Request) (pattern string) {
	if found, to := m.find(r); found != nil && to == "" {
		return found.text
	}
	return ""
}

// find returns the route that takes a request, or the path that it is redirected to. A CONNECT names no path (RFC 9110
// §9.3.6), and no route takes it.
func (m *Mux) find(r *server.Request) (found *route, to string) {
	if r.Method == "CONNECT" || r.RawPath == "" {
		return nil, ""
	}
	p := r.RawPath
	if !isClean(p) {
		p = clean(p)
	}
	name := m.hostOf(r)
	found = m.lookUp(name, r.Method, p, false)
	if !strings.HasSuffix(p, "/") && !found.exact(p, false) && m.lookUp(name, r.Method, p, true).exact(p, true) {
		return nil, p + "/"
	}
	if len(p) != len(r.RawPath) || p != r.RawPath {
		return nil, p
	}
	return found, ""
}

// hostOf returns the request's host as routes name it, or "" where none names a host.
func (m *Mux) hostOf(r *server.Request) string {
	if _, any := m.hosts[""]; len(m.hosts) == 1 && any {
		return ""
	}
	return withoutPort(r.Host)
}

// lookUp finds a route of this host, or else of any.
func (m *Mux) lookUp(name, method, path string, slashed bool) *route {
	if name != "" {
		if found := m.hosts[name].find(method, path, slashed); found != nil {
			return found
		}
	}
	return m.hosts[""].find(method, path, slashed)
}

// redirect answers with the place of the same resource, below the prefix that was taken away, with the same query.
func redirect(w *server.Response, r *server.Request, to string) error {
	to = encode(prefix(r) + to)
	if strings.HasPrefix(to, "//") { // another host's
		to = "/" + strings.TrimLeft(to, "/")
	}
	if r.RawQuery != "" {
		to += "?" + encode(r.RawQuery)
	}
	if err := w.Set("Location", to); err != nil {
		return err
	}
	return w.SetStatus(307)
}

// prefix returns what Mount has taken from the request's path: the target has it still.
func prefix(r *server.Request) string {
	target, _, _ := strings.Cut(r.Target, "?")
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return ""
		}
		target = rest[i:]
	}
	taken, ok := strings.CutSuffix(target, r.RawPath)
	if !ok {
		return "" // somebody has made another path
	}
	return taken
}

// refuse answers a request that no route takes.
func (m *Mux) refuse(w *server.Response, r *server.Request) error {
	methods := map[string]bool{}
	p := clean(r.RawPath)
	for _, of := range []*host{m.hosts[m.hostOf(r)], m.hosts[""]} {
		if of == nil {
			continue
		}
		for method, n := range of.methods {
			if n.find(p, false) != nil || n.find(p, !strings.HasSuffix(p, "/")) != nil {
				methods[method] = true
			}
		}
	}
	if len(methods) == 0 {
		return &server.StatusError{Status: 404, Reason: "404 page not found"}
	}
	if r.Method == "OPTIONS" {
		return m.options(w, methods)
	}
	return &server.StatusError{Status: 405, Reason: "Method Not Allowed", Fields: []server.Field{{Name: "Allow", Value: allow(methods)}}}
}

// options answers an OPTIONS with the methods that there are.
func (m *Mux) options(w *server.Response, methods map[string]bool) error {
	if err := w.Set("Allow", allow(methods)); err != nil {
		return err
	}
	return w.SetStatus(204)
}

// allow returns the value of Allow for methods that have routes.
func allow(methods map[string]bool) string {
	methods["OPTIONS"] = true
	if methods["GET"] {
		methods["HEAD"] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
}

// allMethods returns the methods that routes name.
func (m *Mux) allMethods() map[string]bool {
	methods := map[string]bool{}
	for _, r := range m.routes {
		if r.method != "" {
			methods[r.method] = true
		}
	}
	return methods
}
