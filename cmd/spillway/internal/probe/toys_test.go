// Servers that are wrong on purpose, in one way each.

package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/servertest"
)

// toy is a server's whole conduct on one connection.
type toy func(c *net.TCPConn, r *bufio.Reader)

// start serves a toy until the test ends, and returns its URL.
func (serve toy) start(t *testing.T) string {
	t.Helper()
	return "http://" + servertest.Serve(t, func(c *net.TCPConn, r *bufio.Reader) {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		serve(c, r)
	}) + "/"
}

// request is a head as a toy reads it: in good faith.
type toyRequest struct {
	method, target, version string
	length                  int64 // of the content; -1 if it is chunked
	fields                  string
}

func readToy(r *bufio.Reader) (*toyRequest, error) {
	line, err := r.ReadString('\n')
	for err == nil && strings.TrimSpace(line) == "" {
		line, err = r.ReadString('\n')
	}
	words := strings.Fields(line)
	if err != nil || len(words) < 2 {
		return nil, fmt.Errorf("no request line: %q, %v", line, err)
	}
	req := &toyRequest{method: words[0], target: words[1], version: words[len(words)-1]}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(line) == "" {
			return req, nil
		}
		req.fields += strings.ToLower(line)
		name, value, _ := strings.Cut(strings.ToLower(line), ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "content-length":
			req.length, _ = strconv.ParseInt(value, 0, 64)
		case "transfer-encoding":
			req.length = -1
		}
	}
}

// skip reads the content, forgiving everything.
func (req *toyRequest) skip(r *bufio.Reader) error {
	if req.length >= 0 {
		_, err := io.CopyN(io.Discard, r, req.length)
		return err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, _ := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(size), "0x"), 16, 63)
		if n == 0 {
			break
		}
		if _, err := io.CopyN(io.Discard, r, int64(n)); err != nil {
			return err
		}
		r.ReadString('\n')
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == "" {
			return err
		}
	}
}

// toyPage is the content of every answer.
const toyPage = "hello\n"

func (req *toyRequest) answer(w io.Writer, fields ...string) {
	content := toyPage
	head := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"
	if strings.HasPrefix(req.target, "/spillway-probe-") {
		head = strings.Replace(head, "200 OK", "404 Not Found", 1)
	}
	for _, f := range fields {
		head += f + "\r\n"
	}
	if req.method == "HEAD" {
		content = ""
	}
	io.WriteString(w, head+"\r\n"+content)
}

// lax serves everything it can make sense of, and keeps the connection.
func lax(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		req.answer(c)
	}
}

// leaving never reads content.
func leaving(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		req.answer(c)
	}
}

// secondThoughts answers each head at once, and says 400 if the content behind it then turns out to be broken.
func secondThoughts(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		req.answer(c)
		content := bufio.NewReader(io.LimitReader(r, max(req.length, 0)))
		if req.length < 0 {
			content = bufio.NewReader(httputil.NewChunkedReader(r))
		}
		_, err = io.Copy(io.Discard, content)
		if line, _ := r.Peek(2); req.length < 0 && (err != nil || string(line) != "\r\n") {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		if req.length < 0 {
			r.Discard(2)
		}
	}
}

// refusingGet takes no content with a GET, as the standard permits.
func refusingGet(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		if req.method == "GET" && req.length != 0 {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		req.answer(c)
	}
}

// echoing answers a request with its content, and knows only one other target.
func echoing(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		content := make([]byte, max(req.length, 0))
		if _, err := io.ReadFull(r, content); err != nil {
			return
		}
		status := "200 OK"
		if req.target != "/" {
			status = "404 Not Found"
		}
		fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(content), content)
	}
}

// slamming closes behind a request with content, whatever is still to come.
func slamming(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		if req.length != 0 {
			req.answer(c, "Connection: close")
			return
		}
		req.answer(c)
	}
}

// hurrying answers before it reads the content.
func hurrying(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		req.answer(c)
		if req.skip(r) != nil {
			return
		}
	}
}

// closing ends every connection behind a request with content, in the right way.
func closing(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		if req.length != 0 {
			req.answer(c, "Connection: close")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
		req.answer(c)
	}
}

// hanging never answers a request with content.
func hanging(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		if req.length != 0 {
			io.Copy(io.Discard, r)
			time.Sleep(5 * time.Second)
			return
		}
		req.answer(c)
	}
}

// forgetting throws its buffer away with each answer.
func forgetting(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		if r.Buffered() > 0 {
			req.answer(c)
			r.Discard(r.Buffered())
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
		req.answer(c)
	}
}

// cutting sends half of each answer to a request with content.
func cutting(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		if req.length != 0 {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
			return
		}
		req.answer(c)
	}
}

// answering returns a toy that answers plain requests, and those with content with this.
func answering(text string) toy {
	return func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := readToy(r)
			if err != nil || req.skip(r) != nil {
				return
			}
			if req.length != 0 {
				io.WriteString(c, text)
				continue
			}
			req.answer(c)
		}
	}
}

// speakingTLS answers plain text as a TLS server does.
func speakingTLS(c *net.TCPConn, r *bufio.Reader) {
	r.ReadByte()
	io.WriteString(c, "\x15\x03\x03\x00\x02\x02\x46")
	io.Copy(io.Discard, r)
}

// flooding returns a toy that repeats itself for ever behind a beginning, to those who send content or to everybody.
func flooding(beginning, again string, everybody bool) toy {
	return func(c *net.TCPConn, r *bufio.Reader) {
		req, err := readToy(r)
		if err != nil {
			return
		}
		if req.length == 0 && !everybody {
			req.answer(c)
			return
		}
		_, err = io.WriteString(c, beginning)
		again := strings.Repeat(again, 1000)
		for err == nil {
			_, err = io.WriteString(c, again)
		}
	}
}

// promising answers a request with content at once, with these fields, reads a quarter of a MiB of what is left, and then ends
// the connection in the right way.
func promising(fields ...string) toy {
	return func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := readToy(r)
			if err != nil {
				return
			}
			if req.length == 0 {
				req.answer(c)
				continue
			}
			req.answer(c, fields...)
			small := bufio.NewReader(io.LimitReader(r, 256<<10))
			if req.skip(small) != nil {
				c.CloseWrite()
				io.Copy(io.Discard, r)
				return
			}
		}
	}
}

// resetting answers a request with content at once, and resets the connection while the content comes.
func resetting(c *net.TCPConn, r *bufio.Reader) {
	req, err := readToy(r)
	if err != nil {
		return
	}
	req.answer(c)
	if req.length == 0 {
		return
	}
	io.CopyN(io.Discard, r, 512<<10)
	c.SetLinger(0)
}

// leavingSilently answers one request on each connection and ends it.
func leavingSilently(c *net.TCPConn, r *bufio.Reader) {
	if req, err := readToy(r); err == nil && req.skip(r) == nil {
		req.answer(c)
	}
}

// idling ends a connection on which nothing comes for a moment.
func idling(c *net.TCPConn, r *bufio.Reader) {
	for {
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		req.answer(c)
	}
}
