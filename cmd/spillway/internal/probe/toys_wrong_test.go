// Servers that a hasty judge would call worse than they are, or better.

package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// heady sends content with the answer to a HEAD.
func heady(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		req.method = "GET"
		req.answer(c)
	}
}

// doubting answers a request at once, and refuses what comes behind it if that does not look like a request.
func doubting(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err == nil && (req.method < "A" || req.version != "HTTP/1.1") {
			err = fmt.Errorf("%s is no method", req.method)
		}
		if err != nil {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
		req.answer(c)
	}
}

// refusing answers 400 to content in chunks and to lengths that are not digits, twice if it finds more, and closes.
func refusing(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err == nil && req.length == 0 && !strings.Contains(req.fields, "content-length:") {
			req.answer(c)
			continue
		}
		fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		if r.ReadByte(); r.Buffered() > 0 {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
		c.CloseWrite()
		io.Copy(io.Discard, r)
		return
	}
}

// ancient speaks HTTP/0.9 to those who do.
func ancient(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		if !strings.HasPrefix(req.version, "HTTP/") {
			io.WriteString(c, toyPage)
			return
		}
		req.answer(c)
	}
}

// dropping drops lines that begin with white space.
func dropping(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		if strings.HasPrefix(req.fields, " ") {
			req.length = 0
		}
		if req.skip(r) != nil {
			return
		}
		req.answer(c)
	}
}

// oneSided closes when the client has ended its direction, whatever it has asked for.
func oneSided(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := r.Peek(1); err == io.EOF {
			return
		}
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		req.answer(c)
	}
}

// unmoved takes no notice of Connection: close until another request comes.
func unmoved(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		req.answer(c)
		if strings.Contains(req.fields, "close") {
			r.Peek(1)
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
	}
}

// gulping takes whatever comes within a moment for content.
func gulping(c *net.TCPConn, r *bufio.Reader) {
	for {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		req, err := readToy(r)
		if err != nil {
			return
		}
		if req.length != 0 {
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			io.Copy(io.Discard, r)
		}
		req.answer(c)
	}
}

// prefixing reads a chunk's size as far as it is digits, so that 0x5 is the last chunk.
func prefixing(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		size := ""
		if req.length < 0 {
			b, _ := r.Peek(2)
			size = string(b)
		}
		if size == "0x" {
			r.ReadString('\n')
			r.ReadString('\n')
		} else if req.skip(r) != nil {
			return
		}
		req.answer(c)
	}
}

func TestVerdictsAreRight(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		toy  toy
		only string
		want Verdict
	}{
		{"content with HEAD", heady, "HEAD, then GET", Wrong},
		{"content with HEAD", heady, "leftover content: HEAD with content", Wrong},
		{"content with HEAD", heady, "leftover content: plain words", Wrong},
		{"content with HEAD", heady, "HEAD between two", Wrong},
		{"content left behind", leaving, "leftover content: plain words", Desync},
		{"refused behind the answer", doubting, "size with 0x", Lax},
		{"refused behind the answer", doubting, "a malformed trailer", Lax},
		{"the hidden request not answered", gulping, "size with 0x", Lax},
		{"the hidden request not answered", gulping, "bare CR behind the size", Lax},
		{"the hidden request behind answered", lax, "bare LF behind the size", Ambig},
		{"the hidden request inside answered", prefixing, "size with 0x", Desync},
		{"refused twice", refusing, "a negative length", OK},
		{"a line dropped", dropping, "a space before the first field", OK},
		{"a line taken for a field", lax, "a space before the first field", Lax},
		{"a line refused", refusing, "a space before the first field", OK},
		{"a page without a head", ancient, "HTTP/0.9", Lax},
		{"a line without a version answered", lax, "HTTP/0.9", Lax},
		{"two Hosts believed", lax, "two Hosts, HTTP/1.0", Lax},
		{"a tunnel to nowhere", lax, "CONNECT to port 65536", Lax},
		{"closing on a half-close", oneSided, "half-closed behind a request", Closed},
		{"closing on a half-close", oneSided, "half-closed behind content", Closed},
		{"answering on a half-close", lax, "half-closed behind a request", OK},
		{"close heard with the next request", unmoved, "Connection: close, and nothing behind", Hang},
		{"close heard with the next request", unmoved, "persistence: Connection: close", OK},
	} {
		t.Run(tt.name+", "+tt.only, func(t *testing.T) {
			t.Parallel()
			rep := probe(t, tt.toy.start(t), tt.only)
			played := 0
			for i := range rep.Results {
				if !strings.HasSuffix(tt.only, rep.Results[i].Name) {
					continue
				}
				if played++; rep.Results[i].Verdict != tt.want {
					dump(t, &rep.Results[i])
				}
			}
			if played == 0 {
				t.Error("no such scenario")
			}
		})
	}
}
