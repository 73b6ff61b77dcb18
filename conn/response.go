// The response as a handler sees it: fields first, then content, whose framing follows from what the handler does.

package conn

import (
	"errors"
	"fmt"
	"io"
	"time"
	"unsafe"

	"github.com/spillway-go/spillway/conn/internal/transport"
	"github.com/spillway-go/spillway/parser"
)

// The errors of a Response's methods.
var (
	ErrHeadSent      = errors.New("conn: the response's head has been sent")
	ErrContentLength = errors.New("conn: content beyond the declared Content-Length")
	ErrNoContent     = errors.New("conn: a response with this status has no content")
	ErrHijacked      = errors.New("conn: the connection was hijacked")
	ErrNoTrailers    = errors.New("conn: the response's framing has no trailer section")
	ErrEnded         = errors.New("conn: the exchange has ended")
)

// ErrMinRate is wrapped by the errors of reads and writes in which the client was slower than the minimum rate for longer
// than the grace.
var ErrMinRate = transport.ErrMinRate

// ErrAbort, returned by a handler, ends the connection without another byte and without a line in the log.
var ErrAbort = errors.New("conn: aborted by the handler")

// Response is the answer to one request. Its methods may be called from one goroutine at a time, but for those that say
// more; after the handler has returned they do nothing, and return ErrEnded where they return an error.
//
// Content is buffered until it exceeds 4 KiB or Flush is called. If the handler ends before that, the response has a
// Content-Length; otherwise it is chunked, unless the handler has set a Content-Length, or, for an HTTP/1.0 client, ends
// with the connection.
type Response struct{ turn }

// turn is one exchange of a connection. It is how whoever was lent something for an exchange says for which.
type turn struct {
	*work
	number int64
}

// lock returns the connection's response with its output locked, or ErrEnded if it is another exchange's by now.
func (t turn) lock() (*response, error) {
	t.out.mu.Lock()
	if t.current.Load() != t.number {
		t.out.mu.Unlock()
		return nil, ErrEnded
	}
	return &t.res, nil
}

// during calls f unless the exchange has ended, and lets it not end meanwhile. f waits for nothing.
func (t turn) during(f func()) error {
	t.enter()
	defer t.exit()
	if t.current.Load() != t.number {
		return ErrEnded
	}
	f()
	return nil
}

// enter lets the exchange not end before exit is called.
func (t turn) enter() {
	t.inside.Add(1)
	t.life.Lock()
}

func (t turn) exit() {
	t.life.Unlock()
	t.inside.Add(-1)
}

// SetStatus sets the status code, from 200 to 999, or 101; it is 200 by default. It returns an error for any other code, and
// ErrHeadSent after the head has been sent. For 1xx see Inform, for 101 Hijack.
func (w *Response) SetStatus(code int) error {
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	if err := res.open(); err != nil {
		return err
	}
	if (code < 200 || code > 999) && code != 101 {
		return fmt.Errorf("conn: %d is no final status code", code)
	}
	res.status, res.chosen = code, true
	return nil
}

// Set sets a field, replacing those of the same name. The value may not contain CR, LF, NUL or another control, and the
// name must be a token (RFC 9110 §5.1, §5.5), else an error is returned and nothing is set. Content-Length must be a
// number of bytes and then counts, see SetContentLength; of Connection, close counts; Transfer-Encoding cannot be set.
// After the head has been sent, Set returns ErrHeadSent.
func (w *Response) Set(name, value string) error { return w.put(name, value, true) }

// Add adds a field line, under the rules of Set.
func (w *Response) Add(name, value string) error { return w.put(name, value, false) }

func (w *Response) put(name, value string, replace bool) error {
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	return res.put(name, value, replace)
}

// Del removes the fields with this name.
func (w *Response) Del(name string) {
	res, err := w.lock()
	if err != nil {
		return
	}
	defer w.out.mu.Unlock()
	res.fields.Del(name)
	if parser.EqualFold(name, "Content-Length") && res.phase == phaseOpen {
		res.declared = -1
	}
}

// Get returns the value of the first field with this name as it will be sent, or "". Of those that the connection decides
// when the head is sent, Date and Transfer-Encoding, nothing is known before.
func (w *Response) Get(name string) (value string) {
	w.mark(func(res *response) { value = res.get(name) })
	return value
}

// Status returns the status code that is sent, or will be: when a handler has returned an error, what became of that.
func (w *Response) Status() (code int) {
	w.mark(func(res *response) { code = res.status })
	return code
}

// Written returns how many bytes of content have been written.
func (w *Response) Written() (bytes int64) {
	w.mark(func(res *response) { bytes = res.written })
	return bytes
}

// SetContentLength sets the Content-Length. The content must then be as long: Write returns ErrContentLength for more, and
// if there is less the connection ends so that the client can tell. It returns an error for a negative length,
// ErrContentLength if more has been written already, and ErrHeadSent after the head has been sent.
func (w *Response) SetContentLength(n int64) error {
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	return res.declare(n)
}

// validField refuses what could split a response.
func validField(name, value string) error {
	if !parser.IsToken(name) {
		return fmt.Errorf("conn: %.40q is not a field name (RFC 9110 §5.1)", name)
	}
	if !parser.IsFieldValue(value) {
		return fmt.Errorf("conn: the value of %s has a control in it (RFC 9110 §5.5)", name)
	}
	return nil
}

// SetTrailer adds a field to the trailer section (RFC 9110 §6.5), which only a chunked response has: once a trailer is set,
// the response is chunked. It returns ErrNoTrailers where that is not possible, and an error for a field that may not
// stand in trailers. Before the head is sent, it also names the field in the head's Trailer field.
func (w *Response) SetTrailer(name, value string) error {
	if err := validField(name, value); err != nil {
		return err
	}
	if parser.ForbiddenInTrailers(name) {
		return fmt.Errorf("conn: %s may not stand in trailers (RFC 9110 §6.5.1)", name)
	}
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	return res.addTrailer(name, value)
}

// Write writes content. It returns ErrContentLength when that exceeds the Content-Length set before, ErrNoContent when
// the status allows none, and the connection's error when the client cannot be reached.
func (w *Response) Write(p []byte) (int, error) {
	res, err := w.lock()
	if err != nil {
		return 0, err
	}
	defer w.out.mu.Unlock()
	return res.write(p)
}

// WriteString is Write for a string.
func (w *Response) WriteString(s string) (int, error) {
	return w.Write(unsafe.Slice(unsafe.StringData(s), len(s))) // nothing is written to, and nothing kept
}

// ReadFrom copies content from src until its end. When src is a file and a Content-Length is set, the system copies it
// without a detour.
func (w *Response) ReadFrom(src io.Reader) (int64, error) {
	if w.current.Load() != w.number {
		return 0, ErrEnded
	}
	if file, ok := w.sock.SendsFiles(src); ok {
		n, sent, err := w.sendFile(file)
		if sent {
			return n, err
		}
	}
	buf := transport.GetBuffer(transport.LargeBuffer)
	defer transport.PutBuffer(buf)
	return io.CopyBuffer(writerOnly{w}, src, buf)
}

type writerOnly struct{ io.Writer }

// sendFile lets the system copy a file, and reports whether it could.
func (w *Response) sendFile(file *io.LimitedReader) (n int64, sent bool, err error) {
	res, err := w.lock()
	if err != nil {
		return 0, true, err
	}
	defer w.out.mu.Unlock()
	if res.declared < 0 || res.bodiless() || res.phase == phaseHijacked || w.c.tls != nil {
		return 0, false, nil
	}
	n, err = res.sendFile(file)
	return n, true, err
}

// Flush sends what has been written so far.
func (w *Response) Flush() error {
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	return res.push(nil, true)
}

// Inform sends an informational response (RFC 9110 §15.2) with the fields set so far, which stay set. The code is from
// 100 to 199 but not 101; a 100 is sent once, whether the handler or its first read of the content asks for it. Nothing
// is sent to an HTTP/1.0 client.
func (w *Response) Inform(code int) error {
	if code < 100 || code > 199 || code == 101 {
		return fmt.Errorf("conn: %d is no informational status code", code)
	}
	res, err := w.lock()
	if err != nil {
		return err
	}
	defer w.out.mu.Unlock()
	return res.inform(code)
}

// The following may be called from any goroutine, also while a Write waits.

// SetWriteDeadline sets the time by which the response must have been sent, in place of the server's WriteTimeout; the
// zero time means never. A Write that waits beyond it fails, and the connection ends. Any goroutine may call it.
func (w *Response) SetWriteDeadline(t time.Time) error {
	return w.during(func() { w.sock.Writes.Set(t) })
}

// SetMinWriteRate sets the least bytes per second at which the client must take the response, where the server waits for
// it; 0 turns that off. Any goroutine may call it.
func (w *Response) SetMinWriteRate(bytesPerSecond int64) error {
	return w.during(func() { w.sock.Writes.SetRate(max(bytesPerSecond, 0)) })
}

// SetStallTimeout sets how long neither side may move a byte, with a Write under way and content of the request unread,
// before that content is given up, in place of the server's StallTimeout; 0 means for ever, as a handler wants that reads
// and writes in turns and trusts its client to do so too. Any goroutine may call it.
func (w *Response) SetStallTimeout(d time.Duration) error {
	return w.during(func() { w.c.setPatience(max(d, 0)) })
}

// EnableFullDuplex says that the handler reads the request's content while it writes the response, and trusts the client to
// read and write in turns too: a head that is sent with content unread does not say close, and no StallTimeout counts.
// Any goroutine may call it.
func (w *Response) EnableFullDuplex() error {
	return w.during(func() {
		w.c.setPatience(0)
		w.in.duplex.Store(true)
	})
}

// Abort ends the exchange and its connection at once: what the handler waits for fails, the request's context is
// cancelled, and the client can tell that the response is cut short. Any goroutine may call it.
func (w *Response) Abort() error {
	return w.during(func() { w.c.Abort() })
}

func (t turn) mark(how func(*response)) {
	if res, err := t.lock(); err == nil {
		defer t.out.mu.Unlock()
		how(res)
	}
}
