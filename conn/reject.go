// The only answer to a head that cannot be served: a status, one line, and a lingering close.

package conn

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"github.com/spillway-go/spillway/conn/internal/format"
	"github.com/spillway-go/spillway/parser"
)

// What can be wrong with a head but its grammar.
var (
	errSlowHead   = &parser.Error{Status: 408, Reason: "the request's head did not end in time", Section: "RFC 9110 §15.5.9"}
	errEmptyLines = &parser.Error{Status: 400, Reason: "more empty lines than a head may be long", Section: "RFC 9112 §2.2"}
	errCutHead    = &parser.Error{Status: 400, Reason: "the connection ended inside a request's head", Section: "RFC 9112 §8"}
)

// reject answers a request that was refused before any handler saw it.
func (c *Conn) reject(err error) ending {
	var bad *parser.Error
	if !errors.As(err, &bad) {
		bad = &parser.Error{Status: 400, Reason: "bad request"}
	}
	c.sock.Writes.By(after(time.Now(), c.cfg.WriteTimeout))
	line := bad.Reason + " (" + bad.Section + ")\n"
	b := format.AppendStatusLine(nil, bad.Status, nil)
	b = append(b, c.cfg.stamps.Now().Date...)
	b = append(b, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(line)), 10)
	b = append(b, "\r\nConnection: close\r\n\r\n"...)
	if !c.asksForHead() {
		b = append(b, line...)
	}
	c.out.mu.Lock()
	c.res.begin()
	c.res.status, c.res.coding, c.res.written = bad.Status, fixed, int64(len(line))
	if c.asksForHead() {
		c.res.coding = nothing
	}
	c.out.send(b) // which keeps it: it is short
	c.res.account()
	c.out.mu.Unlock()
	c.refused(bad)
	if c.record != nil {
		c.tellResponded()
		c.out.Flush()
		c.noteSent()
	}
	if bad.Status == errSlowHead.Status {
		return ReasonHeaderTimeout.ending()
	}
	return ReasonRefused.ending()
}

// asksForHead reports whether the request that is refused is a HEAD, so that its answer has no content (RFC 9110 §9.3.2),
// also where its head is not complete.
func (c *Conn) asksForHead() bool {
	if c.head.Method != "" {
		return c.head.Method == "HEAD"
	}
	is := false
	c.in.take(func(window []byte) (int, error) {
		is = bytes.HasPrefix(bytes.TrimLeft(window, "\r\n"), []byte("HEAD "))
		return 0, nil
	})
	return is
}
