// Responses as a client sees them: bytes in, one response out, within bounds, whatever comes.

package dialogue

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	mostHead = 128 << 10 // bytes of a response's head; a longer one is malformed
	keptBody = 64 << 10  // bytes of content that a Response keeps
)

// Field is one field line.
type Field struct{ Name, Value string }

// Response is one response, complete or as much as came of it.
type Response struct {
	Method string // of the request that it was read for
	Status int
	Minor  int // of the HTTP version: 0 or 1
	Fields []Field
	Body   []byte // the first 64 KiB of the content
	Size   int64  // of all the content
	Whole  bool   // it came to its end

	Offset int64         // where its first byte stands in what the server has sent
	End    int64         // and where the byte behind its last one does
	First  time.Duration // when that byte came
	Done   time.Duration // when the last byte came, if it is whole

	chunked   bool
	delimited bool // by the end of the connection
}

// Get returns the value of the first field with this name, whatever its case, or "".
func (r *Response) Get(name string) string {
	for _, f := range r.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Has reports whether a list field has an element, whatever its case.
func (r *Response) Has(name, element string) bool {
	for _, f := range r.Fields {
		if !strings.EqualFold(f.Name, name) {
			continue
		}
		for e := range strings.SplitSeq(f.Value, ",") {
			if strings.EqualFold(strings.Trim(e, " \t"), element) {
				return true
			}
		}
	}
	return false
}

// Chunked reports whether the content came in the chunked coding.
func (r *Response) Chunked() bool { return r.chunked }

// Last reports whether the response says that no other can follow it: RFC 9112 §9.3, and content that only the end of
// the connection delimits.
func (r *Response) Last() bool {
	switch {
	case r.delimited, r.Has("Connection", "close"), r.Status == 101:
		return true
	case r.Minor == 0:
		return !r.Has("Connection", "keep-alive")
	}
	return false
}

// Interim reports whether another response to the same request follows.
func (r *Response) Interim() bool { return r.Status >= 100 && r.Status < 200 && r.Status != 101 }

// MalformedError says that what the server sent is no response.
type MalformedError struct{ What string }

func (e *MalformedError) Error() string { return "the server sent what is no HTTP response: " + e.What }

func malformed(format string, args ...any) error {
	return &MalformedError{What: fmt.Sprintf(format, args...)}
}

// reading is the state of the reader of one response.
type reading struct {
	res   Response
	state func(*reading, []byte) (int, error)
	left  int64 // content bytes to come, of the message or of the chunk
	lines int   // bytes of lines so far: head, or chunk framing
}

func newReading(method string) *reading {
	return &reading{res: Response{Method: method}, state: (*reading).statusLine}
}

// feed takes in bytes and returns how many it had. Nothing is left to be done when r.res.Whole.
func (r *reading) feed(b []byte) (int, error) {
	total := 0
	for !r.res.Whole {
		n, err := r.state(r, b[total:])
		total += n
		if n == 0 || err != nil {
			return total, err
		}
	}
	return total, nil
}

// end is told that the connection has ended cleanly, and reports whether that ends the response.
func (r *reading) end() bool {
	if r.res.delimited {
		r.res.Whole = true
	}
	return r.res.Whole
}

// line returns the next line without its line end, and its length with it; 0 while it is not complete.
func (r *reading) line(b []byte) (string, int, error) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		if r.lines+len(b) > mostHead {
			return "", 0, malformed("a head of more than %d bytes", mostHead)
		}
		return "", 0, nil
	}
	if r.lines += i + 1; r.lines > mostHead {
		return "", 0, malformed("a head of more than %d bytes", mostHead)
	}
	return strings.TrimSuffix(string(b[:i]), "\r"), i + 1, nil
}

func (r *reading) statusLine(b []byte) (int, error) {
	const form = "HTTP/1."
	if n := min(len(b), len(form)); string(b[:n]) != form[:n] {
		if b[0] == 0x15 || b[0] == 0x16 {
			return 0, malformed("it begins with %s, as TLS does", brief(b))
		}
		return 0, malformed("it begins with %s", brief(b))
	}
	line, n, err := r.line(b)
	if n == 0 || err != nil {
		return 0, err
	}
	if len(line) < 12 || line[8] != ' ' || line[7] < '0' || line[7] > '9' {
		return 0, malformed("its status line is %s", brief([]byte(line)))
	}
	r.res.Status, err = strconv.Atoi(line[9:12])
	if err != nil || r.res.Status < 100 || len(line) > 12 && line[12] != ' ' {
		return 0, malformed("its status line is %s", brief([]byte(line)))
	}
	r.res.Minor = int(line[7] - '0')
	r.state = (*reading).fieldLine
	return n, nil
}

func (r *reading) fieldLine(b []byte) (int, error) {
	line, n, err := r.line(b)
	if n == 0 || err != nil {
		return 0, err
	}
	if line == "" {
		return n, r.headDone()
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return 0, malformed("it has the field line %s", brief([]byte(line)))
	}
	r.res.Fields = append(r.res.Fields, Field{name, strings.Trim(value, " \t")})
	return n, nil
}

// headDone decides how the content is framed (RFC 9112 §6.3).
func (r *reading) headDone() error {
	res := &r.res
	r.lines = 0
	length := res.Get("Content-Length")
	switch s := res.Status; {
	case s < 200 || s == 204 || s == 304 || res.Method == "HEAD" || res.Method == "CONNECT" && s < 300:
		res.Whole = true
	case res.Has("Transfer-Encoding", "chunked"):
		res.chunked = true
		r.state = (*reading).chunkSize
	case length != "":
		n, err := strconv.ParseUint(length, 10, 63)
		if err != nil {
			return malformed("its Content-Length is %s", brief([]byte(length)))
		}
		r.left, res.Whole = int64(n), n == 0
		r.state = (*reading).content
	default:
		res.delimited = true
		r.left = 1<<63 - 1
		r.state = (*reading).content
	}
	return nil
}

func (r *reading) content(b []byte) (int, error) {
	n := int(min(int64(len(b)), r.left))
	r.left -= int64(n)
	r.res.Size += int64(n)
	r.res.Body = append(r.res.Body, b[:min(n, keptBody-len(r.res.Body))]...)
	switch {
	case r.left == 0 && r.res.chunked:
		r.state = (*reading).chunkEnd
	case r.left == 0:
		r.res.Whole = true
	}
	return n, nil
}

func (r *reading) chunkSize(b []byte) (int, error) {
	r.lines = 0
	line, n, err := r.line(b)
	if n == 0 || err != nil {
		return 0, err
	}
	size, _, _ := strings.Cut(line, ";")
	left, err := strconv.ParseUint(strings.Trim(size, " \t"), 16, 63)
	if err != nil {
		return 0, malformed("it has the chunk size %s", brief([]byte(line)))
	}
	r.left, r.state = int64(left), (*reading).content
	if left == 0 {
		r.state = (*reading).trailer
	}
	return n, nil
}

func (r *reading) chunkEnd(b []byte) (int, error) {
	r.lines = 0
	line, n, err := r.line(b)
	if line != "" {
		err = malformed("%s stands behind a chunk", brief([]byte(line)))
	}
	r.state = (*reading).chunkSize
	if n == 0 {
		r.state = (*reading).chunkEnd
	}
	return n, err
}

func (r *reading) trailer(b []byte) (int, error) {
	line, n, err := r.line(b)
	r.res.Whole = n > 0 && line == "" && err == nil
	return n, err
}

// brief quotes the beginning of what a peer sent.
func brief(b []byte) string {
	const most = 40
	text := EncodeRow(b[:min(len(b), most)])
	if len(b) > most {
		text += "…"
	}
	return `"` + text + `"`
}
