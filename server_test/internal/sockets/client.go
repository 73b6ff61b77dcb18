// A client that says exactly what it met.

package sockets

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Client is a client on one connection. Whatever goes wrong at the socket fails its test.
type Client struct {
	testing.TB
	net.Conn
	In *bufio.Reader
}

func Dial(t testing.TB, addr string) *Client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return On(t, nc)
}

func On(t testing.TB, nc net.Conn) *Client {
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return &Client{t, nc, bufio.NewReaderSize(nc, 64<<10)}
}

var Filler = []byte(strings.Repeat("GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n", 4<<10)[:128<<10])

// Send writes the formatted text, and n bytes behind it.
func (c *Client) Send(n int64, format string, args ...any) {
	c.Helper()
	if err := Send(c.Conn, n, format, args...); err != nil {
		c.Fatal(err)
	}
}

func Send(w io.Writer, n int64, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return err
	}
	for at := int64(0); at < n; {
		m, err := w.Write(Filler[:min(int64(len(Filler)), n-at)])
		if at += int64(m); err != nil {
			return fmt.Errorf("after %d of %d bytes of content: %w", at, n, err)
		}
	}
	return nil
}

// Answer reads one response whole.
func (c *Client) Answer(method string) (*http.Response, string) {
	c.Helper()
	res, content, err := Answer(c.In, method)
	if err != nil {
		c.Fatal(err)
	}
	return res, content
}

func Answer(in *bufio.Reader, method string) (*http.Response, string, error) {
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return nil, "", fmt.Errorf("no response: %w", err)
	}
	content, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, "", fmt.Errorf("a %d cut short after %d bytes: %w", res.StatusCode, len(content), err)
	}
	return res, string(content), nil
}

// WantAnswer reads one response whole and compares it.
func (c *Client) WantAnswer(method string, status int, content string) *http.Response {
	c.Helper()
	res, got := c.Answer(method)
	if res.StatusCode != status || content != "" && got != content {
		c.Fatalf("got %d %.80q, want %d %.80q", res.StatusCode, got, status, content)
	}
	return res
}

// WantEnd fails unless the stream ends now, without an error.
func (c *Client) WantEnd() {
	c.Helper()
	if rest, err := io.ReadAll(c.In); err != nil || len(rest) > 0 {
		c.Fatalf("after the response came %.80q, %v; want a clean end", rest, err)
	}
}

// IsReset reports whether a client met a reset.
func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Median returns the middle of some durations, and the largest.
func Median(d []time.Duration) (median, most time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return d[len(d)/2], d[len(d)-1]
}

// Spell spells a request with content of a declared length.
func Spell(method, target, content string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n%s", method, target, len(content), content)
}
