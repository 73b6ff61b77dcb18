// The notation there and back, responses whole and hostile, and a record that stays small.

package dialogue

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestNotation(t *testing.T) {
	for _, tt := range []struct{ text, bytes, again string }{
		{`\`, "", ``},
		{`a\x00\r\n\t\\b`, "a\x00\r\n\t\\b", `a\x00`},
		{`{x*40}`, strings.Repeat("x", 40), `{x*40}\`},
		{`{ab\r\n*2}\`, "ab\r\nab\r\n", `ab`},
		{`{"a":{"b":[1*2]}}`, `{"a":{"b":[1*2]}}`, `{"a":{"b":[1*2]}}\`},
		{`\{x*40}`, "{x*40}", `\{x*40}\`},
		{`é\xe9`, "é\xe9", `é\xe9\`},
		{`a\x20`, "a ", `a\x20\`},
		{`\x1b[2J`, "\x1b[2J", `\x1b[2J\`},
		{`$a{$a*2}\$`, "1111$", `1111$\`},
	} {
		vars := map[string][]byte{"a": []byte("1"), "aa": nil}
		if strings.HasPrefix(tt.text, "$") {
			vars["a"] = []byte("11")
			tt.bytes, tt.again = "111111$", `111111$\`
		}
		b, _, err := Decode(tt.text, vars)
		if err != nil || string(b) != tt.bytes {
			t.Errorf("%s is %q, %v; want %q", tt.text, b, err, tt.bytes)
		}
		if lines := Encode(b); len(lines) > 0 && lines[0] != tt.again {
			t.Errorf("%q is written %q, want %q first", b, lines, tt.again)
		}
	}
	for _, bad := range []string{`\y`, `\x0`, `\xzz`, `$b`, `$`, `{x*99999999}`} {
		if b, _, err := Decode(bad, map[string][]byte{}); err == nil {
			t.Errorf("%q is %.20q", bad, b)
		}
	}
}

// FuzzNotation writes bytes down and reads them again: they are the same.
func FuzzNotation(f *testing.F) {
	f.Add([]byte("a\r\n\x00{x*3}\\ \xff"))
	f.Add([]byte(strings.Repeat("}", 32) + strings.Repeat("{", 40) + strings.Repeat("*", 50)))
	f.Add([]byte("{{0*0}{a\\{*00000000000}{*1}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		for _, line := range Encode(b) {
			piece, open, err := Decode(line, nil)
			if err != nil {
				t.Fatal(err)
			}
			if again = append(again, piece...); !open {
				again = append(again, "\r\n"...)
			}
		}
		if string(again) != string(b) {
			t.Fatalf("%q became %q", b, again)
		}
	})
}

// read reads the first response of what a server sends, in pieces of some size, before it closes.
func read(t *testing.T, method, sent string, piece int) (*Response, error) {
	t.Helper()
	client, server := net.Pipe()
	go func() {
		for len(sent) > 0 {
			n := min(piece, len(sent))
			if _, err := io.WriteString(server, sent[:n]); err != nil {
				break
			}
			sent = sent[n:]
		}
		server.Close()
	}()
	talk := New(client)
	defer talk.Close()
	return talk.Next(method, 2*time.Second)
}

func TestResponses(t *testing.T) {
	for _, tt := range []struct {
		name, method, sent, body string
		status                   int
		last, fails              bool
	}{
		{"fixed", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP", "hello", 200, false, false},
		{"chunked", "GET", "HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n", "hello!", 200, false, false},
		{"until the end", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", "hello", 200, true, false},
		{"to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", 200, false, false},
		{"204", "GET", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", "", 204, false, false},
		{"100", "GET", "HTTP/1.1 100 Continue\r\n\r\n", "", 100, false, false},
		{"close", "GET", "HTTP/1.1 200 OK\r\nConnection: a, CLOSE\r\nContent-Length: 0\r\n\r\n", "", 200, true, false},
		{"1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, true, false},
		{"1.0 kept", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", "", 200, false, false},
		{"1.9", "GET", "HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, false, false},
		{"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "x", 200, false, false},
		{"cut in its content", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "hel", 200, false, true},
		{"cut in its chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello", 200, false, true},
		{"cut in its head", "GET", "HTTP/1.1 200 OK\r\nContent", "", 200, false, true},
		{"none", "GET", "", "", 0, false, true},
		{"another protocol", "GET", "220 mail\r\n", "", 0, false, true},
		{"no status", "GET", "HTTP/1.1 abc\r\n\r\n", "", 0, false, true},
		{"no colon", "GET", "HTTP/1.1 200 OK\r\nhello\r\n\r\n", "", 200, false, true},
		{"bad length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "", 200, false, true},
		{"bad chunk size", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "", 200, false, true},
		{"bad chunk end", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", "x", 200, false, true},
		{"too long a line", "GET", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", mostHead), "", 200, false, true},
		{"too many lines", "GET", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", mostHead/6), "", 200, false, true},
	} {
		for _, piece := range []int{1, 7, 1 << 20} {
			if piece == 1 && len(tt.sent) > 1000 {
				continue
			}
			t.Run(fmt.Sprintf("%s in pieces of %d", tt.name, piece), func(t *testing.T) {
				res, err := read(t, tt.method, tt.sent, piece)
				if string(res.Body) != tt.body || res.Status != tt.status || (err != nil) != tt.fails || err == nil && res.Last() != tt.last {
					t.Errorf("%+v, %v", res, err)
				}
			})
		}
	}
}

func TestTalker(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	talk := New(client)
	talk.SetPatience(20 * time.Millisecond)
	if err := talk.Send([]byte("hello")); !errors.Is(err, os.ErrDeadlineExceeded) || talk.SendError() == nil {
		t.Errorf("a send that nobody takes: %v", err)
	}
	if _, err := talk.Next("GET", time.Millisecond); err != ErrSilent {
		t.Errorf("no answer: %v", err)
	}
	if err := talk.WaitBytes(time.Millisecond); err != ErrSilent {
		t.Errorf("no bytes: %v", err)
	}
	go server.Write([]byte("hi\r\nyou"))
	if err := talk.WaitBytes(time.Second); err != nil {
		t.Errorf("bytes: %v", err)
	}
	if s := talk.String(); strings.Contains(s, "C: hello") || !strings.Contains(s, "S: hi\n") || !strings.Contains(s, `S: you\`) {
		t.Errorf("the record is\n%s", s)
	}
	server.Close()
	if err := talk.WaitEnd(time.Second); err != nil {
		t.Errorf("the end: %v", err)
	}
	if err := talk.Close(); err != nil {
		t.Error(err)
	}
}

// A server that never stops fills neither memory nor the record.
func TestBounds(t *testing.T) {
	client, server := net.Pipe()
	talk := New(client)
	go func() {
		for range 10_000 {
			if _, err := server.Write(make([]byte, 4<<10)); err != nil {
				return
			}
			server.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		}
	}()
	if err := talk.WaitEnd(300 * time.Millisecond); err != ErrSilent {
		t.Errorf("the end: %v", err)
	}
	if n, _ := talk.Unread(); n > mostUnread+slice {
		t.Errorf("%d bytes are held", n)
	}
	talk.Close()
	for i := range 3 * mostEvents {
		talk.Remark("%d", i)
		talk.data(Server, []byte("x"))
	}
	if n := len(talk.Events()); n > mostEvents+8 {
		t.Errorf("%d events", n)
	}
}
