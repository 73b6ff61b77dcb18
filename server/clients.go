// How many connections each client has, where that is limited.

package server

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"

	"github.com/spillway-go/spillway/conn"
)

// clients counts connections by client. The registry's mu guards it.
type clients struct {
	most  int // of one client; not positive: no limit
	bits  int // of an IPv6 address that name a client
	conns map[netip.Prefix]int
	of    map[*conn.Conn]netip.Prefix
}

const (
	networkBits = 64  // of an IPv6 address name a client's network, in which it may choose the rest (RFC 4291 §2.5.4)
	addressBits = 128 // are all
)

// limit sets the limit, and how many bits of an IPv6 address name a client, 0 for networkBits; or it returns why there are no
// such clients.
func (n *clients) limit(most, bits int) error {
	n.most, n.bits = most, cmp.Or(bits, networkBits)
	if n.bits < 0 || n.bits > addressBits {
		return fmt.Errorf("server: ClientPrefixLen %d is not the length of an IPv6 prefix", bits)
	}
	return nil
}

// at returns whose connection it is that comes from an address, and false if the address is no IP address.
func (n *clients) at(addr net.Addr) (netip.Prefix, bool) {
	if addr == nil {
		return netip.Prefix{}, false
	}
	ip, is := ipOf(addr.String())
	if !is {
		return netip.Prefix{}, false
	}
	bits := n.bits
	if ip.Is4() {
		bits = ip.BitLen()
	}
	client, err := ip.Prefix(bits)
	return client, err == nil
}

// ipOf returns the IP address in an address with or without a port. One that is mapped into IPv6 is an IPv4 address.
func ipOf(addr string) (netip.Addr, bool) {
	from, err := netip.ParseAddrPort(addr)
	ip := from.Addr()
	if err != nil {
		ip, err = netip.ParseAddr(addr)
	}
	return ip.Unmap().WithZone(""), err == nil
}

// enter counts a connection, unless its client has as many as it may.
func (n *clients) enter(c *conn.Conn, client netip.Prefix) bool {
	if n.conns[client] >= n.most {
		return false
	}
	if n.conns == nil {
		n.conns, n.of = make(map[netip.Prefix]int), make(map[*conn.Conn]netip.Prefix)
	}
	n.conns[client]++
	n.of[c] = client
	return true
}

// leave takes a connection out, if it was counted.
func (n *clients) leave(c *conn.Conn) {
	client, counted := n.of[c]
	if !counted {
		return
	}
	delete(n.of, c)
	if n.conns[client]--; n.conns[client] == 0 {
		delete(n.conns, client)
	}
}
