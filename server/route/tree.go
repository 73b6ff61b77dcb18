// The tree of routes, in which a request's path is looked up segment by segment.

package route

import (
	"net/url"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// route is a pattern with its handler.
type route struct {
	*pattern
	handler server.Handler
}

// exact reports whether the route takes a path to its end with all its segments, which one that ends in a wildcard for the
// rest does where there is no rest. A path may be slashed, as find has it.
func (r *route) exact(path string, slashed bool) bool {
	if r == nil {
		return false
	}
	if last := r.segments[len(r.segments)-1]; last.kind != rest {
		return true
	}
	n := strings.Count(path, "/")
	if slashed {
		n++
	}
	return (slashed || strings.HasSuffix(path, "/")) && n == len(r.segments)
}

// host holds the routes of one host.
type host struct {
	any     *node
	methods map[string]*node
}

// of returns where the routes with a method begin.
func (h *host) of(method string) *node {
	if method == "" {
		if h.any == nil {
			h.any = &node{}
		}
		return h.any
	}
	if h.methods[method] == nil {
		h.methods[method] = &node{}
	}
	return h.methods[method]
}

// node is a place in a path: what lies behind a segment.
type node struct {
	literals map[string]*node // by the next segment, decoded
	single   *node            // for any next segment
	end      *route           // the path ends here
	slash    *route           // it ends with a slash here
	rest     *route           // it goes on, whatever comes
}

// add puts a route below n. Conflicts have been looked for.
func (n *node) add(r *route) {
	for _, s := range r.segments {
		switch s.kind {
		case slash:
			n.slash = r
			return
		case rest:
			n.rest = r
			return
		case single:
			if n.single == nil {
				n.single = &node{}
			}
			n = n.single
		case literal:
			if n.literals == nil {
				n.literals = map[string]*node{}
			}
			if n.literals[s.text] == nil {
				n.literals[s.text] = &node{}
			}
			n = n.literals[s.text]
		}
	}
	n.end = r
}

// find returns the most specific route below n that takes a path, or nil. The next segment itself comes before a wildcard for
// it, and that before one for the rest; where one leads nowhere, the next is tried. A path that is slashed is looked up as if
// it had a slash at its end, which it has not.
func (n *node) find(path string, slashed bool) *route {
	switch {
	case n == nil:
		return nil
	case path == "" && !slashed:
		return n.end
	case path == "" || path == "/":
		if n.slash != nil {
			return n.slash
		}
		return n.rest
	}
	end := strings.IndexByte(path[1:], '/') + 1
	if end == 0 {
		end = len(path)
	}
	if n.literals != nil {
		if r := n.literals[decoded(path[1:end])].find(path[end:], slashed); r != nil {
			return r
		}
	}
	if r := n.single.find(path[end:], slashed); r != nil {
		return r
	}
	return n.rest
}

// find returns the route of a host that takes a method and a path. A route with the method comes first.
func (h *host) find(method, path string, slashed bool) *route {
	if h == nil {
		return nil
	}
	if r := h.methods[method].find(path, slashed); r != nil {
		return r
	}
	if method == "HEAD" {
		if r := h.methods["GET"].find(path, slashed); r != nil {
			return r
		}
	}
	return h.any.find(path, slashed)
}

// decoded returns a part of a path without its percent-encoding, which has been checked.
func decoded(part string) string {
	if strings.IndexByte(part, '%') < 0 {
		return part
	}
	s, err := url.PathUnescape(part)
	if err != nil {
		return part
	}
	return s
}
