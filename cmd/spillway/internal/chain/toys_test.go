// Proxies and backends that are wrong on purpose, in one way each.

package chain

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/servertest"
)

// toyRequest is a request as a toy reads it.
type toyRequest struct {
	method, target string
	head           []byte // as it came, with the empty line
	coding         string
	length         int64 // -1: none
}

func readToy(r *bufio.Reader) (*toyRequest, error) {
	req := &toyRequest{length: -1}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		words := strings.Fields(line)
		if req.method == "" && len(words) < 3 {
			continue // what is left of something else
		}
		req.head = append(req.head, line...)
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); {
		case len(words) == 0:
			return req, nil
		case req.method == "":
			req.method, req.target = words[0], words[1]
		case strings.EqualFold(name, "Transfer-Encoding"):
			req.coding = strings.TrimSpace(value)
		case strings.EqualFold(name, "Content-Length"):
			req.length, _ = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
}

// content reads the content, chunked if chunked is true, and returns it as it came and decoded.
func (req *toyRequest) content(r *bufio.Reader, chunked bool) (raw, decoded []byte, err error) {
	if !chunked {
		raw = make([]byte, max(req.length, 0))
		_, err = io.ReadFull(r, raw)
		return raw, raw, err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, nil, err
		}
		n, err := strconv.ParseUint(strings.TrimSpace(line), 16, 16)
		if err != nil {
			return nil, nil, err
		}
		data := make([]byte, n+2)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, nil, err
		}
		raw, decoded = append(append(raw, line...), data...), append(decoded, data[:n]...)
		if n == 0 {
			return raw, decoded, nil
		}
	}
}

// toyBackend decides on a request: the answer, or "" for a plain one, and how the content is read: 0 as chunked if the
// coding is there, 1 by its length only.
type toyBackend func(target, coding string, head []byte) (answer string, reading int)

// knowsChunked takes whatever begins with chunked for that.
func knowsChunked(string, string, []byte) (string, int) { return "", 0 }

// exactChunked knows chunked only where nothing else stands there.
func exactChunked(_, coding string, _ []byte) (string, int) {
	if coding == "chunked" {
		return "", 0
	}
	return "", 1
}

// start serves until the test ends, and returns the address.
func (b toyBackend) start(t *testing.T) string {
	t.Helper()
	return servertest.Serve(t, func(c *net.TCPConn, r *bufio.Reader) {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		for {
			req, err := readToy(r)
			if err != nil {
				return
			}
			answer, reading := b(req.target, req.coding, req.head)
			if _, _, err := req.content(r, req.coding != "" && reading == 0); err != nil {
				return
			}
			if answer == "" {
				answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"
				if strings.HasPrefix(req.target, "/spillway-probe-") {
					answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnone\n"
				}
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	})
}

// toyProxy forwards one request after the other, and what it does not do it leaves as it came.
type toyProxy struct {
	refuses    bool // every coding but chunked
	normalises bool // sends a length, whatever it got
	byLength   bool // believes a length where there is a coding too
	keeps      bool // uses one connection to the backend for all clients
}

// start serves until the test ends, and returns the URL of the proxy's page.
func (p toyProxy) start(t *testing.T, backend string) string {
	t.Helper()
	pool := &toyPool{backend: backend, keeps: p.keeps}
	t.Cleanup(pool.close)
	return "http://" + servertest.Serve(t, func(c *net.TCPConn, r *bufio.Reader) {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		for {
			req, err := readToy(r)
			if err != nil {
				return
			}
			forwarded, ok := p.read(r, req)
			if !ok {
				io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
				return
			}
			answer, err := pool.exchange(forwarded)
			if err != nil {
				answer = []byte("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
			}
			c.Write(answer)
		}
	}) + "/"
}

// read returns what is forwarded of a request, or false where it is refused.
func (p toyProxy) read(r *bufio.Reader, req *toyRequest) ([]byte, bool) {
	if p.refuses && req.coding != "" && req.coding != "chunked" {
		return nil, false
	}
	raw, decoded, err := req.content(r, req.coding != "" && !(p.byLength && req.length >= 0))
	if err != nil {
		return nil, false
	}
	if p.normalises {
		return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: toy\r\nContent-Length: %d\r\n\r\n%s", req.method, req.target, len(decoded), decoded), true
	}
	return append(bytes.Clone(req.head), raw...), true
}

// toyPool is the proxy's connection to its backend.
type toyPool struct {
	backend string
	keeps   bool

	mu   sync.Mutex
	conn net.Conn
	r    *bufio.Reader
}

// exchange sends a request and reads one answer, on the connection that was used before if there is one, and on a new one
// where that has ended.
func (p *toyPool) exchange(request []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		if answer, err := p.try(request); err == nil {
			return answer, nil
		}
	}
	conn, err := net.Dial("tcp", p.backend)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	p.conn, p.r = conn, bufio.NewReader(conn)
	return p.try(request)
}

func (p *toyPool) try(request []byte) ([]byte, error) {
	_, err := p.conn.Write(request)
	var answer []byte
	if err == nil {
		answer, err = readAnswer(p.r)
	}
	if err != nil || !p.keeps {
		p.conn.Close()
		p.conn = nil
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (p *toyPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		p.conn.Close()
	}
}

// readAnswer reads an answer that has a length.
func readAnswer(r *bufio.Reader) ([]byte, error) {
	var whole []byte
	length := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if len(whole) == 0 && !strings.HasPrefix(line, "HTTP/1.1 ") {
			return nil, fmt.Errorf("no status line: %.20q", line)
		}
		whole = append(whole, line...)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil || length > 1<<21 {
				return nil, fmt.Errorf("a length of %.20q", v)
			}
		}
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	content := make([]byte, length)
	_, err := io.ReadFull(r, content)
	whole = append(whole, content...)
	return whole, err
}
