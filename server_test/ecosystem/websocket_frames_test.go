// WebSocket frames that come with the handshake, or before its answer.

package ecosystem

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const handshake = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const (
	textFrame  = 1
	closeFrame = 8
)

// frame makes a client's frame.
func frame(opcode byte, content string) string {
	b := []byte{0x80 | opcode, 0x80}
	switch n := len(content); {
	case n < 126:
		b[1] |= byte(n)
	case n < 1<<16:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] |= 127
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	mask := "\x12\x34\x56\x78"
	b = append(b, mask...)
	for i := range len(content) {
		b = append(b, content[i]^mask[i%4])
	}
	return string(b)
}

// readFrame reads a server's frame.
func readFrame(r io.Reader) (opcode byte, content string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var long uint16
		err = binary.Read(r, binary.BigEndian, &long)
		n = uint64(long)
	case 127:
		err = binary.Read(r, binary.BigEndian, &n)
	}
	if err != nil {
		return 0, "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return head[0] & 15, string(b), err
}

// dial connects to s, with TLS if that is its way.
func dial(t *testing.T, s site) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(s.URL, "https:") {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// readEchoes reads the response to the handshake, sends more, and reads what follows, until a close frame or the end.
func readEchoes(nc net.Conn, more ...string) (seen []string) {
	r := bufio.NewReader(nc)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return []string{"no response"}
	}
	seen = []string{res.Status}
	for _, part := range more {
		io.WriteString(nc, part)
	}
	for {
		opcode, content, err := readFrame(r)
		if err != nil {
			return append(seen, "cut")
		}
		if opcode == closeFrame {
			_, err = r.ReadByte()
			return append(seen, fmt.Sprintf("close %x, then %v", content, err))
		}
		seen = append(seen, summary(opcode == textFrame, []byte(content)))
	}
}

// Clients send frames without having seen the 101: right behind the handshake, in one write with it. coder's server takes
// them; gorilla's refuses them, and can know of them only if the HTTP server hands them over.
func TestWebSocketFramesBehindTheHandshake(t *testing.T) {
	long := strings.Repeat("x", 100_000) // goes beyond every buffer
	end := frame(closeFrame, "\x03\xe8bye")
	for _, c := range []struct {
		name  string
		first string   // in one write
		then  []string // each in one of its own, when the 101 has come
		want  []string
	}{
		{"one", handshake + frame(textFrame, "early"), []string{end}, []string{summary(true, []byte("early"))}},
		{"several and the close", handshake + frame(textFrame, "a") + frame(textFrame, "b") + end, nil,
			[]string{summary(true, []byte("a")), summary(true, []byte("b"))}},
		{"a part of one", handshake + frame(textFrame, "early")[:3], []string{frame(textFrame, "early")[3:], end},
			[]string{summary(true, []byte("early"))}},
		{"a long one", handshake + frame(textFrame, long) + end, nil, []string{summary(true, []byte(long))}},
		{"none", handshake, []string{frame(textFrame, "late"), end}, []string{summary(true, []byte("late"))}},
	} {
		for _, server := range webSocketServers {
			for _, secure := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, TLS %t", c.name, server.name, secure), func(t *testing.T) {
					got := sameWebSocket(t, server, secure, func(t *testing.T, s site) []string {
						nc := dial(t, s)
						io.WriteString(nc, c.first)
						return readEchoes(nc, c.then...)
					})
					want := []string{"no response", "no WebSocket: websocket: client sent data before handshake is complete"}
					if server.name == "coder" || c.name == "none" {
						want = slices.Concat([]string{"101 Switching Protocols"}, c.want, got[1+len(c.want):])
						want[len(want)-1] = `closed 1000 "bye"`
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// sameWebSocket compares what a client sees of a server on net/http and on spillway, and then what the server says.
func sameWebSocket(t *testing.T, server webSocketServer, secure bool, use func(*testing.T, site) []string) []string {
	t.Helper()
	var outcomes [2][]string
	for i, e := range []engine{stock, spillway} {
		said := make(chan string, 10)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			server.echo(w, r, func(s string) { said <- s })
		})
		start := e.start
		if secure {
			start = e.startTLS
		}
		seen := use(t, start(t, h))
		outcomes[i] = append(seen, receive(t, "the server says something", said))
	}
	if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
		t.Errorf("net/http (-) and spillway (+) differ:\n%s", diff)
	}
	return outcomes[1]
}

// Frames also come while the handler is still at other things, and its context is waited for, which is what makes a server
// read ahead.
func TestWebSocketFramesBeforeTheUpgrade(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %t", secure), func(t *testing.T) {
			inside, proceed := make(chan struct{}), make(chan struct{})
			busy := webSocketServer{"busy", func(w http.ResponseWriter, r *http.Request, said func(string)) {
				stop := context.AfterFunc(r.Context(), func() {})
				defer stop()
				inside <- struct{}{}
				<-proceed
				coderEcho(w, r, said)
			}}
			got := sameWebSocket(t, busy, secure, func(t *testing.T, s site) []string {
				nc := dial(t, s)
				io.WriteString(nc, handshake)
				receive(t, "the handler runs", inside)
				io.WriteString(nc, frame(textFrame, "early"))
				io.WriteString(nc, frame(textFrame, strings.Repeat("x", 5000)))
				proceed <- struct{}{}
				return readEchoes(nc, frame(textFrame, "late"), frame(closeFrame, "\x03\xe8bye"))
			})
			want := []string{"101 Switching Protocols", summary(true, []byte("early")), summary(true, []byte(strings.Repeat("x", 5000))),
				summary(true, []byte("late")), "close 03e8627965, then EOF", `closed 1000 "bye"`}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
