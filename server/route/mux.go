// Registration: routes, groups of them, and handlers below a prefix.

package route

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/spillway-go/spillway/server"
)

// Middleware makes a handler that does something before or behind another, or instead of it.
type Middleware = func(server.Handler) server.Handler

// Mux is a handler that passes each request on to the most specific route that takes it. The zero Mux has no routes. All routes
// are registered before the first request is served; then it may be used by any number of goroutines. It must not be copied.
type Mux struct {
	hosts   map[string]*host // "": any
	routes  []*route
	serving atomic.Bool
}

// Handle registers a handler for the requests that a pattern takes. It panics where Register returns an error.
func (m *Mux) Handle(pattern string, h server.Handler) { m.Group("").Handle(pattern, h) }

// HandleFunc is Handle for a function that is given what the pattern's wildcards have taken.
func (m *Mux) HandleFunc(pattern string, f Func) { m.Group("").HandleFunc(pattern, f) }

// Mount registers a handler for all that lies below a prefix, which is taken from the path that the handler sees: behind
// Mount("/static", h), h is given a request for /static/a/b with the RawPath /a/b. The prefix may name a host and have
// wildcards. A Mux that is mounted redirects to paths with the prefix.
func (m *Mux) Mount(prefix string, h server.Handler) { m.Group("").Mount(prefix, h) }

// Register is Handle with an error for a pattern that is malformed, or conflicts with one that is there, for a handler that
// is nil, and for a Mux that has served requests already.
func (m *Mux) Register(pattern string, h server.Handler) error {
	if isNil(h) {
		return fmt.Errorf("route: the handler for %.80q is nil", pattern)
	}
	p, err := parsePattern(pattern)
	if err != nil {
		return err
	}
	return m.add(p, h)
}

// isNil reports whether there is no handler.
func isNil(h server.Handler) bool {
	f, ok := h.(server.HandlerFunc)
	return h == nil || ok && f == nil
}

func (m *Mux) add(p *pattern, h server.Handler) error {
	if m.serving.Load() {
		return fmt.Errorf("route: %.80q comes too late: requests are being served", p.text)
	}
	for _, other := range m.routes {
		if err := p.conflict(other.pattern); err != nil {
			return err
		}
	}
	r := &route{p, h}
	m.routes = append(m.routes, r)
	if m.hosts == nil {
		m.hosts = map[string]*host{}
	}
	of := m.hosts[p.host]
	if of == nil {
		of = &host{methods: map[string]*node{}}
		m.hosts[p.host] = of
	}
	of.of(p.method).add(r)
	return nil
}

// Group registers routes that have a prefix and middleware in common. It belongs to its Mux: their patterns have precedence
// over others, and conflict with them, as if they had been registered there.
type Group struct {
	mux    *Mux
	prefix string
	around []Middleware
}

// Group returns a group of routes below a prefix, "" or a path that may have wildcards, whose handlers have the
// middleware around them, the first outermost. It panics if the prefix is neither.
func (m *Mux) Group(prefix string, around ...Middleware) *Group {
	return (&Group{mux: m}).Group(prefix, around...)
}

// Group returns a group within g: its prefix comes behind that of g, and its middleware inside.
func (g *Group) Group(prefix string, around ...Middleware) *Group {
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix != "" && prefix[0] != '/' {
		panic(fmt.Errorf("route: the prefix %.80q does not begin with a slash", prefix))
	}
	return &Group{g.mux, g.prefix + prefix, append(g.around[:len(g.around):len(g.around)], around...)}
}

// Handle registers a handler for the requests that a pattern takes, whose path comes behind the group's prefix. It panics
// where Register returns an error.
func (g *Group) Handle(pattern string, h server.Handler) {
	if isNil(h) {
		panic(fmt.Errorf("route: the handler for %.80q is nil", pattern))
	}
	g.register(pattern, plain(h))
}

// HandleFunc is Handle for a function that is given what the wildcards of the prefix and the pattern have taken.
func (g *Group) HandleFunc(pattern string, f Func) {
	if f == nil {
		panic(fmt.Errorf("route: the function for %.80q is nil", pattern))
	}
	g.register(pattern, f.of)
}

// Mount registers a handler for all that lies below a prefix, as Mux.Mount does. The group's prefix is taken away, too.
func (g *Group) Mount(prefix string, h server.Handler) {
	if isNil(h) {
		panic(fmt.Errorf("route: the handler below %.80q is nil", prefix))
	}
	if strings.ContainsAny(prefix, " \t") {
		panic(fmt.Errorf("route: %.80q is not a prefix", prefix))
	}
	g.register(strings.TrimSuffix(prefix, "/")+"/", func(p *pattern) server.Handler {
		return below{h, len(p.segments) - 1}
	})
}

// plain is for a handler that is given no parameters.
func plain(h server.Handler) func(*pattern) server.Handler {
	return func(*pattern) server.Handler { return h }
}

// register puts the group's prefix and middleware around a pattern and its handler.
func (g *Group) register(text string, of func(*pattern) server.Handler) {
	if g.prefix != "" {
		if i := strings.IndexByte(text, '/'); i >= 0 {
			text = text[:i] + g.prefix + text[i:]
		}
	}
	p, err := parsePattern(text)
	if err != nil {
		panic(err)
	}
	h := of(p)
	for i := len(g.around) - 1; i >= 0; i-- {
		if h = g.around[i](h); isNil(h) {
			panic(errors.New("route: middleware has made a handler that is nil"))
		}
	}
	if err := g.mux.add(p, h); err != nil {
		panic(err)
	}
}

// below is a handler below a prefix of some segments.
type below struct {
	handler server.Handler
	depth   int
}

// Serve takes the prefix away for the handler alone: who is outside of it sees the whole path again.
func (b below) Serve(w *server.Response, r *server.Request) error {
	whole := r.RawPath
	defer func() { r.RawPath = whole }()
	r.RawPath = whole[len(whole)-len(behind(whole, b.depth))-1:]
	return b.handler.Serve(w, r)
}
