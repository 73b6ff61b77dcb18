// Patterns: what they are made of, and how they are written.

package route

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/spillway-go/spillway/parser"
)

// kind is what a segment of a pattern takes.
type kind uint8

const (
	literal kind = iota // one segment, this one
	single              // {name}: one segment, whatever it is
	slash               // {$}: the slash before it, at the path's end
	rest                // {name...}, or a slash at the end: all that is left
)

// segment is one part of a pattern's path, behind a slash.
type segment struct {
	kind kind
	text string // a literal, decoded; a wildcard's name, which a slash at the end has not
}

// pattern is a pattern taken apart.
type pattern struct {
	text         string // as it was written, with its group's prefix
	method, host string // "": all
	segments     []segment
}

// parsePattern takes a pattern apart. Errors say what is wrong with it.
func parsePattern(text string) (*pattern, error) {
	p := &pattern{text: text}
	target := text
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		p.method, target = text[:i], strings.TrimLeft(text[i:], " \t")
		if p.method != "" && !parser.IsToken(p.method) {
			return nil, fmt.Errorf("route: %.80q: %.40q is not a method", text, p.method)
		}
	}
	i := strings.IndexByte(target, '/')
	if i < 0 {
		return nil, fmt.Errorf("route: %.80q has no path, which begins with a slash", text)
	}
	host, path := target[:i], target[i:]
	if strings.ContainsAny(host, "{}") {
		return nil, fmt.Errorf("route: %.80q has a wildcard in its host, or no slash before its path", text)
	}
	if !isClean(path) {
		return nil, fmt.Errorf("route: %.80q is not clean: no request can match it", text)
	}
	p.host = lower(host)
	var err error
	if p.segments, err = parseSegments(path[1:]); err != nil {
		return nil, fmt.Errorf("route: %.80q: %w", text, err)
	}
	return p, nil
}

// parseSegments takes a path apart whose first slash has been taken away.
func parseSegments(path string) (segments []segment, err error) {
	for {
		part, more, found := strings.Cut(path, "/")
		s, err := parseSegment(part, !found)
		if err != nil {
			return nil, err
		}
		for _, other := range segments {
			if s.text == other.text && s.named() && other.named() {
				return nil, fmt.Errorf("two wildcards are named %.40q", s.text)
			}
		}
		segments = append(segments, s)
		if !found {
			return segments, nil
		}
		path = more
	}
}

// parseSegment reads one segment, which may be the last.
func parseSegment(part string, last bool) (segment, error) {
	if part == "" {
		return segment{kind: rest}, nil
	}
	if strings.IndexByte(part, '{') < 0 {
		decoded, err := url.PathUnescape(part)
		if err != nil {
			decoded = part
		}
		return segment{literal, decoded}, nil
	}
	if part[0] != '{' || part[len(part)-1] != '}' {
		return segment{}, fmt.Errorf("%.40q has a wildcard that is not the whole of it", part)
	}
	name, toEnd := strings.CutSuffix(part[1:len(part)-1], "...")
	switch {
	case (toEnd || name == "$") && !last:
		return segment{}, fmt.Errorf("%.40q is not at the end", part)
	case name == "$" && !toEnd:
		return segment{kind: slash}, nil
	case !isIdentifier(name):
		return segment{}, fmt.Errorf("%.40q is not a wildcard's name, as it is no identifier", name)
	case toEnd:
		return segment{rest, name}, nil
	}
	return segment{single, name}, nil
}

// isIdentifier reports whether a name is one as Go has them.
func isIdentifier(name string) bool {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return name != ""
}

// named reports whether the segment has a value that can be asked for.
func (s segment) named() bool { return s.text != "" && (s.kind == single || s.kind == rest) }

// lower returns a host in lower case, as hosts are compared.
func lower(host string) string {
	for i := range len(host) {
		if 'A' <= host[i] && host[i] <= 'Z' {
			return strings.ToLower(host)
		}
	}
	return host
}
