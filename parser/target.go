// The request-target and the Host field: where the request is addressed (RFC 9112 §3.2, RFC 3986 §3.2).

package parser

import (
	"net/netip"
	"strconv"
	"strings"
)

// Form is one of the four forms of a request-target (RFC 9112 §3.2).
type Form uint8

// The forms. Authority-form belongs to CONNECT and only to it, asterisk-form to OPTIONS.
const (
	OriginForm Form = iota
	AbsoluteForm
	AuthorityForm
	AsteriskForm
)

// resolve sets what follows from the request line and the field lines together.
func (h *Head) resolve() error {
	h.findKnown()
	if err := h.resolveHost(); err != nil {
		return err
	}
	if strings.IndexByte(h.Target, '#') >= 0 {
		return refuse(400, "RFC 9112 §3.2", "a fragment in the request-target")
	}
	switch {
	case h.Method == "CONNECT":
		h.Form, h.Host = AuthorityForm, h.Target
		host, port, ok := splitAuthority(h.Target)
		if !ok || host == "" || port == "" {
			return refuse(400, "RFC 9112 §3.2.3", "%s is not the host:port that CONNECT needs", quote(h.Target))
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return refuse(400, "RFC 9110 §9.3.6", "CONNECT to %s, whose port is beyond 65535", quote(h.Target))
		}
		return nil
	case h.Target[0] == '/':
		h.setPath(h.Target)
		return nil
	case h.Target == "*":
		h.Form, h.Path = AsteriskForm, "*"
		if h.Method != "OPTIONS" {
			return refuse(400, "RFC 9112 §3.2.4", "request-target * with the method %s", quote(h.Method))
		}
		return nil
	}
	return h.resolveAbsolute()
}

// resolveAbsolute takes apart an absolute-form, whose authority replaces the Host field (RFC 9112 §3.2.2).
func (h *Head) resolveAbsolute() error {
	h.Form = AbsoluteForm
	scheme, rest, ok := strings.Cut(h.Target, "://")
	if !ok || !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return refuse(400, "RFC 9112 §3.2", "request-target %s is neither a path nor an http URI", quote(h.Target))
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	h.Host = rest[:end]
	if host, _, ok := splitAuthority(h.Host); !ok || host == "" {
		return refuse(400, "RFC 9110 §4.2.4", "authority %s in the request-target", quote(h.Host))
	}
	h.setPath(rest[end:])
	if h.Path == "" {
		h.Path = "/"
		if h.Method == "OPTIONS" && end == len(rest) {
			h.Path = "*" // RFC 9112 §3.2.4: so the last proxy would have sent it
		}
	}
	return nil
}

func (h *Head) setPath(target string) {
	h.Path = target
	if i := strings.IndexByte(target, '?'); i >= 0 {
		h.Path, h.Query = target[:i], target[i+1:]
	}
}

// resolveHost checks the Host field: exactly one, and valid, in HTTP/1.1; HTTP/1.0 may lack it (RFC 9112 §3.2).
func (h *Head) resolveHost() error {
	switch h.known[hostField].lines {
	case 0:
		if h.Minor > 0 {
			return refuse(400, "RFC 9112 §3.2", "no Host in an HTTP/1.1 request")
		}
		return nil
	case 1:
		h.Host = h.value(hostField)
		if host, _, ok := splitAuthority(h.Host); !ok || host == "" && h.Host != "" {
			return refuse(400, "RFC 9112 §3.2", "invalid Host %s", quote(h.Host))
		}
		return nil
	}
	return refuse(400, "RFC 9112 §3.2", "%d Host fields", h.known[hostField].lines)
}

// splitAuthority takes apart uri-host [ ":" port ] by the grammar of RFC 3986 §3.2.2 and §3.2.3. The host may be empty,
// and so may the port.
func splitAuthority(a string) (host, port string, ok bool) {
	if strings.HasPrefix(a, "[") {
		end := strings.IndexByte(a, ']')
		if end < 0 || !validIPLiteral(a[1:end]) {
			return "", "", false
		}
		host, a = a[:end+1], a[end+1:]
	} else {
		end := 0
		for end < len(a) && a[end] != ':' {
			if class[a[end]]&isHost == 0 {
				if a[end] != '%' || end+2 >= len(a) || class[a[end+1]]&class[a[end+2]]&isHex == 0 {
					return "", "", false
				}
				end += 2
			}
			end++
		}
		host, a = a[:end], a[end:]
	}
	if a == "" {
		return host, "", true
	}
	if a[0] != ':' || strings.Trim(a[1:], "0123456789") != "" {
		return "", "", false
	}
	return host, a[1:], true
}

// validIPLiteral reports whether s is an IPv6address or an IPvFuture.
func validIPLiteral(s string) bool {
	if len(s) > 0 && s[0]|0x20 == 'v' {
		version, address, ok := strings.Cut(s[1:], ".")
		return ok && isAll(version, isHex, 0) && isAll(address, isHost, ':')
	}
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is6() && ip.Zone() == ""
}

// isAll reports whether s is not empty and made of bytes of the class, or of the extra one.
func isAll(s string, want uint8, extra byte) bool {
	for i := range len(s) {
		if class[s[i]]&want == 0 && (extra == 0 || s[i] != extra) {
			return false
		}
	}
	return s != ""
}
