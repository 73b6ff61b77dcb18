// A client that a test scripts byte by byte, and whose failures tell the whole dialogue.

package servertest

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// Response is a response as the client saw it.
type Response = dialogue.Response

// Client is the client's end of a connection. What it cannot do, or does not see, within its Timeout fails the test at
// once, with the dialogue so far and its times. It works with any HTTP/1.1 server. Its methods may be called from the
// test's goroutine only.
type Client struct {
	Timeout time.Duration // of each step; 5 s unless it is set

	t    testing.TB
	talk *dialogue.Talker
}

// Dial opens a TCP connection to host:port, or to the host and port of an http URL. It is closed when the test ends.
func Dial(t testing.TB, addr string) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", hostPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	return NewClient(t, c)
}

// NewClient returns a client on a connection that is open already, a *Conn for instance.
func NewClient(t testing.TB, c net.Conn) *Client {
	client := NewLateClient(t, c)
	client.talk.StartReading()
	return client
}

// NewLateClient is NewClient, but the client takes nothing from the network until it is asked what it has read: as one
// that sends all of its request before it reads.
func NewLateClient(t testing.TB, c net.Conn) *Client {
	client := &Client{Timeout: patience, t: t, talk: dialogue.New(c)}
	t.Cleanup(func() { client.talk.Close() })
	return client
}

// hostPort takes an address out of a URL, if it is one.
func hostPort(addr string) string {
	rest, isURL := strings.CutPrefix(addr, "http://")
	if !isURL {
		return addr
	}
	host, _, _ := strings.Cut(rest, "/")
	if !strings.Contains(host[strings.LastIndexByte(host, ']')+1:], ":") {
		host += ":80"
	}
	return host
}

// Dialogue returns what was sent and received so far, with times.
func (c *Client) Dialogue() string { return c.talk.String() }

// fail ends the test.
func (c *Client) fail(format string, args ...any) {
	c.t.Helper()
	c.t.Fatalf("servertest: "+format+"\n%s", append(args, c.Dialogue())...)
}

// Send sends text as it is.
func (c *Client) Send(text string) {
	c.t.Helper()
	c.send([]byte(text))
}

func (c *Client) send(p []byte) {
	c.t.Helper()
	c.talk.SetPatience(c.Timeout)
	if err := c.talk.Send(p); err != nil {
		c.fail("cannot send: %v", err)
	}
}

// SendSlowly sends text at a number of bytes per second, 20 times a second or byte by byte.
func (c *Client) SendSlowly(text string, bytesPerSecond int) {
	c.t.Helper()
	pace(int64(len(text)), bytesPerSecond, func(from, to int64) bool {
		c.Send(text[from:to])
		return true
	})
}

// SendBody sends n bytes of content, all x.
func (c *Client) SendBody(n int64) {
	c.t.Helper()
	for n > 0 {
		k := min(n, int64(len(filler)))
		c.send(filler[:k])
		n -= k
	}
}

// filler is content that means nothing.
var filler = []byte(strings.Repeat("x", 64<<10))

// pace calls send with the pieces of n bytes that are due, at a number of bytes per second.
func pace(n int64, bytesPerSecond int, send func(from, to int64) bool) {
	const perSecond = 20
	size := max(int64(bytesPerSecond)/perSecond, 1)
	pause := time.Duration(size) * time.Second / time.Duration(max(bytesPerSecond, 1))
	for from := int64(0); from < n; from += size {
		if from > 0 {
			time.Sleep(pause)
		}
		if !send(from, min(from+size, n)) {
			return
		}
	}
}

// Stall does nothing for a time.
func (c *Client) Stall(d time.Duration) {
	c.talk.Remark("stall for %v", d)
	time.Sleep(d)
}

// CloseWrite ends the client's direction with a FIN, and goes on reading.
func (c *Client) CloseWrite() {
	c.t.Helper()
	if err := c.talk.CloseWrite(); err != nil {
		c.fail("cannot half-close: %v", err)
	}
}

// Abort resets the connection.
func (c *Client) Abort() {
	c.t.Helper()
	if err := c.talk.Abort(); err != nil {
		c.fail("cannot reset: %v", err)
	}
}

// Close closes the connection.
func (c *Client) Close() { c.talk.Close() }

// ReadResponse reads a whole response to a request that is no HEAD. Interim responses before it are skipped.
func (c *Client) ReadResponse() *Response {
	c.t.Helper()
	return c.ReadResponseTo("GET")
}

// ReadResponseTo reads a whole response to a request with this method. Interim responses before it are skipped.
func (c *Client) ReadResponseTo(method string) *Response {
	c.t.Helper()
	for {
		res, err := c.talk.Next(method, c.Timeout)
		if err != nil {
			c.fail("no whole response: %v", err)
		}
		if !res.Interim() {
			return res
		}
	}
}

// ReadInterim reads an interim response, such as 100 (Continue).
func (c *Client) ReadInterim() *Response {
	c.t.Helper()
	res, err := c.talk.Next("GET", c.Timeout)
	if err != nil || !res.Interim() {
		c.fail("no interim response: %v", err)
	}
	return res
}

// ExpectClosed waits until the server has ended its direction, and fails the test if it ends with a reset, or if
// anything comes before it that no response has been read from.
func (c *Client) ExpectClosed() {
	c.t.Helper()
	if err := c.talk.WaitEnd(c.Timeout); err != nil {
		c.fail("the server did not end the connection cleanly: %v", err)
	}
	if n, _ := c.talk.Unread(); n > 0 {
		c.fail("%d bytes came that no response was read from", n)
	}
}

// ExpectOpen fails the test if the server says anything, or ends the connection, within d.
func (c *Client) ExpectOpen(d time.Duration) {
	c.t.Helper()
	err := c.talk.WaitBytes(d)
	switch {
	case err == nil:
		c.fail("the server sent what nobody asked for")
	case !errors.Is(err, dialogue.ErrSilent):
		c.fail("the server ended the connection: %v", err)
	}
}

// ExpectNoReset fails the test if the connection has been reset, as seen by any send or receive up to now or within the
// next 50 ms.
func (c *Client) ExpectNoReset() {
	c.t.Helper()
	c.talk.WaitEnd(50 * time.Millisecond)
	if err := c.wasReset(); err != nil {
		c.fail("%v", err)
	}
}

func (c *Client) wasReset() error {
	var reset *dialogue.ResetError
	if errors.As(c.talk.SendError(), &reset) || errors.As(c.talk.Ended(), &reset) {
		return reset
	}
	return nil
}

// ended reports whether the server has ended its direction cleanly.
func (c *Client) ended() bool { return c.talk.Ended() == io.EOF }
