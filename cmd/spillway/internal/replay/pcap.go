// Captured packets as a script: the first TCP connection of a file that tcpdump has written, both of its directions put together
// again.

package replay

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// pcapOrders are the first bytes of capture files, with the order of their numbers and the fractions that their times have.
var pcapOrders = map[string]struct {
	order    binary.ByteOrder
	fraction time.Duration
}{
	"\xd4\xc3\xb2\xa1": {binary.LittleEndian, time.Microsecond},
	"\xa1\xb2\xc3\xd4": {binary.BigEndian, time.Microsecond},
	"\x4d\x3c\xb2\xa1": {binary.LittleEndian, time.Nanosecond},
	"\xa1\xb2\x3c\x4d": {binary.BigEndian, time.Nanosecond},
}

// isPcap reports whether a file holds captured packets, also in a form that is not read here.
func isPcap(b []byte) bool {
	_, ok := pcapOrders[string(b[:min(4, len(b))])]
	return ok || bytes.HasPrefix(b, []byte("\x0a\x0d\x0d\x0a"))
}

// linkHeaders are the lengths of what stands in front of an IP packet, by the kind of link; -1: of Ethernet, which has tags.
var linkHeaders = map[uint32]int{0: 4, 1: -1, 12: 0, 101: 0, 113: 16, 228: 0, 229: 0, 276: 20}

// segment is a TCP segment.
type segment struct {
	at            time.Duration // since 1970
	from, to      string        // address and port
	seq           uint32
	syn, fin, rst bool
	ack           bool
	data          []byte
}

// parsePcap reads a file of captured packets.
func parsePcap(b []byte) (*Script, error) {
	form, ok := pcapOrders[string(b[:4])]
	if !ok {
		return nil, errors.New("it is a pcapng file: write it as pcap first, as by editcap -F pcap")
	}
	const fileHeader, packetHeader = 24, 16
	if len(b) < fileHeader {
		return nil, errors.New("the capture file ends in its header")
	}
	link := form.order.Uint32(b[20:]) & 0xffff
	skip, known := linkHeaders[link]
	if !known {
		return nil, fmt.Errorf("packets of the link type %d are not known here", link)
	}
	var all []segment
	for rest := b[fileHeader:]; len(rest) > 0; {
		if len(rest) < packetHeader {
			return nil, errors.New("the capture file ends in a packet's header")
		}
		u := form.order.Uint32
		n, whole := u(rest[8:]), u(rest[12:])
		at := time.Duration(u(rest))*time.Second + time.Duration(u(rest[4:]))*form.fraction
		if rest = rest[packetHeader:]; uint64(n) > uint64(len(rest)) {
			return nil, errors.New("the capture file ends in a packet")
		}
		if s, ok := parsePacket(rest[:n], skip); ok {
			if n < whole {
				return nil, fmt.Errorf("packets were cut to %d bytes when they were captured: tcpdump -s 0 keeps them whole", n)
			}
			s.at = at
			all = append(all, s)
		}
		rest = rest[n:]
	}
	return fromSegments(all)
}

// parsePacket returns the TCP segment in a packet, if there is one.
func parsePacket(b []byte, skip int) (s segment, ok bool) {
	if skip < 0 {
		skip = 14
		for len(b) >= skip && (b[skip-2] == 0x81 && b[skip-1] == 0 || b[skip-2] == 0x88 && b[skip-1] == 0xa8) {
			skip += 4 // a VLAN's tag
		}
	}
	if len(b) < skip+20 {
		return s, false
	}
	b = b[skip:]
	const tcp = 6
	var src, dst []byte
	switch b[0] >> 4 {
	case 4:
		header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
		if total == 0 { // the network card has not said yet
			total = len(b)
		}
		if b[9] != tcp || header < 20 || total < header || total > len(b) || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
			return s, false
		}
		src, dst, b = b[12:16], b[16:20], b[header:total]
	case 6:
		if len(b) < 40 || b[6] != tcp {
			return s, false
		}
		total := 40 + int(binary.BigEndian.Uint16(b[4:]))
		if total > len(b) {
			return s, false
		}
		src, dst, b = b[8:24], b[24:40], b[40:total]
	default:
		return s, false
	}
	if len(b) < 20 || len(b) < int(b[12]>>4)*4 || b[12]>>4 < 5 {
		return s, false
	}
	s.from, s.to = fmt.Sprintf("%x:%x", src, b[0:2]), fmt.Sprintf("%x:%x", dst, b[2:4])
	s.seq = binary.BigEndian.Uint32(b[4:])
	s.fin, s.syn, s.rst, s.ack = b[13]&1 != 0, b[13]&2 != 0, b[13]&4 != 0, b[13]&16 != 0
	s.data = b[int(b[12]>>4)*4:]
	return s, true
}

// fromSegments finds the first connection whose beginning was captured, and makes a script of it.
func fromSegments(all []segment) (*Script, error) {
	for _, syn := range all {
		if !syn.syn || syn.ack {
			continue
		}
		client, err := reassemble(all, syn.from, syn.to)
		if err != nil {
			return nil, err
		}
		if len(client) == 0 || len(client[0].data) == 0 {
			continue
		}
		server, err := reassemble(all, syn.to, syn.from)
		if err != nil {
			return nil, err
		}
		return scriptOf(client, server)
	}
	return nil, errors.New("no TCP connection was captured from its beginning on, with bytes of its client")
}

// reassemble returns what one side has sent, in its order, without what was sent twice; an end is a piece without bytes.
func reassemble(all []segment, from, to string) (pieces []segment, err error) {
	var own []segment
	var next uint32
	begun := false
	for _, s := range all {
		if s.from != from || s.to != to {
			continue
		}
		if s.syn {
			if begun && s.seq+1 != next {
				break // another connection between the same ports
			}
			begun, next = true, s.seq+1
			continue
		}
		own = append(own, s)
	}
	if !begun {
		return nil, nil
	}
	slices.SortStableFunc(own, func(a, b segment) int { return cmp.Compare(int32(a.seq-next), int32(b.seq-next)) })
	var at time.Duration // what came before something that it stands behind came with that
	for _, s := range own {
		at = max(at, s.at)
		behind := int32(s.seq - next)
		if behind > 0 && len(s.data) > 0 {
			return nil, fmt.Errorf("%d bytes are missing from the captured packets", behind)
		}
		if s.rst {
			pieces = append(pieces, segment{at: at, rst: true})
			break
		}
		if fresh := len(s.data) + int(behind); fresh > 0 && behind <= 0 {
			pieces = append(pieces, segment{at: at, data: s.data[-behind:]})
			next += uint32(fresh)
		}
		if s.fin && behind >= -int32(len(s.data)) {
			pieces = append(pieces, segment{at: at, fin: true})
			break
		}
	}
	return pieces, nil
}

// scriptOf puts both directions together.
func scriptOf(client, server []segment) (*Script, error) {
	for i := range server {
		server[i].ack = true // the server's
	}
	const tlsHandshake = 22
	if client[0].data[0] == tlsHandshake {
		return nil, errors.New("the connection that was captured is encrypted")
	}
	all := append(client, server...)
	slices.SortStableFunc(all, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	s := &Script{}
	last := all[0].at
	for _, p := range all {
		if passed := p.at - last; passed >= shortest && !p.ack {
			s.pause(min(passed, mostPause))
		}
		last = p.at
		switch {
		case len(p.data) > 0:
			kind := send
			if p.ack {
				kind = await
			}
			if err := s.addData(kind, p.data); err != nil {
				return nil, err
			}
		case p.ack:
			s.steps = append(s.steps, step{kind: awaitEnd})
		case p.rst:
			s.steps = append(s.steps, step{kind: abort})
		default:
			s.steps = append(s.steps, step{kind: halfClose})
		}
	}
	s.finish()
	return s, nil
}
