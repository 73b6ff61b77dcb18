// Paths as they are received: encoded, and maybe not clean.

package route

import (
	"path"
	"strings"
)

// isClean reports whether a path begins with a slash and has no empty, single-dot or double-dot segment; an empty one may
// be its last.
func isClean(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	for i := 0; i < len(p)-1; i++ {
		if p[i] != '/' || p[i+1] != '/' && p[i+1] != '.' {
			continue
		}
		segment, _, _ := strings.Cut(p[i+1:], "/")
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// clean returns the clean path that a path means. A slash at its end stays.
func clean(p string) string {
	cleaned := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && cleaned != "/" {
		cleaned += "/"
	}
	return cleaned
}

// isEncoded reports whether every percent sign has two hexadecimal digits behind it (RFC 3986 §2.1).
func isEncoded(p string) bool {
	for i := strings.IndexByte(p, '%'); i >= 0; {
		if len(p) < i+3 || !isHex(p[i+1]) || !isHex(p[i+2]) {
			return false
		}
		next := strings.IndexByte(p[i+3:], '%')
		if next < 0 {
			break
		}
		i += 3 + next
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// encode encodes what may not stand in a path or a query (RFC 3986 §3.3), and leaves what is encoded. Browsers take a backslash
// for a slash, so none may get into a Location.
func encode(p string) string {
	var b strings.Builder
	for i := range len(p) {
		c := p[i]
		if c > ' ' && c < 0x7f && strings.IndexByte("\"#<>[\\]^`{|}", c) < 0 {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

// withoutPort returns a request's host in lower case and without its port.
func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
		if strings.HasPrefix(host, "[") {
			host = strings.TrimSuffix(host[1:], "]")
		}
	}
	return lower(host)
}
