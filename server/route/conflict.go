// Precedence: which of two patterns is the more specific, and whether they conflict.

package route

import (
	"fmt"
	"strings"
)

// relation is how what one pattern takes stands to what another does.
type relation struct {
	apart         bool // nothing is taken by both
	more, another bool // the first takes something that the second does not; the second something that the first does not
}

// conflict returns an error if there is a request that both patterns take, and no telling which of them should.
func (p *pattern) conflict(q *pattern) error {
	if p.host != q.host {
		return nil
	}
	methods, paths := p.compareMethods(q), p.comparePaths(q)
	more, another := methods.more || paths.more, methods.another || paths.another
	if methods.apart || paths.apart || more != another {
		return nil
	}
	if !more {
		return fmt.Errorf("route: the patterns %.80q and %.80q take the same requests", p.text, q.text)
	}
	return fmt.Errorf("route: the patterns %.80q and %.80q conflict: both take %.80q, and neither is more specific", p.text, q.text, p.common(q))
}

func (p *pattern) compareMethods(q *pattern) relation {
	more, another := p.takesMethod(q.method), q.takesMethod(p.method)
	return relation{apart: !more && !another, more: more && !another, another: another && !more}
}

// takesMethod reports whether the pattern takes a method, or "": all methods.
func (p *pattern) takesMethod(method string) bool {
	return p.method == "" || p.method == method || p.method == "GET" && method == "HEAD"
}

func (p *pattern) comparePaths(q *pattern) (r relation) {
	for i := 0; ; i++ {
		if i == len(p.segments) || i == len(q.segments) {
			r.apart = len(p.segments) != len(q.segments)
			return r
		}
		a, b := p.segments[i], q.segments[i]
		switch {
		case a.kind == rest || b.kind == rest: // which ends both: it takes whatever the other has left
			r.more = r.more || b.kind != rest
			r.another = r.another || a.kind != rest
			return r
		case a.kind == b.kind && (a.kind != literal || a.text == b.text):
		case a.kind == single && b.kind == literal:
			r.more = true
		case a.kind == literal && b.kind == single:
			r.another = true
		default:
			return relation{apart: true}
		}
	}
}

// common returns a request that both patterns take, which do not stand apart.
func (p *pattern) common(q *pattern) string {
	var b strings.Builder
	b.WriteString(p.method)
	if q.method != "" && p.takesMethod(q.method) {
		b.Reset()
		b.WriteString(q.method)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(p.host)
	for i := range max(len(p.segments), len(q.segments)) {
		s := segment{kind: rest}
		for _, of := range []*pattern{p, q} {
			if i < len(of.segments) && of.segments[i].kind < s.kind {
				s = of.segments[i]
			}
		}
		b.WriteByte('/')
		if s.kind == literal || s.kind == single {
			b.WriteString(s.text)
		}
	}
	return b.String()
}
