// The response as a handler sees it: fields first, then content, whose framing follows from what the handler does.

package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/net/http/httpguts"

	"github.com/spillway-go/spillway/parser"
)

// The errors of a Response's methods.
var (
	ErrHeadSent      = errors.New("conn: the response's head has been sent")
	ErrContentLength = errors.New("conn: content beyond the declared Content-Length")
	ErrNoContent     = errors.New("conn: a response with this status has no content")
	ErrHijacked      = errors.New("conn: the connection was hijacked")
	ErrNoTrailers    = errors.New("conn: the response's framing has no trailer section")

	errShort    = errors.New("conn: less content than the declared Content-Length")
	errNotTaken = errors.New("conn: status 101 without a Hijack")
	errPanicked = errors.New("conn: the handler panicked")
)

// ErrAbort, returned by a handler, ends the connection without another byte and without a line in the log.
var ErrAbort = errors.New("conn: aborted by the handler")

// Response is the answer to one request. It belongs to the connection and may not be used after the handler has
// returned. Its methods may be called from one goroutine at a time.
//
// Content is buffered until it exceeds 4 KiB or Flush is called. If the handler ends before that, the response has a
// Content-Length; otherwise it is chunked, unless the handler has set a Content-Length, or, for an HTTP/1.0 client, ends
// with the connection.
type Response struct {
	c *Conn

	status   int
	chosen   bool // the handler has set the status
	fields   fieldLines
	trailers fieldLines
	declared int64 // the Content-Length that the handler has set, or -1
	closing  bool  // the handler has set Connection: close

	undated    bool // no Date
	untilClose bool // no other framing than the end of the connection

	content   []byte // not yet sent, in a buffer of smallBuffer
	coding    coding
	sentHead  bool
	final     bool   // the handler has returned
	announced Reason // None, or why the head says Connection: close
	written   int64  // content bytes that the handler has written
	truncated bool   // the client will see less than a whole response
	hijacked  bool
	continued bool // 100 (Continue) has been sent
}

// coding is how the response's content is framed.
type coding uint8

const (
	undecided coding = iota
	nothing          // the response has no content, or the request was a HEAD
	fixed            // by its Content-Length
	chunked
	delimited // by the end of the connection
)

// begin makes the Response ready for a new exchange.
func (w *Response) begin() {
	w.fields.reset()
	w.trailers.reset()
	*w = Response{c: w.c, status: 200, declared: -1, fields: w.fields, trailers: w.trailers}
}

// Status sets the status code, from 200 to 999; it is 200 by default. It returns an error for any other code, and
// ErrHeadSent after the head has been sent. For 1xx see Inform, for 101 Hijack.
func (w *Response) Status(code int) error {
	if w.sentHead {
		return ErrHeadSent
	}
	if (code < 200 || code > 999) && code != 101 {
		return fmt.Errorf("conn: %d is no final status code", code)
	}
	w.status, w.chosen = code, true
	return nil
}

// Set sets a field, replacing those of the same name. The value may not contain CR, LF, NUL or another control, and the
// name must be a token (RFC 9110 §5.1, §5.5), else an error is returned and nothing is set. Content-Length must be a
// number of bytes and then counts; of Connection, close counts; Transfer-Encoding cannot be set. After the head has been
// sent, Set returns ErrHeadSent.
func (w *Response) Set(name, value string) error { return w.put(name, value, true) }

// Add adds a field line, under the rules of Set.
func (w *Response) Add(name, value string) error { return w.put(name, value, false) }

// Del removes the fields with this name.
func (w *Response) Del(name string) {
	w.fields.del(name)
	if parser.EqualFold(name, "Content-Length") {
		w.declared = -1
	}
}

// Get returns the value of the first field with this name, or "". Content-Length and Connection: close are not among
// them.
func (w *Response) Get(name string) string { return w.fields.get(name) }

func (w *Response) put(name, value string, replace bool) error {
	if w.sentHead {
		return ErrHeadSent
	}
	if err := validField(name, value); err != nil {
		return err
	}
	switch {
	case parser.EqualFold(name, "Content-Length"):
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil {
			return fmt.Errorf("conn: Content-Length %.40q is not a number of bytes", value)
		}
		w.declared = int64(n)
		return nil
	case parser.EqualFold(name, "Transfer-Encoding"):
		return errors.New("conn: the server decides the Transfer-Encoding")
	case parser.EqualFold(name, "Connection"):
		if httpguts.HeaderValuesContainsToken([]string{value}, "close") {
			w.closing = true
			return nil
		}
	}
	if replace {
		w.fields.del(name)
	}
	w.fields.add(name, value)
	return nil
}

// validField refuses what could split a response.
func validField(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("conn: %.40q is not a field name (RFC 9110 §5.1)", name)
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("conn: the value of %s has a control in it (RFC 9110 §5.5)", name)
	}
	return nil
}

// Trailer adds a field to the trailer section (RFC 9110 §6.5), which only a chunked response has: once a trailer is set,
// the response is chunked. It returns ErrNoTrailers where that is not possible, and an error for a field that may not
// stand in trailers. Before the head is sent, it also names the field in the head's Trailer field.
func (w *Response) Trailer(name, value string) error {
	if err := validField(name, value); err != nil {
		return err
	}
	if parser.ForbiddenInTrailers(name) {
		return fmt.Errorf("conn: %s may not stand in trailers (RFC 9110 §6.5.1)", name)
	}
	if w.sentHead && w.coding != chunked || w.declared >= 0 || w.c.req.Minor == 0 {
		return ErrNoTrailers
	}
	if !w.sentHead {
		w.fields.add("Trailer", name)
	}
	w.trailers.add(name, value)
	return nil
}

// Write writes content. It returns ErrContentLength when that exceeds the Content-Length set before, ErrNoContent when
// the status allows none, and the connection's error when the client cannot be reached.
func (w *Response) Write(p []byte) (int, error) {
	if err := w.admit(int64(len(p))); err != nil {
		return 0, err
	}
	w.written += int64(len(p))
	if len(w.content)+len(p) <= smallBuffer {
		if w.content == nil {
			w.content = getBuffer(smallBuffer)[:0]
		}
		w.content = append(w.content, p...)
		return len(p), nil
	}
	if err := w.push(p, false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteString is Write for a string.
func (w *Response) WriteString(s string) (int, error) {
	return w.Write(unsafe.Slice(unsafe.StringData(s), len(s))) // nothing is written to, and nothing kept
}

// admit checks whether n more bytes of content may be written.
func (w *Response) admit(n int64) error {
	switch {
	case w.hijacked:
		return ErrHijacked
	case w.contentless():
		return ErrNoContent
	case w.declared >= 0 && n > w.declared-w.written:
		w.closing = true
		w.truncated = true // what was declared is not what the handler means
		return ErrContentLength
	}
	return w.c.out.err()
}

// ReadFrom copies content from src until its end. When src is a file and a Content-Length is set, the system copies it
// without a detour.
func (w *Response) ReadFrom(src io.Reader) (int64, error) {
	if w.declared >= 0 && !w.bodiless() && !w.hijacked {
		if file, to := w.c.canSendFile(src); file != nil {
			return w.sendFile(file, to)
		}
	}
	buf := getBuffer(largeBuffer)
	defer putBuffer(buf)
	return io.CopyBuffer(writerOnly{w}, src, buf)
}

type writerOnly struct{ io.Writer }

// sendFile sends what was written before, and then the file, up to the declared length.
func (w *Response) sendFile(file *io.LimitedReader, to io.ReaderFrom) (int64, error) {
	if err := w.Flush(); err != nil {
		return 0, err
	}
	out, room := &w.c.out, w.declared-w.written
	out.mu.Lock()
	n, err := out.sendFile(file, room, to)
	out.mu.Unlock()
	w.written += n
	if err == nil && n == room && file.N > 0 {
		var one [1]byte // more than was declared is an error here as it is in Write
		if more, _ := file.Read(one[:]); more > 0 {
			err = w.admit(1)
		}
	}
	return n, err
}

// SetWriteDeadline sets the time by which the response must have been sent, in place of the server's WriteTimeout; the
// zero time means never. It counts for writes that begin after it.
func (w *Response) SetWriteDeadline(t time.Time) {
	w.c.out.mu.Lock()
	defer w.c.out.mu.Unlock()
	w.c.sock.writeBy = t
}

// SetMinWriteRate sets the least bytes per second at which the client must take the response, where the server waits for
// it; 0 turns that off.
func (w *Response) SetMinWriteRate(bytesPerSecond int64) {
	w.c.out.mu.Lock()
	defer w.c.out.mu.Unlock()
	w.c.sock.writeRate.rate = max(bytesPerSecond, 0)
}

// Flush sends what has been written so far.
func (w *Response) Flush() error {
	if w.hijacked {
		return ErrHijacked
	}
	return w.push(nil, true)
}

// push sends the head, if that is still to be done, what was buffered, and p.
func (w *Response) push(p []byte, flush bool) error {
	out := &w.c.out
	out.mu.Lock()
	defer out.mu.Unlock()
	if err := w.sendHead(); err != nil {
		return err
	}
	if err := w.sendContent(p); err != nil || !flush {
		return err
	}
	return out.flush()
}

// Inform sends an informational response (RFC 9110 §15.2) with the fields set so far, which stay set. The code is from
// 100 to 199 but not 101; a 100 is sent once, whether the handler or its first read of the content asks for it. Nothing
// is sent to an HTTP/1.0 client.
func (w *Response) Inform(code int) error {
	if code < 100 || code > 199 || code == 101 {
		return fmt.Errorf("conn: %d is no informational status code", code)
	}
	if w.c.req.Minor == 0 {
		return nil
	}
	out := &w.c.out
	out.mu.Lock()
	defer out.mu.Unlock()
	if w.sentHead {
		return ErrHeadSent
	}
	if code == 100 && w.continued {
		return nil
	}
	w.continued = w.continued || code == 100
	head := appendStatusLine(nil, code)
	if code != 100 {
		head = w.fields.appendTo(head)
	} else {
		w.c.req.Body.Asked()
	}
	out.send(append(head, "\r\n"...))
	return out.flush()
}

// sendContinue sends 100 (Continue) for the body reader, unless the final response has begun (RFC 9110 §10.1.1).
func (w *Response) sendContinue() error {
	if err := w.Inform(100); err != ErrHeadSent {
		return err
	}
	return nil
}

// fail makes err the response, or cuts the response short where its head has been sent.
func (w *Response) fail(err error) {
	status, line := statusOf(err)
	left := w.c.req.over && errors.Is(err, context.Canceled) // is no failure of the handler's
	if status == 500 && err != errPanicked && err != ErrAbort && !left && w.c.out.err() == nil {
		w.c.cfg.config.Log.Error("handler failed", "error", err, "conn", w.c.id, "method", w.c.req.Method, "path", w.c.req.Path)
	}
	w.truncated = w.sentHead
	if w.sentHead || err == ErrAbort {
		return
	}
	w.fields.reset()
	w.trailers.reset()
	w.status, w.declared, w.written = status, -1, 0
	w.content = w.content[:0]
	w.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteString(line)
}

// statusOf returns the status that an error asks for, from 400 up, and a line that may be shown to the client. What other
// errors say is nobody's business but the log's.
func statusOf(err error) (int, string) {
	var with interface {
		error
		StatusCode() int
	}
	if errors.As(err, &with) && with.StatusCode() >= 400 && with.StatusCode() <= 999 && !contentless(with.StatusCode()) {
		return with.StatusCode(), with.Error() + "\n"
	}
	return 500, StatusText(500) + "\n"
}

// StatusError is an error with the response that a handler wants for it.
type StatusError struct {
	Status int    // from 400 on
	Reason string // one line, shown to the client
}

// Error returns the reason.
func (e *StatusError) Error() string { return e.Reason }

// StatusCode returns the status.
func (e *StatusError) StatusCode() int { return e.Status }
