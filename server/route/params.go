// What a pattern's wildcards have taken of a path.

package route

import (
	"strings"

	"github.com/spillway-go/spillway/server"
)

// Params are what the wildcards of a route's pattern have taken of a request's path. They are a value, may be kept, and are
// the same in every goroutine. The zero Params are none.
type Params struct {
	pattern *pattern
	path    string
}

// Get returns what the wildcard with this name has taken, decoded, or "" where the pattern has none of that name.
func (p Params) Get(name string) string {
	if p.pattern == nil {
		return ""
	}
	for i, s := range p.pattern.segments {
		if s.text == name && s.named() {
			from := behind(p.path, i)
			if part, _, more := strings.Cut(from, "/"); more && s.kind == single {
				from = part
			}
			return decoded(from)
		}
	}
	return ""
}

// Pattern returns the route's pattern, with the prefix of its group, as it was registered.
func (p Params) Pattern() string {
	if p.pattern == nil {
		return ""
	}
	return p.pattern.text
}

// behind returns what stands in a path behind its slash number i, counted from 0.
func behind(path string, i int) string {
	for ; i >= 0; i-- {
		_, path, _ = strings.Cut(path, "/")
	}
	return path
}

// Func is a handler that is given what its pattern's wildcards have taken.
type Func func(w *server.Response, r *server.Request, p Params) error

// of makes a handler of f. The parameters are read from the request's path when the handler is called: middleware around
// it has nothing to carry.
func (f Func) of(p *pattern) server.Handler {
	return server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		return f(w, r, Params{p, r.RawPath})
	})
}
