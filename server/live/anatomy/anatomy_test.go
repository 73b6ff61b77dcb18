// Every byte has one kind, whole or in pieces of any size, and the kinds are those that spillway's own parser gives them.

package anatomy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server/live/anatomy"
)

// spell writes what bytes are, letter by letter: h for a head, f for framing, c for content, r refused, b behind, o other.
func spell(read func([]byte) []anatomy.Piece, wire string, size int) (letters string, notes []string, rule string) {
	for len(wire) > 0 {
		n := min(size, len(wire))
		total := 0
		for _, p := range read([]byte(wire[:n])) {
			letters += strings.Repeat(p.Kind.String()[:1], p.Len)
			total += p.Len
			if p.Note != "" {
				notes = append(notes, p.Note)
			}
			if p.Error != nil {
				rule = p.Error.Section
			}
		}
		if total != n {
			return fmt.Sprintf("%d bytes of %d", total, n), nil, ""
		}
		wire = wire[n:]
	}
	return letters, notes, rule
}

const (
	get     = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	lengthy = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
	pieces  = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	twofold = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
)

func of(letter string, text string) string { return strings.Repeat(letter, len(text)) }

func TestClient(t *testing.T) {
	for _, test := range []struct {
		name, wire, want, notes, rule string
		whole                         bool // in pieces, the first of them look like a head's
	}{
		{"two requests", get + get, of("h", get+get), "GET / | GET /", "", false},
		{"content that spells a request", lengthy + "GET /" + get, of("h", lengthy) + "ccccc" + of("h", get), "POST /x, content of 5 bytes | GET /", "", false},
		{"chunks", pieces + "5\r\nhello\r\n0\r\n\r\n" + get, of("h", pieces) + "fffcccccfffffff" + of("h", get),
			"POST /x, content in chunks | chunk of 5 bytes | last chunk | the content ends | GET /", "", false},
		{"trailers", pieces + "0\r\nA: b\r\n\r\n", of("h", pieces) + of("f", "0\r\nA: b\r\n\r\n"),
			"POST /x, content in chunks | last chunk | the content ends, with 1 trailer fields", "", false},
		{"bad framing", pieces + "x\r\n" + get, of("h", pieces) + of("r", "x\r\n"+get), "POST /x, content in chunks", "RFC 9112 §7.1", false},
		{"two framings", twofold + get, of("r", twofold+get), "", "RFC 9112 §6.1", true},
		{"behind the last", closing + get, of("h", closing) + of("b", get), "GET /; no other request follows", "", false},
		{"TLS", "\x16\x03\x01abc", "oooooo", "", "", false},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nabc", of("o", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nabc"), "HTTP/2 begins", "", true},
		{"PROXY", "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n" + get, of("o", "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n") + of("h", get),
			"PROXY header: the client is 1.2.3.4:9 | GET /", "", true},
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			if test.whole && size < len(test.wire) {
				continue
			}
			t.Run(fmt.Sprintf("%s in pieces of %d", test.name, size), func(t *testing.T) {
				c := anatomy.Conversation{Proxy: true}
				letters, notes, rule := spell(c.Client, test.wire, size)
				if letters != test.want || rule != test.rule {
					t.Errorf("%q is\n%s, %q; want\n%s, %q", test.wire, letters, rule, test.want, test.rule)
				}
				if got := strings.Join(notes, " | "); test.notes != "" && got != test.notes {
					t.Errorf("notes: %s; want %s", got, test.notes)
				}
			})
		}
	}
}

func TestServer(t *testing.T) {
	const ok, chunked, switched = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n"
	for _, test := range []struct{ asked, wire, want string }{
		{get + get, ok + "ab" + ok + "ab", of("h", ok) + "cc" + of("h", ok) + "cc"},
		{strings.Replace(get, "GET", "HEAD", 1) + get, ok + ok + "ab", of("h", ok) + of("h", ok) + "cc"},
		{get, chunked + "2\r\nab\r\n0\r\n\r\n", of("h", chunked) + "fffccfffffff"},
		{get, "HTTP/1.1 100 Continue\r\n\r\n" + ok + "ab", of("h", "HTTP/1.1 100 Continue\r\n\r\n"+ok) + "cc"},
		{get, "HTTP/1.0 200 OK\r\n\r\nabc", of("h", "HTTP/1.0 200 OK\r\n\r\n") + "ccc"},
		{get, switched + "abc", of("h", switched) + "ooo"},
		{get, "SSH-2.0", of("r", "SSH-2.0")},
	} {
		for _, size := range []int{1, 1 << 20} {
			var c anatomy.Conversation
			c.Client([]byte(test.asked))
			letters, _, _ := spell(c.Server, test.wire, size)
			if letters != test.want {
				t.Errorf("in pieces of %d, %q is\n%s; want\n%s", size, test.wire, letters, test.want)
			}
		}
	}
}

func TestIncomplete(t *testing.T) {
	for _, test := range []struct {
		wire, want string
		ok         bool
	}{{get, "head", false}, {get[:5], "head", true}, {lengthy + "abc", "content", true}, {pieces + "5\r", "framing", true}} {
		var c anatomy.Conversation
		c.Client([]byte(test.wire))
		if kind, ok := c.Incomplete(); ok != test.ok || ok && kind.String() != test.want {
			t.Errorf("%q stops inside %v, %v", test.wire, kind, ok)
		}
	}
}

// FuzzConversation reads any bytes in both directions: each has a kind, and nothing panics.
func FuzzConversation(f *testing.F) {
	f.Add([]byte(pieces+"5\r\nhello\r\n0\r\n\r\n"+get), []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 3)
	f.Add([]byte("PROXY TCP4\r\n"), []byte("HTTP/1.1 \r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, client, server []byte, size int) {
		c := anatomy.Conversation{Proxy: true}
		if size <= 0 {
			size = 1
		}
		if letters, _, _ := spell(c.Client, string(client), size); len(letters) != len(client) {
			t.Errorf("%q: %s", client, letters)
		}
		if letters, _, _ := spell(c.Server, string(server), size); len(letters) != len(server) {
			t.Errorf("%q: %s", server, letters)
		}
	})
}
