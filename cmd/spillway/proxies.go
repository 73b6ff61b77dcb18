// The flags of spillway serve that are about balancers in front of it.

package main

import (
	"flag"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// proxyFlags say whether connections begin with a PROXY header, and from whom one is believed.
type proxyFlags struct {
	protocol  server.ProxyProtocol
	trusted   []netip.Prefix // nil: loopback
	trustUnix bool
}

func (f *proxyFlags) define(set *flag.FlagSet) {
	set.Func("proxy-protocol", "PROXY protocol v1 and v2 in front of a connection: `off`, optional or required (default off)", f.setProtocol)
	set.Func("proxy-trusted", "address prefixes, `PREFIX,…`, whose PROXY header is believed, and unix for Unix sockets (default loopback)", f.setTrusted)
}

func (f *proxyFlags) setProtocol(s string) error {
	modes := map[string]server.ProxyProtocol{"off": server.ProxyOff, "optional": server.ProxyOptional, "required": server.ProxyRequired}
	mode, ok := modes[s]
	if !ok {
		return fmt.Errorf("not off, optional or required")
	}
	f.protocol = mode
	return nil
}

func (f *proxyFlags) setTrusted(s string) error {
	f.trusted, f.trustUnix = []netip.Prefix{}, false
	for word := range strings.SplitSeq(s, ",") {
		if word == "unix" {
			f.trustUnix = true
			continue
		}
		p, err := prefixOf(word)
		if err != nil {
			return fmt.Errorf("%.60q is neither a prefix like 10.0.0.0/8 nor an address", word)
		}
		f.trusted = append(f.trusted, p)
	}
	return nil
}

// prefixOf returns the prefix that a word is. An address stands for itself alone.
func prefixOf(word string) (netip.Prefix, error) {
	if strings.Contains(word, "/") {
		return netip.ParsePrefix(word)
	}
	addr, err := netip.ParseAddr(word)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Prefix(addr.BitLen())
}
