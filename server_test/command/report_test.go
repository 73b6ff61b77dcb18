// The reports that spillway is there to put to rest, each over a real socket.

package command_test

import (
	"bytes"
	"hash/crc32"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// TestReport1LeftoverIsNeverARequest sends a second request behind content that the first one's handler did not read.
func TestReport1LeftoverIsNeverARequest(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is not installed: ", err)
	}
	for _, test := range []struct{ first, want string }{
		{"/fail", "Internal Server Error\nconsumed 7 bytes\n"},
		{"/ignore", "ignored\nconsumed 7 bytes\n"},
		{"/consume", "consumed 7 bytes\nconsumed 7 bytes\n"},
	} {
		t.Run(strings.Trim(test.first, "/"), func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, "-trace")
			var diagnosis bytes.Buffer
			cmd := exec.Command(curl, "-X", "POST", s.URL+test.first, "-d", "foo=bar", "-:",
				"-X", "POST", s.URL+"/consume", "-d", "a=b&x=y")
			cmd.Stderr = &diagnosis
			out, err := cmd.Output()
			if err != nil || string(out) != test.want {
				t.Errorf("curl: %q, %v; want %q\n%s", out, err, test.want, &diagnosis)
			}
			s.Await(`conn 1 exchange 1: head: POST "` + test.first + `", content 7$`)
			s.Await(`conn 1 exchange 2: head: POST "/consume", content 7$`)
			if s.Has(`conn 2`) || s.Has(`exchange 3`) || s.Has(`refused`) || s.Has(`foo=bar`) {
				t.Errorf("the trace tells of something else:\n%s", s.Stderr.String())
			}
		})
	}
}

// TestReport2RejectedUploadReadsItsResponse sends much more than the server takes and reads nothing until all is sent.
func TestReport2RejectedUploadReadsItsResponse(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	const tooLarge = "too large: the limit is 1000 bytes\n"
	for name, size := range map[string]int{"100 kB": 100_000, "5 MB": 5_000_000, "50 MB": 50_000_000} {
		content := bytes.Repeat([]byte("x"), size)
		t.Run(name, func(t *testing.T) {
			c := s.Dial()
			c.Send("POST /reject?max=1000 HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n", size)
			if n, err := c.Write(content); err != nil {
				t.Fatalf("the connection broke after %d bytes: %v", n, err)
			}
			a := c.Receive("POST")
			a.Want(t, 413, tooLarge)
			if fits := size <= 256<<10; a.Close == fits {
				t.Errorf("Connection: close is %t", a.Close)
			} else if fits {
				c.WantKept()
			} else {
				c.WantEnd()
			}
		})
		t.Run(name+" chunked", func(t *testing.T) {
			c := s.Dial()
			c.Send("POST /reject?max=1000 HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", size)
			if n, err := c.Write(content); err != nil {
				t.Fatalf("the connection broke after %d bytes: %v", n, err)
			}
			c.Send("\r\n0\r\n\r\n")
			a := c.Receive("POST")
			a.Want(t, 413, tooLarge)
			switch { // the answer may come before the end of the chunks, and says close then
			case a.Close:
				c.WantEnd()
			case size > 256<<10:
				t.Error("more than the drain budget is left, and the response does not say close")
			default:
				c.WantKept()
			}
		})
	}
}

// TestReport3DroppedUploadIsNoticed ends uploads in the middle, in every way that there is.
func TestReport3DroppedUploadIsNoticed(t *testing.T) {
	t.Parallel()
	const sent = 12_345
	fixed := "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", sent)
	chunked := "Transfer-Encoding: chunked\r\n\r\n2345\r\n" + strings.Repeat("x", 0x2345) + "\r\n" +
		"ffff\r\n" + strings.Repeat("x", sent-0x2345)
	ways := map[string]struct {
		end   func(*command.Client)
		error string // how the note's error begins
		flags []string
	}{
		"FIN":        {func(c *command.Client) { c.Close() }, "body: peer closed after ", nil},
		"half-close": {func(c *command.Client) { c.HalfClose() }, "body: peer closed after ", nil},
		"RST":        {func(c *command.Client) { c.Reset() }, "body: peer closed after ", nil},
		"stall, read timeout": {func(*command.Client) {}, "body: peer too slow after ",
			[]string{"-read-timeout", "300ms", "-min-read-rate", "0"}},
		"stall, rate": {func(*command.Client) {}, "body: peer too slow after ", []string{"-rate-grace", "300ms"}},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, way.flags...)
			for framing, request := range map[string]string{"fixed": fixed, "chunked": chunked} {
				for _, route := range []string{"/consume", "/inspect", "/partial?n=999999", "/reject?max=1000000"} {
					id := strings.NewReplacer("/", "", "?", "-", "=", "-").Replace(framing + route)
					c := s.Dial()
					c.Send("POST %s HTTP/1.1\r\nHost: lab\r\nX-Upload-Id: %s\r\n%s", route, id, request)
					way.end(c)
					n := s.AwaitNote(id)
					if n.ID != id || n.Bytes != sent || !strings.HasPrefix(n.Error, way.error+"12345 ") {
						t.Errorf("%s: the note is %+v", id, n)
					}
				}
			}
		})
	}
}

// TestReport4StrangeContentIsBounded sends content where none is expected, without end, in crumbs, and behind CONNECT.
// All of it spells requests; none may be answered.
func TestReport4StrangeContentIsBounded(t *testing.T) {
	t.Parallel()
	const smuggled = "GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n"
	// one checks that the connection saw one request only, and what the server's memory has grown by.
	one := func(t *testing.T, s *command.Server, rss int64) {
		t.Helper()
		s.Await(`conn 1 exchange 1: closed|conn 1: closed`)
		if s.Has(`exchange 2`) {
			t.Errorf("content became a request:\n%s", s.Stderr.String())
		}
		if grown := s.Memory("VmHWM") - rss; grown > 8<<20 && !sockets.Race {
			t.Errorf("resident memory has grown by %d bytes", grown)
		}
	}
	flags := []string{"-trace", "-linger-timeout", "500ms", "-drain-timeout", "500ms"}

	t.Run("GET with content", func(t *testing.T) {
		t.Parallel()
		s := command.Start(t)
		for _, route := range []string{"/plaintext", "/ignore", "/fail", "/consume", "/partial?n=3", "/inspect", "/echo"} {
			c := s.Dial()
			for _, framed := range []string{
				"Content-Length: 38\r\n\r\n" + smuggled,
				"Transfer-Encoding: chunked\r\n\r\n26\r\n" + smuggled + "\r\n0\r\n\r\n",
			} {
				c.Send("GET %s HTTP/1.1\r\nHost: lab\r\n%sGET /bytes?n=3 HTTP/1.1\r\nHost: lab\r\n\r\n", route, framed)
				c.Receive("GET")
				c.Receive("GET").Want(t, 200, "xxx")
			}
		}
	})
	for _, route := range []string{"/plaintext", "/ignore", "/fail", "/reject?max=100", "/partial?n=100"} {
		t.Run("endless chunked content to "+strings.Trim(route, "/"), func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, flags...)
			rss := s.Memory("VmRSS")
			c := s.Dial()
			c.Send("POST %s HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n", route)
			c.SendUntilRefused([]byte(strings.Repeat("26\r\n"+smuggled+"\r\n", 100)))
			one(t, s, rss)
		})
	}
	for _, route := range []string{"/consume", "/echo"} {
		t.Run("endless chunked content to "+route[1:], func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, append(flags, "-read-timeout", "1s", "-min-read-rate", "0")...)
			rss := s.Memory("VmRSS")
			c := s.Dial()
			go io.Copy(io.Discard, c.In)
			c.Send("POST %s HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n", route)
			c.SendUntilRefused([]byte(strings.Repeat("26\r\n"+smuggled+"\r\n", 100)))
			one(t, s, rss)
		})
	}
	for _, route := range []string{"/consume", "/ignore", "/echo", "/inspect"} {
		t.Run("a million one-byte chunks to "+route[1:], func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, "-trace")
			rss := s.Memory("VmRSS")
			c := s.Dial()
			c.Send("POST %s HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n", route)
			var crumbs bytes.Buffer
			for i := range 1_000_000 {
				crumbs.WriteString("1\r\n" + smuggled[i%len(smuggled):][:1] + "\r\n")
			}
			crumbs.WriteString("0\r\n\r\n")
			answered := make(chan error, 1)
			go func() { // as a client that reads while it sends
				res, err := http.ReadResponse(c.In, nil)
				if err == nil {
					io.Copy(io.Discard, res.Body)
				}
				answered <- err
			}()
			if _, err := c.Write(crumbs.Bytes()); err != nil {
				t.Errorf("the connection broke: %v", err)
			}
			if err := <-answered; err != nil {
				t.Errorf("no response: %v", err)
			}
			c.Close()
			one(t, s, rss)
		})
	}
	for _, target := range []string{"lab:443", "/plaintext", "*"} {
		t.Run("CONNECT "+target, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, flags...)
			rss := s.Memory("VmRSS")
			c := s.Dial()
			c.Send("CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n%s", target, smuggled)
			if a := c.Receive("CONNECT"); a.StatusCode < 400 || !a.Close {
				t.Errorf("the response is %s, with Connection: close %t", a.Status, a.Close)
			}
			c.WantEnd()
			c.Close()
			one(t, s, rss)
		})
	}
}

// TestReport5UploadsAreStreamed uploads 1 GiB: to be read, and to be sent back.
func TestReport5UploadsAreStreamed(t *testing.T) {
	const size, piece = 1 << 30, 1 << 20
	content := make([]byte, piece)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	head := func(route string) string {
		return "POST " + route + " HTTP/1.1\r\nHost: lab\r\nContent-Length: 1073741824\r\n\r\n"
	}
	rest := func(c *command.Client) { // all but the first byte
		b := content[1:]
		for range size / piece {
			if _, err := c.Write(b); err != nil {
				t.Errorf("the connection broke: %v", err)
				return
			}
			b = content
		}
	}
	t.Run("consume", func(t *testing.T) {
		s := command.StartOf(t, command.Plain, "-addr", "127.0.0.1:0")
		rss := s.Memory("VmRSS")
		c := s.Dial()
		c.Send("%s%s", head("/consume"), content[:1])
		rest(c)
		c.Receive("POST").Want(t, 200, "consumed 1073741824 bytes\n")
		wantGrowth(t, s, rss)
	})
	t.Run("echo", func(t *testing.T) {
		s := command.StartOf(t, command.Plain, "-addr", "127.0.0.1:0")
		rss := s.Memory("VmRSS")
		c := s.Dial()
		c.Send("%s%s", head("/echo"), content[:1])
		res, err := http.ReadResponse(c.In, nil)
		if err != nil {
			t.Fatal(err)
		}
		var first [1]byte // comes back before the rest is sent
		if _, err := io.ReadFull(res.Body, first[:]); err != nil || first[0] != content[0] {
			t.Fatalf("the first byte came back as %x, %v", first, err)
		}
		go rest(c)
		want := crc32.NewIEEE()
		for range size / piece {
			want.Write(content)
		}
		got := crc32.NewIEEE()
		got.Write(first[:])
		n, err := io.CopyBuffer(got, res.Body, make([]byte, 256<<10))
		if err != nil || n != size-1 || got.Sum32() != want.Sum32() {
			t.Errorf("%d bytes came back behind the first, with checksum %x, %v; want %x", n, got.Sum32(), err, want.Sum32())
		}
		wantGrowth(t, s, rss)
	})
	t.Run("the first bytes are read before the last are sent", func(t *testing.T) {
		s := command.StartOf(t, command.Plain, "-addr", "127.0.0.1:0")
		c := s.Dial()
		c.Send("%sfirst", head("/partial?n=5"))
		c.Receive("POST").Want(t, 200, "read 5 bytes\n")
	})
}

// wantGrowth checks how far the server's resident memory has ever been above rss.
func wantGrowth(t *testing.T, s *command.Server, rss int64) {
	t.Helper()
	if grown := s.Memory("VmHWM") - rss; grown >= 8<<20 {
		t.Errorf("resident memory has grown by %d bytes", grown)
	} else {
		t.Logf("resident memory has grown by %d kB, from %d kB", grown>>10, rss>>10)
	}
}
