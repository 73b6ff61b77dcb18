// One allocation holds what an exchange needs and its handler may keep, but for what belongs to its content.

package nethttp

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn"
)

// exchange is the http.ResponseWriter of an exchange, together with its http.Request and all that belongs to that. It is
// never used again, because a handler may keep any part of it. It is laid out to be small: what it takes is what a request takes.
type exchange struct {
	request http.Request
	url     url.URL
	values  [inlineFields]string // of the request's Header
	content *content             // nil: the request has none

	conn   *connection
	native conn.Adapter // not to be used when done
	header http.Header
	rare   *rarities // nil: there are none

	inner    atomic.Pointer[cancellable] // see requestContext
	notify   chan bool                   // for CloseNotify; mu guards it
	declared int64                       // the Content-Length that the handler has set, or -1
	written  int64                       // content bytes accepted

	// mu guards what the request's context has. It also lets a goroutine beside the handler's set a deadline: it is held there, and
	// where hijacked is set.
	mu       sync.Mutex
	done     atomic.Bool // the handler has returned: native belongs to another exchange
	watching bool        // the context's gone will be called; mu guards it
	lost     bool        // it was; mu guards it
	hijacked bool

	old     bool // the request is one of HTTP/1.0
	wrote   bool // WriteHeader was called: the header's fields are with the native response
	sent    bool // nothing can be added to them any more
	begun   bool // the native response has decided its framing
	sniff   bool // the content type is still to be found out
	forced  bool // the framing is not to be changed by the content's length
	overran bool // the handler has written more than it declared
	status  int16
}

// rarities are what few exchanges have.
type rarities struct {
	trailers []string // the names that the handler has declared
	failed   error    // the handler wants what cannot be sent
}

// rarely returns the exchange's rarities, to set one.
func (x *exchange) rarely() *rarities {
	if x.rare == nil {
		x.rare = new(rarities)
	}
	return x.rare
}

// failed returns an error if the handler wants what cannot be sent.
func (x *exchange) failed() error {
	if x.rare == nil {
		return nil
	}
	return x.rare.failed
}

// inlineFields is how many of the request's fields have their place in the exchange.
const inlineFields = 5

// held is how much content is held back to find out its type and, if that is all, its length. It is net/http's number.
const held = 2048

// errDone is what a handler gets that uses its ResponseWriter after it has returned.
var errDone = errors.New("nethttp: response used after the handler has returned")

// Header returns the fields that WriteHeader, or the first Write, will send.
func (x *exchange) Header() http.Header {
	if x.header == nil {
		x.header = make(http.Header)
	}
	return x.header
}

// WriteHeader sends an informational response, or decides the status of the final one and which fields it has.
func (x *exchange) WriteHeader(code int) {
	switch {
	case x.hijacked:
		x.conn.complain("response.WriteHeader on hijacked connection")
		return
	case x.wrote || x.done.Load():
		x.conn.complain("superfluous response.WriteHeader call")
		return
	case code < 100 || code > 999:
		panic("invalid WriteHeader code " + strconv.Itoa(code))
	case code < 200 && code != http.StatusSwitchingProtocols:
		x.inform(code)
		return
	}
	x.wrote, x.status = true, int16(code)
	x.giveHead()
}

// phraseOf returns net/http's reason phrase for a status.
func phraseOf(status int) string {
	if phrase := http.StatusText(status); phrase != "" {
		return phrase
	}
	return "status code " + strconv.Itoa(status)
}

// Write writes content.
func (x *exchange) Write(p []byte) (int, error) {
	if err := x.admit(len(p)); err != nil || len(p) == 0 {
		return 0, err
	}
	if !x.sent && x.written+int64(len(p)) > held {
		x.send(x.beginning(p))
	}
	n, err := x.native.Write(p)
	x.written += int64(n)
	return n, x.noteFailure(err)
}

// WriteString is Write for a string.
func (x *exchange) WriteString(s string) (int, error) {
	if err := x.admit(len(s)); err != nil || s == "" {
		return 0, err
	}
	if !x.sent && x.written+int64(len(s)) > held {
		x.send(x.beginning([]byte(s[:min(len(s), sniffed)])))
	}
	n, err := x.native.WriteString(s)
	x.written += int64(n)
	return n, x.noteFailure(err)
}

// noteFailure cancels the request's context, as net/http does, if err says that nothing can be sent to the client any more.
// It returns err.
func (x *exchange) noteFailure(err error) error {
	switch err {
	case nil, http.ErrContentLength, conn.ErrContentLength, conn.ErrNoContent, conn.ErrHeadSent, conn.ErrHijacked:
	default:
		x.context().gone()
	}
	return err
}

// admit checks whether n more bytes of content may be written.
func (x *exchange) admit(n int) error {
	switch {
	case x.done.Load():
		return errDone
	case x.hijacked:
		if n > 0 {
			x.conn.complain("response.Write on hijacked connection")
		}
		return http.ErrHijacked
	}
	if !x.wrote {
		x.WriteHeader(http.StatusOK)
	}
	if err := x.failed(); err != nil {
		return err
	}
	switch {
	case n == 0:
	case !x.mayHaveContent():
		return http.ErrBodyNotAllowed
	case x.declared >= 0 && int64(n) > x.declared-x.written:
		x.overran = true
		return http.ErrContentLength
	}
	return nil
}

// mayHaveContent reports whether the status allows content (RFC 9110 §6.4.1).
func (x *exchange) mayHaveContent() bool {
	return x.status >= 200 && x.status != http.StatusNoContent && x.status != http.StatusNotModified
}

// sniffed is how much of the content decides its type.
const sniffed = 512

// beginning returns the first bytes of the content, of which p is the latest part.
func (x *exchange) beginning(p []byte) []byte {
	buffered := x.native.Buffered()
	if !x.sniff || len(buffered) == 0 {
		return p
	}
	first := append(make([]byte, 0, sniffed), buffered[:min(len(buffered), sniffed)]...)
	return append(first, p[:min(len(p), sniffed-len(first))]...)
}

// completeHeld is complete for the content that is held back.
func (x *exchange) completeHeld() {
	var first []byte
	if x.sniff {
		first = x.native.Buffered()
	}
	x.complete(first)
}

// complete decides what could not be decided before the first content, which is given as far as it is known.
func (x *exchange) complete(first []byte) {
	x.sent = true
	if x.sniff && len(first) > 0 {
		x.native.SniffedType(http.DetectContentType(first))
	}
	if x.conn.noKeepAlives.Load() || x.overran && x.request.Method != "HEAD" {
		x.native.Set("Connection", "close")
	}
	if x.contentTooLarge() {
		x.native.Set("Connection", "close")
		x.native.SetDrain(0, 0)
	}
}

// contentTooLarge reports whether the rest of the request's content is not wanted, because it is too much.
func (x *exchange) contentTooLarge() bool {
	if x.content == nil || x.content.reader.Ended() {
		return false
	}
	return x.status == http.StatusRequestEntityTooLarge || x.content.overLimit()
}

// send lets the head go out before the content is known to its end.
func (x *exchange) send(first []byte) {
	x.complete(first)
	if x.declared < 0 {
		x.begin()
	}
}

// begin lets the native response decide its framing, without knowing the content's length.
func (x *exchange) begin() {
	x.begun = true
	x.native.Send()
}

// Flush sends what was written so far.
func (x *exchange) Flush() { x.FlushError() }

// FlushError is Flush, and returns the connection's error.
func (x *exchange) FlushError() error {
	switch {
	case x.done.Load():
		return errDone
	case x.hijacked:
		return http.ErrHijacked
	}
	if !x.wrote {
		x.WriteHeader(http.StatusOK)
	}
	if err := x.failed(); err != nil {
		return err
	}
	if !x.sent {
		x.completeHeld()
	}
	x.begun = true
	return x.noteFailure(x.native.Flush())
}

// finish completes the response after the handler has returned, or returns why there is none.
func (x *exchange) finish() error {
	if x.hijacked {
		return nil
	}
	if !x.wrote {
		x.WriteHeader(http.StatusOK)
	}
	if err := x.failed(); err != nil {
		return err
	}
	early := x.sent
	if !early {
		x.completeHeld()
	}
	short := x.declared >= 0 && x.written != x.declared && x.mayHaveContent()
	if short && !early && x.request.Method != "HEAD" {
		x.native.Set("Connection", "close") // which is so: only the end shows that the content is short
	}
	if x.forced || short {
		x.begin() // so that the native response does not choose another framing, or another status
	}
	if early && x.overran && x.request.Method != "HEAD" {
		x.native.Send()
		x.native.WriteString("-") // is refused, and ends the connection
	}
	x.sendTrailers()
	return nil
}

// ReadFrom copies content from src. A file with a Content-Length goes from the disk to the socket without a detour.
func (x *exchange) ReadFrom(src io.Reader) (int64, error) {
	if err := x.admit(0); err != nil {
		return 0, err
	}
	if !x.sniff && x.declared >= 0 && x.mayHaveContent() && isFile(src) {
		if !x.sent {
			x.complete(nil)
		}
		n, err := x.native.ReadFrom(src)
		x.written += n
		if err == conn.ErrContentLength {
			x.overran, err = true, http.ErrContentLength
		}
		return n, x.noteFailure(err)
	}
	buf := copyBuffers.Get().(*[copyBytes]byte)
	defer copyBuffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{x}, struct{ io.Reader }{src}, buf[:])
}

// SetReadDeadline sets the time by which the content must have been read. Any goroutine may call it; after the handler has
// returned it gets an error.
func (x *exchange) SetReadDeadline(t time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.done.Load():
		return errDone
	case x.hijacked:
		return x.conn.nc.SetReadDeadline(t)
	}
	x.native.SetReadDeadline(t)
	return nil
}

// SetWriteDeadline sets the time by which the response must have been sent. Any goroutine may call it; after the handler
// has returned it gets an error.
func (x *exchange) SetWriteDeadline(t time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.done.Load():
		return errDone
	case x.hijacked:
		return x.conn.nc.SetWriteDeadline(t)
	}
	x.native.SetWriteDeadline(t)
	return nil
}

// EnableFullDuplex says that the client reads while it sends, so that no content is ever given up for a response that it does
// not take. The content can be read while the response is written without it too.
func (x *exchange) EnableFullDuplex() error {
	if x.done.Load() {
		return errDone
	}
	return x.native.EnableFullDuplex()
}

// CloseNotify returns a channel that receives a value when the client has gone.
func (x *exchange) CloseNotify() <-chan bool {
	if x.done.Load() {
		panic("nethttp: CloseNotify called after ServeHTTP finished")
	}
	return x.context().closeNotify()
}
