// The header of the PROXY protocol, by which a balancer says in front of a connection's first byte for whom it speaks: a
// line of text in version 1, a block of bytes in version 2. The sections are those of its specification, proxy-protocol.txt.

package parser

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"strconv"
	"strings"
)

// MaxProxyHeader is how long a PROXY header may be, with everything that it carries.
const MaxProxyHeader = 4 << 10

// ErrNoProxyHeader says that what a connection begins with is something else than a PROXY header.
var ErrNoProxyHeader = errors.New("parser: no PROXY header")

// ProxyHeader is what a balancer says of a connection in the PROXY protocol.
type ProxyHeader struct {
	Version int  // 1 or 2
	Local   bool // the balancer speaks for itself, or does not know the client: the connection's own addresses hold

	// Source is the client's address, Destination the one that it has connected to. They are not valid where the header has none,
	// and where it has the names of Unix sockets: an abstract one begins with @.
	Source, Destination         netip.AddrPort
	SourceName, DestinationName string

	TLVs []ProxyTLV // in the order received, without padding and checksum
}

// ProxyTLV is something else that a balancer says, by a type that the specification, or the balancer's maker, gives a meaning.
type ProxyTLV struct {
	Type  byte
	Value string
}

// TLV returns the value of the first TLV of a type, and false if there is none.
func (h *ProxyHeader) TLV(typ byte) (value string, ok bool) {
	for _, tlv := range h.TLVs {
		if tlv.Type == typ {
			return tlv.Value, true
		}
	}
	return "", false
}

const (
	proxyV1        = "PROXY "
	proxyV2        = "\r\n\r\n\x00\r\nQUIT\n"
	proxyLineBytes = 107 // a line with its CRLF (§2.1)
	proxyHeadBytes = 16  // of version 2, before the addresses (§2.2)
)

// ParseProxyHeader parses the PROXY header at the beginning of the window. It returns its length, or 0 while the window does
// not hold all of it; and ErrNoProxyHeader where the window begins with something else, or what is wrong with the header.
func ParseProxyHeader(window []byte) (h ProxyHeader, n int, err error) {
	switch {
	case beginsLike(window, proxyV1):
		n, err = h.parseLine(window)
	case beginsLike(window, proxyV2):
		n, err = h.parseBlock(window)
	default:
		err = ErrNoProxyHeader
	}
	if n == 0 {
		h = ProxyHeader{}
	}
	return h, n, err
}

// beginsLike reports whether the window begins with a text, as far as either goes.
func beginsLike(window []byte, text string) bool {
	n := min(len(window), len(text))
	return string(window[:n]) == text[:n]
}

func badProxyHeader(section, format string, args ...any) error {
	return fmt.Errorf("parser: PROXY header: "+format+" (proxy-protocol.txt §"+section+")", args...)
}

// parseLine parses version 1.
func (h *ProxyHeader) parseLine(window []byte) (int, error) {
	window = window[:min(len(window), proxyLineBytes)]
	end := bytes.IndexByte(window, '\n')
	switch {
	case end < 0 && len(window) < proxyLineBytes:
		return 0, nil
	case end < 0:
		return 0, badProxyHeader("2.1", "a line of more than %d bytes: %s", proxyLineBytes, quote(window))
	case window[end-1] != '\r':
		return 0, badProxyHeader("2.1", "a line that does not end in CRLF: %s", quote(window[:end]))
	}
	words := strings.Split(string(window[len(proxyV1):end-1]), " ")
	h.Version = 1
	if h.Local = words[0] == "UNKNOWN"; h.Local {
		return end + 1, nil // whatever stands behind it
	}
	if len(words) == 5 && (words[0] == "TCP4" || words[0] == "TCP6") {
		var source, destination bool
		h.Source, source = proxyAddress(words[1], words[3], words[0] == "TCP4")
		h.Destination, destination = proxyAddress(words[2], words[4], words[0] == "TCP4")
		if source && destination {
			return end + 1, nil
		}
	}
	return 0, badProxyHeader("2.1", "not a protocol, two addresses and two ports: %s", quote(window[:end-1]))
}

// proxyAddress returns an address of version 1, and false if it is none.
func proxyAddress(addr, port string, is4 bool) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(addr)
	n, failed := strconv.ParseUint(port, 10, 16)
	canonical := failed == nil && strconv.FormatUint(n, 10) == port
	return netip.AddrPortFrom(ip, uint16(n)), err == nil && canonical && ip.Is4() == is4 && ip.Zone() == ""
}

// parseBlock parses version 2.
func (h *ProxyHeader) parseBlock(window []byte) (int, error) {
	if len(window) < proxyHeadBytes {
		return 0, nil
	}
	command, family := window[12], window[13]
	n := proxyHeadBytes + int(binary.BigEndian.Uint16(window[14:]))
	switch {
	case command>>4 != 2 || command&0xf > 1:
		return 0, badProxyHeader("2.2", "version and command %#02x", command)
	case family>>4 > 3 || family&0xf > 2:
		return 0, badProxyHeader("2.2", "family and protocol %#02x", family)
	case n > MaxProxyHeader:
		return 0, badProxyHeader("2.2", "%d bytes, more than %d", n, MaxProxyHeader)
	case len(window) < n:
		return 0, nil
	}
	h.Version = 2
	if h.Local = command&0xf == 0; h.Local {
		return n, nil // whatever stands in it
	}
	rest, ok := h.takeAddresses(family>>4, window[proxyHeadBytes:n])
	if !ok {
		return 0, badProxyHeader("2.2", "%d bytes are too few for addresses of family %d", len(rest), family>>4)
	}
	if err := h.takeTLVs(window[:n], n-len(rest)); err != nil {
		return 0, err
	}
	return n, nil
}

// proxyAddressBytes is how long an address of each family is, without its port.
var proxyAddressBytes = [...]int{0, 4, 16, 108}

// takeAddresses takes the addresses from the front of a block, and reports false if it is too short for them.
func (h *ProxyHeader) takeAddresses(family byte, b []byte) (rest []byte, ok bool) {
	each, ports := proxyAddressBytes[family], 0
	if family == 1 || family == 2 {
		ports = 4
	}
	all := 2*each + ports
	switch {
	case len(b) < all:
		return b, false
	case ports > 0:
		source, _ := netip.AddrFromSlice(b[:each])
		destination, _ := netip.AddrFromSlice(b[each : 2*each])
		h.Source = netip.AddrPortFrom(source, binary.BigEndian.Uint16(b[2*each:]))
		h.Destination = netip.AddrPortFrom(destination, binary.BigEndian.Uint16(b[2*each+2:]))
	case each > 0:
		h.SourceName, h.DestinationName = socketName(b[:each]), socketName(b[each:all])
	}
	return b[all:], true
}

// socketName returns a Unix socket's name in the way in which Go writes it.
func socketName(b []byte) string {
	if b[0] == 0 {
		b = bytes.TrimRight(b, "\x00")
		return strings.Replace(string(b), "\x00", "@", 1)
	}
	name, _, _ := bytes.Cut(b, []byte{0})
	return string(name)
}

const (
	tlvChecksum = 0x03 // PP2_TYPE_CRC32C
	tlvPadding  = 0x04 // PP2_TYPE_NOOP
)

// takeTLVs takes what stands in a block from at on.
func (h *ProxyHeader) takeTLVs(block []byte, at int) error {
	for at < len(block) {
		const head = 3 // the type, and the length of the value
		end := at + head
		if end <= len(block) {
			end += int(binary.BigEndian.Uint16(block[at+1:]))
		}
		if end > len(block) {
			return badProxyHeader("2.2.7", "a TLV is cut off: %s", quote(block[at:]))
		}
		typ, value := block[at], block[at+head:end]
		switch {
		case typ == tlvChecksum && !checksumHolds(block, at+head, end):
			return badProxyHeader("2.2.4", "the checksum is another")
		case typ != tlvChecksum && typ != tlvPadding:
			h.TLVs = append(h.TLVs, ProxyTLV{typ, string(value)})
		}
		at = end
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksumHolds reports whether block[at:end] is the checksum of the block, in which it counts as zeros itself.
func checksumHolds(block []byte, at, end int) bool {
	if end-at != crc32.Size {
		return false
	}
	sum := crc32.Update(0, castagnoli, block[:at])
	sum = crc32.Update(sum, castagnoli, make([]byte, crc32.Size))
	return crc32.Update(sum, castagnoli, block[end:]) == binary.BigEndian.Uint32(block[at:])
}
