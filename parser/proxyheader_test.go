// PROXY headers, in every way in which they could come.

package parser

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// block spells a PROXY header of version 2, with the length that its content has.
func block(command, family byte, content ...string) string {
	rest := strings.Join(content, "")
	head := append([]byte(proxyV2), command, family)
	return string(binary.BigEndian.AppendUint16(head, uint16(len(rest)))) + rest
}

// tlv spells a TLV.
func tlv(typ byte, value string) string {
	return string(binary.BigEndian.AppendUint16([]byte{typ}, uint16(len(value)))) + value
}

// summed spells a block with TLVs, and its checksum between the first and the others.
func summed(family byte, addresses, first, others string) string {
	before := block(0x21, family, addresses, first, tlv(tlvChecksum, "\x00\x00\x00\x00"), others)
	sum := crc32.Checksum([]byte(before), crc32.MakeTable(crc32.Castagnoli))
	return block(0x21, family, addresses, first, tlv(tlvChecksum, string(binary.BigEndian.AppendUint32(nil, sum))), others)
}

const (
	fours = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x11\x51\x01\xbb"
	sixes = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x11\x51\x01\xbb"
)

var (
	names   = "/run/client" + strings.Repeat("\x00", 97) + "\x00abstract" + strings.Repeat("\x00", 99)
	tcp4    = ProxyHeader{Source: netip.MustParseAddrPort("192.0.2.1:4433"), Destination: netip.MustParseAddrPort("198.51.100.2:443")}
	tcp6    = ProxyHeader{Source: netip.MustParseAddrPort("[2001:db8::1]:4433"), Destination: netip.MustParseAddrPort("[2001:db8::2]:443")}
	sockets = ProxyHeader{SourceName: "/run/client", DestinationName: "@abstract"}
)

func of(version int, h ProxyHeader, tlvs ...ProxyTLV) ProxyHeader {
	h.Version, h.TLVs = version, tlvs
	return h
}

var proxyHeaders = []struct {
	header string
	want   ProxyHeader
}{
	{"PROXY TCP4 192.0.2.1 198.51.100.2 4433 443\r\n", of(1, tcp4)},
	{"PROXY TCP6 2001:db8::1 2001:db8::2 4433 443\r\n", of(1, tcp6)},
	{"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", of(1, ProxyHeader{
		Source:      netip.MustParseAddrPort("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
		Destination: netip.MustParseAddrPort("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
	})},
	{"PROXY UNKNOWN\r\n", ProxyHeader{Version: 1, Local: true}},
	{"PROXY UNKNOWN " + strings.Repeat("x", 107-16) + "\r\n", ProxyHeader{Version: 1, Local: true}},
	{block(0x21, 0x11, fours), of(2, tcp4)},
	{block(0x21, 0x12, fours), of(2, tcp4)},
	{block(0x21, 0x21, sixes), of(2, tcp6)},
	{block(0x21, 0x31, names), of(2, sockets)},
	{block(0x21, 0x00), of(2, ProxyHeader{})},
	{block(0x20, 0x00), ProxyHeader{Version: 2, Local: true}},
	{block(0x20, 0x11, "what a balancer says of itself"), ProxyHeader{Version: 2, Local: true}},
	{block(0x21, 0x11, fours, tlv(2, "a.test"), tlv(4, "padding"), tlv(0xea, "")), of(2, tcp4, ProxyTLV{2, "a.test"}, ProxyTLV{0xea, ""})},
	{block(0x21, 0x00, tlv(5, "an id")), of(2, ProxyHeader{}, ProxyTLV{5, "an id"})},
	{summed(0x11, fours, tlv(1, "h2"), tlv(2, "b.test")), of(2, tcp4, ProxyTLV{1, "h2"}, ProxyTLV{2, "b.test"})},
	{summed(0x21, sixes, "", ""), of(2, tcp6)},
	{block(0x21, 0x11, fours, tlv(2, strings.Repeat("x", MaxProxyHeader-31))), of(2, tcp4, ProxyTLV{2, strings.Repeat("x", MaxProxyHeader-31)})},
}

// proxyMachine parses a PROXY header.
func proxyMachine() machine {
	return func(window []byte) reading {
		h, n, err := ParseProxyHeader(window)
		if err != nil {
			return reading{Done: true, Err: err.Error()}
		}
		return reading{Done: n > 0, N: n, Saw: fmt.Sprintf("%+v", h)}
	}
}

func TestProxyHeaders(t *testing.T) {
	for _, test := range proxyHeaders {
		got := everyWay(t, proxyMachine, test.header)
		if want := (reading{Done: true, N: len(test.header), Saw: fmt.Sprintf("%+v", test.want)}); got != want {
			t.Errorf("%.80q (-want +got):\n%s", test.header, cmp.Diff(want, got))
		}
	}
}

func TestProxyHeadersThatAreNone(t *testing.T) {
	flipped := []byte(summed(0x11, fours, "", tlv(2, "a.test")))
	flipped[len(flipped)-1] ^= 1
	for _, test := range []struct{ header, says string }{
		{"GET / HTTP/1.1\r\n", "no PROXY header"},
		{"PROXYS TCP4", "no PROXY header"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "no PROXY header"},
		{"\r\nGET / HTTP/1.1\r\n", "no PROXY header"},
		{"\x16\x03\x01\x02\x00\x01", "no PROXY header"},
		{"PROXY TCP4 192.0.2.1 198.51.100.2 4433 443\n", "CRLF"},
		{"PROXY UNKNOWN " + strings.Repeat("x", 107-15) + "\r\n", "more than 107 bytes"},
		{"PROXY " + strings.Repeat("x", 200), "more than 107 bytes"},
		{"PROXY \r\n", "two addresses"},
		{"PROXY UDP4 192.0.2.1 198.51.100.2 4433 443\r\n", "two addresses"},
		{"PROXY UNKNOWNS\r\n", "two addresses"},
		{"PROXY TCP4 192.0.2.1 198.51.100.2 4433\r\n", "two addresses"},
		{"PROXY TCP4 192.0.2.1 198.51.100.2 4433 443 \r\n", "two addresses"},
		{"PROXY TCP4  192.0.2.1 198.51.100.2 4433 443\r\n", "two addresses"},
		{"PROXY TCP4 192.0.2.01 198.51.100.2 4433 443\r\n", "two addresses"},
		{"PROXY TCP4 2001:db8::1 2001:db8::2 4433 443\r\n", "two addresses"},
		{"PROXY TCP6 192.0.2.1 198.51.100.2 4433 443\r\n", "two addresses"},
		{"PROXY TCP6 fe80::1%eth0 fe80::2 4433 443\r\n", "two addresses"},
		{"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", "two addresses"},
		{"PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n", "two addresses"},
		{"PROXY TCP4 192.0.2.1 198.51.100.2 00 443\r\n", "two addresses"},
		{block(0x11, 0x11, fours), "version and command 0x11"},
		{block(0x22, 0x11, fours), "version and command 0x22"},
		{block(0x21, 0x41, fours), "family and protocol 0x41"},
		{block(0x21, 0x13, fours), "family and protocol 0x13"},
		{block(0x21, 0x11, fours[:11]), "too few"},
		{block(0x21, 0x21, sixes[:35]), "too few"},
		{block(0x21, 0x31, names[:215]), "too few"},
		{block(0x21, 0x11, fours, "\x02\x00"), "cut off"},
		{block(0x21, 0x11, fours, "\x02\x00\x01"), "cut off"},
		{block(0x21, 0x11, fours, tlv(2, "a.test")[:8]), "cut off"},
		{string(flipped), "checksum"},
		{block(0x21, 0x11, fours, tlv(tlvChecksum, "\x00\x00\x00")), "checksum"},
		{block(0x21, 0x11, fours, tlv(2, strings.Repeat("x", MaxProxyHeader-30))), "4097 bytes, more than 4096"},
		{block(0x20, 0x00, strings.Repeat("x", 65535)), "more than 4096"},
	} {
		got := everyWay(t, proxyMachine, test.header)
		if !got.Done || got.N > 0 || !strings.Contains(got.Err, test.says) {
			t.Errorf("%.80q: %+v, want %q", test.header, got, test.says)
		}
	}
}

func TestProxyTLVs(t *testing.T) {
	h := of(2, tcp4, ProxyTLV{2, "first"}, ProxyTLV{2, "second"})
	if value, ok := h.TLV(2); value != "first" || !ok {
		t.Errorf("%q, %v", value, ok)
	}
	if _, ok := h.TLV(5); ok {
		t.Error("a TLV that is not there")
	}
}

// FuzzProxyHeader spells what was accepted again, in version 2: it means the same, and is read the same however it comes.
func FuzzProxyHeader(f *testing.F) {
	for _, test := range proxyHeaders {
		f.Add([]byte(test.header))
	}
	f.Fuzz(func(t *testing.T, window []byte) {
		h, n, err := ParseProxyHeader(window)
		if n < 0 || n > min(len(window), MaxProxyHeader) || n > 0 && err != nil {
			t.Fatalf("%d bytes of %d, %v", n, len(window), err)
		}
		if n == 0 {
			return
		}
		if n < 500 { // more takes long, and shows no more
			everyWay(t, proxyMachine, string(window[:n]))
		}
		again, _, err := ParseProxyHeader([]byte(respell(h)))
		if h.Version = 2; err != nil || fmt.Sprint(h) != fmt.Sprint(again) {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}

// respell spells a header in version 2.
func respell(h ProxyHeader) string {
	if h.Local {
		return block(0x20, 0)
	}
	var tlvs strings.Builder
	for _, v := range h.TLVs {
		tlvs.WriteString(tlv(v.Type, v.Value))
	}
	addresses, family := "", byte(0)
	switch {
	case h.Source.IsValid():
		family = map[bool]byte{true: 0x11, false: 0x21}[h.Source.Addr().Is4()]
		b := append(h.Source.Addr().AsSlice(), h.Destination.Addr().AsSlice()...)
		b = binary.BigEndian.AppendUint16(b, h.Source.Port())
		addresses = string(binary.BigEndian.AppendUint16(b, h.Destination.Port()))
	case h.SourceName+h.DestinationName != "":
		family, addresses = 0x31, padded(h.SourceName)+padded(h.DestinationName)
	}
	return block(0x21, family, addresses, tlvs.String())
}

// padded spells the name of a Unix socket.
func padded(name string) string {
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:]
	}
	return name + strings.Repeat("\x00", 108-len(name))
}
