// The upload that goes wrong: a whole client in one value.

package servertest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Ending is how an upload ends.
type Ending uint8

// The endings.
const (
	Whole      Ending = iota // it comes to its end
	Reset                    // the client resets the connection
	HalfClose                // the client ends its direction and waits for an answer
	Stall                    // the client sends nothing more and waits for an answer
	WrongChunk               // a chunk comes that is none; the client waits for an answer. Needs Chunked
)

// Upload is a request with content that may go wrong. The zero Upload is an empty POST of /.
type Upload struct {
	Method  string   // POST if it is empty
	Target  string   // / if it is empty
	Host    string   // the address if it is empty
	Fields  []string // more field lines, without their line ends
	Size    int64    // content bytes
	Content []byte   // the content, in place of Size bytes x
	Chunked bool     // in chunks of 8 KiB, instead of a Content-Length
	Rate    int      // content bytes per second; 0: as fast as they are taken
	Stop    int64    // after how many content bytes it goes wrong; only where End is not Whole
	End     Ending
	Wait    time.Duration // how long to wait for an answer and an end; 0: 5 s
}

// Seen is what the client of an upload saw.
type Seen struct {
	Sent     int64         // content bytes sent, as far as the system took them
	Response *Response     // nil: no response came, or not a whole one
	Err      error         // why it did not; nil: it did
	Reset    error         // how a reset by the server was seen, by a read or a write; nil: there was none
	Closed   bool          // the server ended the connection cleanly
	Took     time.Duration // until the answer, or until the waiting was over
	Dialogue string        // all of it, with times
}

// Send performs the upload against host:port, or an http URL's host and port, and returns what the client saw. Nothing
// that the server does fails the test.
func (u Upload) Send(t testing.TB, addr string) Seen {
	t.Helper()
	if u.Host == "" {
		u.Host = hostPort(addr)
	}
	return u.Over(Dial(t, addr))
}

// Over performs the upload on a connection that is open already.
func (u Upload) Over(c *Client) Seen {
	c.t.Helper()
	began := time.Now()
	if u.Wait == 0 {
		u.Wait = patience
	}
	if u.Content != nil {
		u.Size = int64(len(u.Content))
	}
	c.talk.SetPatience(u.Wait)
	seen := Seen{}
	if c.talk.Send([]byte(u.head())) == nil {
		seen.Sent = u.sendContent(c)
	}
	u.end(c, seen.Sent)
	if u.End != Reset {
		seen.Response, seen.Err = u.answer(c)
		if seen.Err != nil {
			seen.Response = nil
		}
		seen.Took = time.Since(began)
		if u.End != Whole || seen.Response == nil || seen.Response.Last() {
			c.talk.WaitEnd(u.Wait)
		}
		seen.Closed = c.ended()
		if err := c.wasReset(); err != nil {
			seen.Reset = err
		}
	}
	seen.Dialogue = c.Dialogue()
	c.Close()
	return seen
}

func (u *Upload) head() string {
	var b strings.Builder
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", or(u.Method, "POST"), or(u.Target, "/"), or(u.Host, "example.test"))
	for _, f := range u.Fields {
		b.WriteString(f + "\r\n")
	}
	if u.Chunked {
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	} else {
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", u.Size)
	}
	return b.String()
}

// sendContent sends the content up to where the upload ends, and returns how much of it was sent. A server that resets
// the connection or takes nothing any more ends it earlier.
func (u *Upload) sendContent(c *Client) int64 {
	most := u.Size
	if u.End != Whole {
		most = min(u.Stop, most)
	}
	var sent int64
	send := func(from, to int64) bool {
		for from < to {
			n := min(to-from, int64(u.piece()))
			if c.talk.Send(u.frame(from, n)) != nil {
				return false
			}
			from += n
			sent = from
		}
		return true
	}
	if u.Rate > 0 {
		pace(most, u.Rate, send)
	} else {
		send(0, most)
	}
	return sent
}

func (u *Upload) piece() int {
	if u.Chunked {
		return 8 << 10
	}
	return len(filler)
}

// frame returns n bytes of content from an offset on, as they go over the wire.
func (u *Upload) frame(from, n int64) []byte {
	p := filler[:n]
	if u.Content != nil {
		p = u.Content[from : from+n]
	}
	if u.Chunked {
		return fmt.Appendf(nil, "%x\r\n%s\r\n", n, p)
	}
	return p
}

// end ends the upload.
func (u *Upload) end(c *Client, sent int64) {
	switch {
	case c.talk.SendError() != nil:
	case u.End == Reset:
		c.talk.Abort()
	case u.End == HalfClose:
		c.talk.CloseWrite()
	case u.End == WrongChunk:
		c.talk.Send([]byte("spillway\r\n"))
	case u.End == Whole && u.Chunked && sent == u.Size:
		c.talk.Send([]byte("0\r\n\r\n"))
	}
}

// answer reads the answer.
func (u *Upload) answer(c *Client) (*Response, error) {
	for {
		res, err := c.talk.Next(u.Method, u.Wait)
		if err != nil || !res.Interim() {
			return res, err
		}
	}
}
