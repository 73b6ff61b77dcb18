// What the server sends: responses, read as a client reads them that knows which requests it has sent.

package anatomy

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/parser"
)

// mostHead is how long a response's head may be.
const mostHead = 128 << 10

func (c *Conversation) statusHead(b []byte) Piece {
	d := &c.server
	d.message++
	d.step = c.statusLines
	return d.step(b)
}

func (c *Conversation) statusLines(b []byte) Piece {
	d := &c.server
	p, done := d.hold(Head, b, func(window []byte) (int, error) {
		const form = "HTTP/1."
		n := min(len(window), len(form))
		end := bytes.Index(window, []byte("\r\n\r\n"))
		switch {
		case string(window[:n]) != form[:n], end < 0 && len(window) > mostHead:
			return 0, &parser.Error{Reason: "this is no response", Section: "RFC 9112 §4"}
		case end < 0:
			return 0, nil
		}
		c.readHead(string(window[:end]))
		return end + 4, nil
	})
	if !done {
		return p
	}
	p.Note = c.said.note
	if c.said.status == 101 {
		c.client.rest(Other)
		d.rest(Other)
		return p
	}
	d.frame(c.said.framing, c.statusHead)
	p.Ends = c.said.framing == 0
	return p
}

// said is what a response's head says.
type said struct {
	note    string
	status  int
	framing parser.Framing
}

// readHead reads a response's head, and finds how its content is framed (RFC 9112 §6.3).
func (c *Conversation) readHead(head string) {
	line, fields, _ := strings.Cut(head, "\r\n")
	_, status, _ := strings.Cut(line, " ")
	code, _ := strconv.Atoi(status[:min(len(status), 3)])
	method := ""
	if len(c.methods) > 0 {
		method = c.methods[0]
		if code >= 200 || code == 101 {
			c.methods = c.methods[1:]
		}
	}
	length, chunked, ends := int64(-1), false, false
	for line := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		switch strings.ToLower(name) {
		case "content-length":
			length, _ = strconv.ParseInt(value, 10, 64)
		case "transfer-encoding":
			chunked = parser.ListHas(value, "chunked")
		case "connection":
			ends = ends || parser.ListHas(value, "close")
		}
	}
	c.said = said{note: strconv.Itoa(code), status: code}
	switch {
	case code < 200, code == 204, code == 304, method == "HEAD", method == "CONNECT" && code < 300:
	case chunked:
		c.said.framing = parser.Chunked
		c.said.note += ", content in chunks"
	case length >= 0:
		c.said.framing = parser.Framing(length)
		c.said.note += ", content of " + strconv.FormatInt(length, 10) + " bytes"
	default:
		c.said.framing = math.MaxInt64
		c.said.note += ", content up to the connection's end"
	}
	if ends {
		c.said.note += "; the connection ends behind it"
	}
}
