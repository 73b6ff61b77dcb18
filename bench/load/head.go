// Of a response's head the generator wants four things, and usually the head equals the one before.

package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// head is what matters of a response's head.
type head struct {
	bytes  int // its own length
	status int
	length int  // the content's length; untilEnd where only the end of the connection tells
	closes bool // the connection is announced to end
}

const (
	untilEnd  = 1<<63 - 1
	headBytes = 16 << 10 // no server here needs more
)

// errShort tells that the head has not come in whole.
var errShort = errors.New("load: the head is not complete")

// heads reads heads.
type heads struct {
	last []byte // the last one
	said head
}

// read reads the head that p begins with. It returns errShort if there is more to come.
func (h *heads) read(p []byte) (head, error) {
	if len(h.last) > 0 && bytes.HasPrefix(p, h.last) {
		return h.said, nil
	}
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		if len(p) > headBytes {
			return head{}, fmt.Errorf("a head of more than %d bytes", headBytes)
		}
		return head{}, errShort
	}
	said, err := parseHead(string(p[:end]))
	if err != nil {
		return head{}, err
	}
	said.bytes = end + 4
	h.last, h.said = append(h.last[:0], p[:said.bytes]...), said
	return said, nil
}

// parseHead reads a head without its last two line ends.
func parseHead(text string) (head, error) {
	lines := strings.Split(text, "\r\n")
	proto, rest, _ := strings.Cut(lines[0], " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if proto != "HTTP/1.1" || err != nil || status < 200 {
		return head{}, fmt.Errorf("the status line %.40q", lines[0])
	}
	said := head{status: status, length: -1}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return head{}, fmt.Errorf("the field line %.40q", line)
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if said.length, err = strconv.Atoi(value); err != nil || said.length < 0 {
				return head{}, fmt.Errorf("a Content-Length of %.40q", value)
			}
		case "transfer-encoding":
			return head{}, fmt.Errorf("a Transfer-Encoding of %.40q, where no case needs one", value)
		case "connection":
			said.closes = said.closes || strings.EqualFold(value, "close")
		}
	}
	if said.length < 0 {
		if !said.closes {
			return head{}, errors.New("a head without Content-Length")
		}
		said.length = untilEnd
	}
	return said, nil
}
