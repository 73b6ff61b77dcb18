// The lab's routes, row by row.

package command_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

const plainText = "text/plain; charset=utf-8"

// TestRoutes asks every route for everything that its row in the table says, on one connection.
func TestRoutes(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	c := s.Dial()
	for _, test := range []struct {
		target  string
		content string
		status  int
		body    string
	}{
		{"/plaintext", "", 200, "Hello, World!"},
		{"/plaintext", "content", 200, "Hello, World!"},
		{"/plaintext?n=1", "", 200, "Hello, World!"},
		{"/consume", "", 200, "consumed 0 bytes\n"},
		{"/consume", "content", 200, "consumed 7 bytes\n"},
		{"/ignore", "", 200, "ignored\n"},
		{"/ignore", "content", 200, "ignored\n"},
		{"/fail", "", 500, "Internal Server Error\n"},
		{"/fail", "content", 500, "Internal Server Error\n"},
		{"/partial?n=0", "content", 200, "read 0 bytes\n"},
		{"/partial?n=6", "content", 200, "read 6 bytes\n"},
		{"/partial?n=7", "content", 200, "read 7 bytes\n"},
		{"/partial?n=8", "content", 200, "read 7 bytes\n"},
		{"/partial?n=9223372036854775807", "content", 200, "read 7 bytes\n"},
		{"/partial?n=3", "", 200, "read 0 bytes\n"},
		{"/partial?other=4&n=%33&n=5", "content", 200, "read 3 bytes\n"},
		{"/partial", "", 400, "n: the query has no such parameter\n"},
		{"/partial?n", "", 400, "n: \"\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=", "content", 400, "n: \"\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=-1", "", 400, "n: \"-1\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=+1", "", 400, "n: \" 1\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=0x1", "", 400, "n: \"0x1\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=1_0", "", 400, "n: \"1_0\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=9223372036854775808", "", 400,
			"n: \"9223372036854775808\" is not a number from 0 to 9223372036854775807\n"},
		{"/partial?n=%zz", "", 400, "n: \"%zz\" is not percent-encoded\n"},
		{"/partial?n=%0d%0aé", "", 400, "n: \"\\r\\n\\u00e9\" is not a number from 0 to 9223372036854775807\n"},
		{"/reject?max=7", "content", 200, "consumed 7 bytes\n"},
		{"/reject?max=6", "content", 413, "too large: the limit is 6 bytes\n"},
		{"/reject?max=0", "content", 413, "too large: the limit is 0 bytes\n"},
		{"/reject?max=0", "", 200, "consumed 0 bytes\n"},
		{"/reject?max=x", "content", 400, "max: \"x\" is not a number from 0 to 9223372036854775807\n"},
		{"/bytes?n=0", "", 200, ""},
		{"/bytes?n=5", "content", 200, "xxxxx"},
		{"/bytes?n=1000000", "", 200, strings.Repeat("x", 1_000_000)},
		{"/bytes?n=x", "", 400, "n: \"x\" is not a number from 0 to 9223372036854775807\n"},
		{"/stream?n=5", "", 400, "chunk: the query has no such parameter\n"},
		{"/stream?n=5&chunk=0", "", 400, "chunk: \"0\" is not a number from 1 to 9223372036854775807\n"},
		{"/stream?chunk=5", "", 400, "n: the query has no such parameter\n"},
		{"/status?code=200", "content", 200, ""},
		{"/status?code=404", "", 404, ""},
		{"/status?code=299", "", 299, ""},
		{"/status?code=999", "", 999, ""},
		{"/status?code=199", "", 400, "code: \"199\" is not a number from 200 to 999\n"},
		{"/status?code=1000", "", 400, "code: \"1000\" is not a number from 200 to 999\n"},
		{"/status", "", 400, "code: the query has no such parameter\n"},
		{"/sleep?ms=0", "content", 200, "slept\n"},
		{"/sleep?ms=1s", "", 400, "ms: \"1s\" is not a number from 0 to 9223372036854\n"},
		{"/sleep?ms=9223372036855", "", 400, "ms: \"9223372036855\" is not a number from 0 to 9223372036854\n"},
		{"/uploads?id=nobody", "", 404, "no upload with this id has ended\n"},
		{"/uploads", "", 400, "id: the query has no such parameter\n"},
		{"/uploads?id=%", "", 400, "id: \"%\" is not percent-encoded\n"},
		{"//", "", 404, "no such route\n"},
		{"/?", "content", 200, ""},
		{"/plaintext/", "", 404, "no such route\n"},
		{"/Plaintext", "content", 404, "no such route\n"},
		{"/../plaintext", "", 404, "no such route\n"},
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS", "BREW", "HEAD"} {
			a := c.Ask(sockets.Spell(method, test.target, test.content))
			if method == "HEAD" {
				a.Want(t, test.status, "")
			} else {
				if strings.HasPrefix(test.target, "/?") {
					test.body = a.Content // see TestTheListOfRoutes
				}
				a.Want(t, test.status, test.body)
				if a.ContentLength != int64(len(test.body)) {
					t.Errorf("Content-Length %d", a.ContentLength)
				}
			}
			if a.Header.Get("Content-Type") != plainText || a.Close || a.TransferEncoding != nil {
				t.Errorf("the head of the response is %s, %v", a.Status, a.Header)
			}
			if t.Failed() {
				t.Fatalf("of %s %s with %d bytes of content", method, test.target, len(test.content))
			}
		}
	}
}

// TestStatusWithoutContent asks for responses that must not have any.
func TestStatusWithoutContent(t *testing.T) {
	t.Parallel()
	c := command.Start(t).Dial()
	for _, status := range []string{"204", "304"} {
		a := c.Ask("GET /status?code=" + status + " HTTP/1.1\r\nHost: lab\r\n\r\n")
		if !strings.HasPrefix(a.Status, status) || a.Header.Get("Content-Length") != "" || a.TransferEncoding != nil {
			t.Errorf("%s has the head %v", a.Status, a.Header)
		}
		c.WantKept()
	}
}

// TestHugeBytesAndStream takes the beginning of what never ends, and asks for its head.
func TestHugeBytesAndStream(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	rss := s.Memory("VmRSS")
	const most = "9223372036854775807"
	for _, target := range []string{"/bytes?n=" + most, "/stream?n=" + most + "&chunk=10000", "/stream?n=" + most + "&chunk=" + most} {
		c := s.Dial()
		c.Ask("HEAD "+target+" HTTP/1.1\r\nHost: lab\r\n\r\n").Want(t, 200, "")
		c.Send("GET %s HTTP/1.1\r\nHost: lab\r\n\r\n", target)
		res, err := http.ReadResponse(c.In, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.CopyN(io.Discard, res.Body, 20<<20); err != nil {
			t.Errorf("%s ended after %d bytes: %v", target, n, err)
		}
		c.Close()
	}
	if !sockets.Race {
		wantGrowth(t, s, rss)
	}
}

// TestStreamIsFlushed reads a response's chunks as they are.
func TestStreamIsFlushed(t *testing.T) {
	t.Parallel()
	c := command.Start(t).Dial()
	for target, want := range map[string]string{
		"/stream?n=0&chunk=1":  "0\r\n\r\n",
		"/stream?n=3&chunk=5":  "3\r\nxxx\r\n0\r\n\r\n",
		"/stream?n=5&chunk=2":  "2\r\nxx\r\n2\r\nxx\r\n1\r\nx\r\n0\r\n\r\n",
		"/stream?n=4&chunk=2":  "2\r\nxx\r\n2\r\nxx\r\n0\r\n\r\n",
		"/stream?n=18&chunk=9": "9\r\nxxxxxxxxx\r\n9\r\nxxxxxxxxx\r\n0\r\n\r\n",
	} {
		c.Send("GET %s HTTP/1.1\r\nHost: lab\r\n\r\n", target)
		head := readUntil(t, c, "\r\n\r\n")
		if !strings.Contains(head, "\r\nTransfer-Encoding: chunked\r\n") ||
			!strings.Contains(head, "\r\nContent-Type: "+plainText+"\r\n") || strings.Contains(head, "Content-Length") {
			t.Errorf("%s has the head\n%s", target, head)
		}
		if got := readUntil(t, c, "0\r\n\r\n"); got != want {
			t.Errorf("%s is %q, want %q", target, got, want)
		}
	}
}

// readUntil returns what comes up to and including an end.
func readUntil(t *testing.T, c *command.Client, end string) string {
	t.Helper()
	var got []byte
	for !strings.HasSuffix(string(got), end) {
		b, err := c.In.ReadByte()
		if err != nil {
			t.Fatalf("no %q, but %q, %v", end, got, err)
		}
		got = append(got, b)
	}
	return string(got)
}

// TestEcho sends nothing more until what was sent has come back.
func TestEcho(t *testing.T) {
	t.Parallel()
	c := command.Start(t).Dial()
	for _, framed := range []struct {
		fields string
		pieces []string
	}{
		{"Content-Length: 9\r\nContent-Type: a/b; c=\"é\"\r\n", []string{"one", "two", "three"[:3]}},
		{"Transfer-Encoding: chunked\r\ncontent-type: a/b; c=\"é\"\r\n",
			[]string{"3\r\none\r\n", "3\r\ntwo\r\n", "3\r\nthr\r\n", "0\r\n\r\n"}},
	} {
		c.Send("POST /echo HTTP/1.1\r\nHost: lab\r\n%s\r\n", framed.fields)
		for i, piece := range framed.pieces {
			c.Send("%s", piece)
			if i == 0 {
				head := readUntil(t, c, "\r\n\r\n")
				if !strings.Contains(head, "\r\nContent-Type: a/b; c=\"é\"\r\n") ||
					!strings.Contains(head, "\r\nTransfer-Encoding: chunked\r\n") {
					t.Errorf("the head is\n%s", head)
				}
			}
			if i < 3 {
				want := "3\r\n" + []string{"one", "two", "thr"}[i] + "\r\n"
				if got := readUntil(t, c, want); got != want {
					t.Errorf("%q came back as %q", piece, got)
				}
			}
		}
		readUntil(t, c, "0\r\n\r\n")
	}
	a := c.Ask("GET /echo HTTP/1.1\r\nHost: lab\r\n\r\n")
	a.Want(t, 200, "")
	if len(a.TransferEncoding) != 1 || a.Header.Get("Content-Type") != plainText {
		t.Errorf("without content, the head is %v, %v", a.TransferEncoding, a.Header)
	}
	c.Ask(sockets.Spell("HEAD", "/echo", "content")).Want(t, 200, "")
	c.Send("POST /echo HTTP/1.1\r\nHost: lab\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	c.Receive("POST").Want(t, 100, "")
	c.Send("ok")
	c.Receive("POST").Want(t, 200, "ok")
	c.Send("POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nok")
	if a := c.Receive("POST"); a.Content != "ok" || a.ContentLength != -1 || a.TransferEncoding != nil {
		t.Errorf("HTTP/1.0 gets %v, %q", a.Header, a.Content)
	}
	c.WantEnd()
}

// TestInspect compares the whole JSON: order and spelling are part of it.
func TestInspect(t *testing.T) {
	t.Parallel()
	c := command.Start(t).Dial()
	const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	for _, test := range []struct{ request, want string }{
		{"GET /inspect HTTP/1.1\r\nHost: lab\r\n\r\n",
			`{"method":"GET","target":"/inspect","path":"/inspect","query":"","proto":"HTTP/1.1","host":"lab",` +
				`"headers":[["Host","lab"]],"content_length":0,"body_bytes":0,"body_sha256":"` + emptyHash + `","trailers":[]}`},
		{"BREW http://other:80/inspect?a=b&c=<%20é> HTTP/1.1\r\nx-B:  two \r\nhOST: lab\r\nX-b:\r\nX-A: é\r\nContent-Length: 5\r\n\r\nhello",
			`{"method":"BREW","target":"http://other:80/inspect?a=b&c=<%20é>","path":"/inspect","query":"a=b&c=<%20é>",` +
				`"proto":"HTTP/1.1","host":"other:80","headers":[["x-B","two"],["hOST","lab"],["X-b",""],["X-A","é"],` +
				`["Content-Length","5"]],"content_length":5,"body_bytes":5,"body_sha256":"` + helloHash + `","trailers":[]}`},
		{"PUT /inspect HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"2;e\r\nhe\r\n3\r\nllo\r\n0\r\nx-Late: 1\r\nX-Late:  2\r\nHost: never\r\n\r\n",
			`{"method":"PUT","target":"/inspect","path":"/inspect","query":"","proto":"HTTP/1.1","host":"lab",` +
				`"headers":[["Host","lab"],["Transfer-Encoding","chunked"]],"content_length":-1,"body_bytes":5,` +
				`"body_sha256":"` + helloHash + `","trailers":[["x-Late","1"],["X-Late","2"]]}`},
		{"GET /inspect HTTP/1.0\r\nConnection: keep-alive\r\nX: \xff\"\\\x80\r\n\r\n",
			`{"method":"GET","target":"/inspect","path":"/inspect","query":"","proto":"HTTP/1.0","host":"",` +
				`"headers":[["Connection","keep-alive"],["X","\ufffd\"\\\ufffd"]],"content_length":0,"body_bytes":0,` +
				`"body_sha256":"` + emptyHash + `","trailers":[]}`},
	} {
		a := c.Ask(test.request)
		a.Want(t, 200, test.want+"\n")
		if a.Header.Get("Content-Type") != "application/json" || a.ContentLength != int64(len(a.Content)) {
			t.Errorf("the head is %v", a.Header)
		}
	}
	c.Ask("HEAD /inspect HTTP/1.1\r\nHost: lab\r\n\r\n").Want(t, 200, "")
	long := strings.Repeat("é", 20_000) // far more than a response's buffer
	a := c.Ask("GET /inspect HTTP/1.1\r\nHost: lab\r\nX: " + long + "\r\n\r\n")
	if !strings.Contains(a.Content, long) || a.ContentLength != int64(len(a.Content)) {
		t.Errorf("a long field makes a response of %d bytes, Content-Length %d", len(a.Content), a.ContentLength)
	}
}

// TestRejectUnasked declares too much and waits to be asked for it.
func TestRejectUnasked(t *testing.T) {
	t.Parallel()
	c := command.Start(t).Dial()
	c.Send("POST /reject?max=5 HTTP/1.1\r\nHost: lab\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	c.Receive("POST").Want(t, 100, "")
	c.Send("hello")
	c.Receive("POST").Want(t, 200, "consumed 5 bytes\n")
	c.Send("POST /reject?max=5 HTTP/1.1\r\nHost: lab\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n")
	c.Receive("POST").Want(t, 413, "too large: the limit is 5 bytes\n")
}

// TestRejectStopsInTime sends one byte too many of content that has no declared length, and waits. Nobody knows how much is
// to come, so the response says close.
func TestRejectStopsInTime(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	c := s.Dial()
	c.Send("POST /reject?max=5 HTTP/1.1\r\nHost: lab\r\nX-Upload-Id: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	c.Send("1\r\n!")
	res := c.Receive("POST")
	if res.Want(t, 413, "too large: the limit is 5 bytes\n"); !res.Close {
		t.Error("the response does not say close")
	}
	if n := s.AwaitNote("a"); n.Bytes != 5 || n.Error != "body: content of more than 5 bytes" {
		t.Errorf("the note is %+v", n)
	}
	c.Send("\r\n0\r\n\r\n")
	c.WantEnd()
}

// TestSleep sleeps, and notices who leaves meanwhile.
func TestSleep(t *testing.T) {
	t.Parallel()
	s := command.Start(t, "-trace")
	c := s.Dial()
	began := time.Now()
	c.Ask("GET /sleep?ms=150 HTTP/1.1\r\nHost: lab\r\n\r\n").Want(t, 200, "slept\n")
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("slept %v", took)
	}
	for i, leave := range []func(*command.Client){func(c *command.Client) { c.Close() }, func(c *command.Client) { c.Reset() }, (*command.Client).HalfClose} {
		c := s.Dial()
		c.Send("GET /sleep?ms=3600000 HTTP/1.1\r\nHost: lab\r\n\r\n")
		s.Await(fmt.Sprintf(`conn %d exchange 1: head`, i+2))
		leave(c)
		s.Await(fmt.Sprintf(`conn %d exchange 1: response: 200, 6 bytes`, i+2))
	}
}

// TestHijack has everything sent back: what came with the request, and what comes later.
func TestHijack(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	for _, fields := range []string{"", "Content-Length: 5\r\n"} {
		c := s.Dial()
		c.Send("GET /hijack HTTP/1.1\r\nHost: lab\r\n%s\r\nearly", fields)
		head := readUntil(t, c, "\r\n\r\n")
		if head = cutDate(head); head != "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n" {
			t.Errorf("the head is\n%s", head)
		}
		if got := readUntil(t, c, "early"); got != "early" {
			t.Errorf("got %q", got)
		}
		for range 3 {
			c.Send("GET /plaintext HTTP/1.1\r\n\r\n")
			if got := readUntil(t, c, "\r\n\r\n"); got != "GET /plaintext HTTP/1.1\r\n\r\n" {
				t.Errorf("got %q", got)
			}
		}
		c.HalfClose()
		c.WantEnd()
	}
	s.Dial().Ask("GET /hijack HTTP/1.0\r\n\r\n").Want(t, 400, "HTTP/1.0 knows no upgrade\n")
}

// cutDate removes the Date field.
func cutDate(head string) string {
	before, date, ok := strings.Cut(head, "Date: ")
	if _, after, found := strings.Cut(date, "\r\n"); ok && found {
		return before + after
	}
	return head
}

// TestFail looks for the panic in the log, and for the connection after it.
func TestFail(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	c := s.Dial()
	c.Ask(sockets.Spell("POST", "/fail", "content")).Want(t, 500, "Internal Server Error\n")
	c.WantKept()
	s.Await(`panic.*this route fails.*path=/fail`)
}
