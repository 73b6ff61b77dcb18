// The client, who sees of each exchange only what comes over the connection.

package api_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

// client is the client of one exchange under test, and of those that follow.
type client struct {
	*bed
	which string
	nc    net.Conn
	in    *bufio.Reader
	fresh bool // nothing was asked on the connection
	wrong []error
}

func (c *client) fail(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, args...))
}

// dial opens a connection, in place of the one there is.
func (c *client) dial() {
	if c.nc != nil {
		c.nc.Close()
	}
	c.nc = c.bed.DialConn()
	c.nc.SetDeadline(time.Now().Add(20 * time.Second))
	c.in, c.fresh = bufio.NewReader(c.nc), true
}

// exchange sends the request and looks at the response. It reports whether the connection must go on.
func (c *client) exchange(x *exchange, shape string) (goesOn bool) {
	fmt.Fprintf(c.nc, "POST / HTTP/1.1\r\nHost: a\r\nX-Which: %s\r\n%s", c.which, shapes[shape])
	c.fresh = false
	res, got, err := c.response(shape == "expect")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.fail("the connection neither goes on nor ends: %v", err)
		c.nc.Close() // so that the handler ends
	}
	accepted, failed, pieces := x.outcome()
	c.checkPieces(x, pieces)
	if x.phase == goroutine {
		got, accepted = own(got), own(accepted)
	}
	switch {
	case err != nil: // the client knows
	case failed != nil && res.StatusCode < 400:
		c.fail("the handler failed with %v, and a response looks whole: %d %q", failed, res.StatusCode, got)
	case failed == nil && got != accepted:
		c.fail("the response looks whole: %d %q; it is %q", res.StatusCode, got, accepted)
	}
	if err != nil || res.Close {
		c.dial()
		return false
	}
	return true
}

// response reads the final response, to its end. Content is sent when it is asked for.
func (c *client) response(expect bool) (*http.Response, string, error) {
	for {
		res, err := http.ReadResponse(c.in, &http.Request{Method: "POST"})
		if err != nil {
			return nil, "", err
		}
		if res.StatusCode == 100 && expect {
			io.WriteString(c.nc, content)
			expect = false
		}
		if res.StatusCode/100 != 1 || res.StatusCode == 101 {
			got, err := io.ReadAll(res.Body)
			return res, string(got), err
		}
	}
}

// checkPieces compares what was read of the content with what was sent: one reader gets it in order.
func (c *client) checkPieces(x *exchange, pieces []string) {
	if x.phase != goroutine {
		pieces = []string{strings.Join(pieces, "")}
	}
	for _, p := range pieces {
		if !strings.HasPrefix(content, p) && (x.phase != goroutine || !strings.Contains(content, p)) {
			c.fail("the handler read %q, which nobody sent", p)
		}
	}
}

var date = regexp.MustCompile(`Date: [^\r]*`)

// follow asks for an answer, on the same connection if it goes on, and compares every byte of it. A connection that does
// not have to go on may end instead, and then the answer comes on another.
func (c *client) follow(token string, goesOn bool) {
	want := fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: \r\nX-Next: %s\r\nContent-Length: %d\r\n\r\nnext %[1]s\n", token, len(token)+6)
	got, err := c.ask(token, len(want)+29)
	if got == "" && err != nil && !c.fresh && !goesOn {
		c.dial()
		got, err = c.ask(token, len(want)+29)
	}
	if got = date.ReplaceAllString(got, "Date: "); got != want {
		c.fail("the next request got %q, %v; want %q", got, err, want)
		c.dial()
	}
	c.fresh = false
}

// ask asks for an answer, and reads so many bytes of it.
func (c *client) ask(token string, size int) (string, error) {
	fmt.Fprintf(c.nc, "GET / HTTP/1.1\r\nHost: a\r\nX-Which: %s\r\nX-Next: %s\r\n\r\n", c.which, token)
	p := make([]byte, size)
	n, err := io.ReadFull(c.in, p)
	return string(p[:n]), err
}
