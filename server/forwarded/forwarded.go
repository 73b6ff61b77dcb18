// Package forwarded finds the client's address in the fields by which proxies pass it on, Forwarded (RFC 7239) and
// X-Forwarded-For. Anybody can send these, so they are believed only as far as trusted proxies vouch for them: from the
// connection on, each trusted hop says who the hop before it was, and the first that is not trusted is the client.
//
// With a server of package server, and with net/http's or package nethttp's:
//
//	client := forwarded.For(r.RemoteAddr().String(), slices.Collect(r.Fields.Values("Forwarded")), trusted)
//	client := forwarded.XFor(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), trusted)
//
// Use the field that the proxies set, and let them take the other away: a client may have sent it. Where a balancer speaks the
// PROXY protocol, its word stands in RemoteAddr already.
package forwarded

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/spillway-go/spillway/parser"
)

// For returns the client's address by a request's Forwarded fields. Remote is the connection's, as RemoteAddr says it; on a Unix
// socket whose peers are trusted, any trusted address stands for it. The result is not valid where a trusted proxy says nothing
// that is an address: that the client is unknown, a name that hides it, or what breaks the grammar. Where all are trusted, it is
// the address of the one that is farthest away.
func For(remote string, values []string, trusted []netip.Prefix) netip.Addr {
	return walk(remote, values, trusted, hops)
}

// XFor is For by a request's X-Forwarded-For fields.
func XFor(remote string, values []string, trusted []netip.Prefix) netip.Addr {
	return walk(remote, values, trusted, xHops)
}

// walk goes from hop to hop, from the connection's peer on, until one is not trusted. Parse returns the hops of a field line, and
// those that are no addresses as not valid.
func walk(remote string, values []string, trusted []netip.Prefix, parse func(string) []netip.Addr) netip.Addr {
	at := node(remote)
	for _, value := range slices.Backward(values) {
		for _, next := range slices.Backward(parse(value)) {
			if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(at) }) {
				return at
			}
			at = next
		}
	}
	return at
}

// node returns the address that a node has (RFC 7239 §6), with or without a port; not valid where it has none. An IPv6 address
// without a port needs no brackets.
func node(s string) netip.Addr {
	host, port := s, ""
	rest, bracketed := strings.CutPrefix(s, "[")
	switch colon := strings.IndexByte(s, ':'); {
	case bracketed:
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return netip.Addr{}
		}
		host, port = rest[:end], rest[end+1:]
	case colon >= 0 && colon == strings.LastIndexByte(s, ':'):
		host, port = s[:colon], s[colon:]
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" || bracketed && !addr.Is6() || port != "" && !isPort(port) {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// isPort reports whether a colon and a port stand there: a number, or a name that hides it.
func isPort(s string) bool {
	name, ok := strings.CutPrefix(s, ":")
	digits := strings.Trim(name, "0123456789") == "" && len(name) > 0 && len(name) <= 5
	return ok && (digits || len(name) > 1 && name[0] == '_')
}

// xHops returns the hops of an X-Forwarded-For field line.
func xHops(value string) (hops []netip.Addr) {
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.Trim(word, " \t"); word != "" {
			hops = append(hops, node(word))
		}
	}
	return hops
}

// hops returns the hops of a Forwarded field line. One that breaks the grammar has a single hop, that is no address.
func hops(value string) (hops []netip.Addr) {
	for value = trim(value); value != ""; value = trim(value) {
		if value[0] == ',' { // an empty element of the list (RFC 9110 §5.6.1)
			value = value[1:]
			continue
		}
		hop, rest, ok := element(value)
		if !ok || rest != "" && rest[0] != ',' {
			return []netip.Addr{{}}
		}
		hops, value = append(hops, hop), rest
	}
	return hops
}

func trim(s string) string { return strings.TrimLeft(s, " \t") }

// element takes a forwarded-element (RFC 7239 §4) from the front of a value, and returns its "for" node's address.
func element(s string) (hop netip.Addr, rest string, ok bool) {
	named := false
	for {
		if s = trim(s); s == "" || s[0] == ',' {
			return hop, s, true
		}
		if s[0] == ';' { // no parameter, which is one too
			s = s[1:]
			continue
		}
		name, after, found := strings.Cut(s, "=")
		text, after, whole := parameter(after)
		if after = trim(after); !found || !whole || !parser.IsToken(name) || after != "" && after[0] != ';' && after[0] != ',' {
			return netip.Addr{}, "", false
		}
		if s = after; strings.EqualFold(name, "for") {
			if named { // RFC 7239 §4: not twice
				return netip.Addr{}, "", false
			}
			named, hop = true, node(text)
		}
	}
}

// parameter takes a parameter's value from the front: a token, which may be an address that should be quoted, or a quoted-string.
func parameter(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		text, rest = s, ""
		if end := strings.IndexAny(s, ";, \t"); end >= 0 {
			text, rest = s[:end], s[end:]
		}
		return text, rest, parser.IsToken(strings.NewReplacer("[", "", "]", "", ":", "").Replace(text))
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
