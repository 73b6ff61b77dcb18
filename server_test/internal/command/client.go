// A client of the command's server: raw, and over within patience.

package command

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// Client is a raw connection to the lab.
type Client struct{ *sockets.Client }

// Dial opens a connection, over TLS where the server speaks it, whatever its certificate.
func (s *Server) Dial() *Client {
	s.t.Helper()
	nc, err := net.Dial(s.network, s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.HasPrefix(s.URL, "https:") {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	return &Client{sockets.On(s.t, nc)}
}

// Send sends the formatted text.
func (c *Client) Send(format string, args ...any) {
	c.Helper()
	c.Client.Send(0, format, args...)
}

// Answer is a response, read to its end.
type Answer struct {
	*http.Response
	Content string
}

// Receive reads the next response, to a request with this method.
func (c *Client) Receive(method string) Answer {
	c.Helper()
	res, content := c.Answer(method)
	return Answer{res, content}
}

// Ask sends a request as it is and reads the response.
func (c *Client) Ask(request string) Answer {
	c.Helper()
	c.Send("%s", request)
	method, _, _ := strings.Cut(request, " ")
	return c.Receive(method)
}

// WantKept checks that the connection still serves.
func (c *Client) WantKept() {
	c.Helper()
	if a := c.Ask("GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n"); a.Content != "Hello, World!" {
		c.Errorf("the next request got %s, %q", a.Status, a.Content)
	}
}

// Want checks a status and a content.
func (a Answer) Want(t *testing.T, status int, content string) {
	t.Helper()
	if a.StatusCode != status || a.Content != content {
		t.Errorf("got %d, %q; want %d, %q", a.StatusCode, a.Content, status, content)
	}
}

// HalfClose ends the sending direction.
func (c *Client) HalfClose() { c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// SendUntilRefused sends p again and again, until the connection takes no more.
func (c *Client) SendUntilRefused(p []byte) (sent int64) {
	for {
		n, err := c.Write(p)
		sent += int64(n)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.Error("the connection does not end")
			}
			return sent
		}
	}
}
