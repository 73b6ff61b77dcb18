// The lab's routes under -api nethttp say what the native ones say.

package command_test

import (
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// A 304 is left out: net/http gives it no Content-Type.
func TestStockRoutes(t *testing.T) {
	t.Parallel()
	native, stock := command.Start(t), command.Start(t, "-api", "nethttp")
	for _, target := range []string{
		"/plaintext", "/consume", "/ignore", "/fail", "/partial?n=3", "/partial?n=9", "/partial", "/partial?n=%zz", "/reject?max=7",
		"/reject?max=6", "/reject?max=x", "/echo", "/bytes?n=0", "/bytes?n=70000", "/bytes?n=x", "/stream?n=5&chunk=2", "/stream?n=5",
		"/stream?n=0&chunk=1", "/status?code=204", "/status?code=299", "/status?code=999", "/status?code=1000",
		"/sleep?ms=1", "/sleep?ms=x", "/uploads?id=nobody", "/uploads", "//", "/plaintext/", "/Plaintext", "/../plaintext",
	} {
		for _, method := range []string{"GET", "POST", "HEAD", "BREW"} {
			for _, request := range []string{
				sockets.Spell(method, target, "content"),
				method + " " + target + " HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\n\r\n",
				method + " " + target + " HTTP/1.0\r\n\r\n",
			} {
				want, got := native.Dial().Ask(request), stock.Dial().Ask(request)
				got.Want(t, want.StatusCode, want.Content)
				if got.Header.Get("Content-Type") != want.Header.Get("Content-Type") || got.ContentLength != want.ContentLength {
					t.Errorf("the head is %v, want %v", got.Header, want.Header)
				}
				if t.Failed() {
					t.Fatalf("of %q", request)
				}
			}
		}
	}
}

func TestStockInspect(t *testing.T) {
	t.Parallel()
	c := command.Start(t, "-api", "nethttp").Dial()
	const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	c.Ask("PUT /inspect?a=b HTTP/1.1\r\nx-b: 2\r\nHost: lab\r\nX-A: 1\r\nX-B: 3\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"2;e\r\nhe\r\n3\r\nllo\r\n0\r\nx-Late: 1\r\n\r\n").Want(t, 200,
		`{"method":"PUT","target":"/inspect?a=b","path":"/inspect","query":"a=b","proto":"HTTP/1.1","host":"lab",`+
			`"headers":[["X-A","1"],["X-B","2"],["X-B","3"]],"content_length":-1,"body_bytes":5,"body_sha256":"`+helloHash+
			`","trailers":[["X-Late","1"]]}`+"\n")
}

func TestStockEchoAndHijack(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-api", "nethttp")
	c := s.Dial()
	c.Send("POST /echo HTTP/1.1\r\nHost: lab\r\nContent-Type: a/b\r\nContent-Length: 6\r\n\r\none")
	if head := readUntil(t, c, "3\r\none\r\n"); !strings.Contains(head, "\r\nContent-Type: a/b\r\n") {
		t.Errorf("the head is\n%s", head)
	}
	c.Send("two")
	readUntil(t, c, "3\r\ntwo\r\n0\r\n\r\n")
	c.Send("GET /hijack HTTP/1.1\r\nHost: lab\r\n\r\nearly")
	head := cutDate(readUntil(t, c, "\r\n\r\n"))
	if head != "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n" {
		t.Errorf("the head is\n%s", head)
	}
	readUntil(t, c, "early")
	c.Send("late")
	readUntil(t, c, "late")
}

func TestStockNotes(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-api", "nethttp")
	c := s.Dial()
	c.Send("POST /consume HTTP/1.1\r\nHost: lab\r\nX-Upload-Id: a\r\nContent-Length: 9\r\n\r\nhello")
	c.HalfClose()
	if n := s.AwaitNote("a"); n.Bytes != 5 || n.Error != "unexpected EOF" {
		t.Errorf("the note is %+v", n)
	}
}
