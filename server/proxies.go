// Whose PROXY headers are believed.

package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// loopback is whom a server trusts that is not told.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// trusts reports whether a PROXY header from an address is believed.
func (s *Server) trusts(addr net.Addr) bool {
	var ip netip.Addr
	is := false
	if addr != nil {
		ip, is = ipOf(addr.String())
	}
	if !is {
		return s.ProxyTrustUnix
	}
	prefixes := s.ProxyTrusted
	if prefixes == nil {
		prefixes = loopback
	}
	for _, p := range prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// checkProxies returns what no connection could be served with.
func (s *Server) checkProxies() error {
	if s.ProxyProtocol > ProxyRequired {
		return fmt.Errorf("server: ProxyProtocol %d is none", s.ProxyProtocol)
	}
	for i, p := range s.ProxyTrusted {
		if !p.IsValid() {
			return fmt.Errorf("server: ProxyTrusted[%d] is no prefix", i)
		}
	}
	return nil
}

// errUnixUntrusted says that every connection of a listener would be refused.
var errUnixUntrusted = errors.New("server: a PROXY header is required on a Unix socket, and none is believed there without ProxyTrustUnix")

// checkProxied returns why none of a listener's connections could be served.
func (s *Server) checkProxied(l net.Listener) error {
	if _, unix := l.Addr().(*net.UnixAddr); unix && s.ProxyProtocol == ProxyRequired && !s.ProxyTrustUnix {
		return errUnixUntrusted
	}
	return nil
}
