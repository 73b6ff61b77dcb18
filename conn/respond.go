// The response as the connection has it: what a handler has made of it so far, and how it is completed.

package conn

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn/internal/format"
	"github.com/spillway-go/spillway/conn/internal/transport"
	"github.com/spillway-go/spillway/parser"
)

// phase is how far a response has come.
type phase uint8

const (
	phaseOpen     phase = iota // nothing has been decided
	phaseHeadSent              // status, fields and framing are decided, and on their way
	phaseComplete              // the handler has returned, and all of it is on its way
	phaseHijacked              // the connection is the handler's
)

// coding is how the response's content is framed.
type coding uint8

const (
	undecided coding = iota
	nothing          // the response has no content, or the request was a HEAD
	fixed            // by its Content-Length
	chunked
	delimited // by the end of the connection
)

// response is the answer to the request under way. The output's mu guards it.
type response struct {
	c *Conn
	answer
	fields   format.Lines
	short    [128]byte    // a buffer for what most responses to small requests have
	trailers format.Lines // this response's if trailed
}

// answer is what is new in each response.
type answer struct {
	phase      phase
	coding     coding
	announced  Reason // ReasonNone, or why the head says Connection: close
	chosen     bool   // the handler has set the status
	closing    bool   // the handler wants the connection closed, or has made that necessary
	undated    bool   // no Date
	untilClose bool   // no other framing than the end of the connection
	stock      bool   // in net/http's order; status 101 may be sent without a Hijack
	trailed    bool   // there are trailers
	final      bool   // the handler has returned
	truncated  bool   // the client will see less than a whole response
	continued  bool   // 100 (Continue) has been sent

	status   int
	declared int64  // the Content-Length, or -1
	content  []byte // not yet sent, in short or in a buffer of SmallBuffer
	written  int64  // content bytes that the handler has written
	wire     int64  // bytes of it and of informational ones before it; 0 until it has ended

	sniffed string // the Content-Type that the server has found out
	codings string // transfer codings that the content is in already
	phrase  func(status int) string
}

var (
	errShort    = errors.New("conn: less content than the declared Content-Length")
	errNotTaken = errors.New("conn: status 101 without a Hijack")
)

// begin makes it ready for a new exchange.
func (w *response) begin() {
	w.fields.Reset()
	w.answer = answer{status: 200, declared: -1}
}

// isOpen reports whether nothing has been decided, and nobody has the connection.
func (w *response) isOpen() bool {
	w.c.out.mu.Lock()
	defer w.c.out.mu.Unlock()
	return w.phase == phaseOpen
}

// open returns nil while nothing has been decided.
func (w *response) open() error {
	switch w.phase {
	case phaseOpen:
		return nil
	case phaseHijacked:
		return ErrHijacked
	}
	return ErrHeadSent
}

func (w *response) put(name, value string, replace bool) error {
	if err := w.open(); err != nil {
		return err
	}
	if !(replace && w.fields.Has(name)) && w.fields.Again(name, value) {
		return nil // it is valid, and steers nothing
	}
	return w.putAnother(name, value, replace)
}

// putAnother puts a field line that the last response did not have at this place.
func (w *response) putAnother(name, value string, replace bool) error {
	if err := validField(name, value); err != nil {
		return err
	}
	if done, err := w.steer(name, value); done || err != nil {
		return err
	}
	if replace {
		w.fields.Del(name)
	}
	w.fields.Add(name, value)
	return nil
}

// get returns the first value of a field.
func (w *response) get(name string) string {
	switch {
	case parser.EqualFold(name, "Content-Length") && w.declared >= 0:
		return strconv.FormatInt(w.declared, 10)
	case parser.EqualFold(name, "Connection") && w.closing:
		return "close"
	}
	return w.fields.Get(name)
}

// steer follows what the fields say that frame the response and end the connection. It reports whether that was all.
func (w *response) steer(name, value string) (done bool, err error) {
	switch {
	case len(name) != len("Connection") && len(name) != len("Content-Length") && len(name) != len("Transfer-Encoding"):
	case parser.EqualFold(name, "Content-Length"):
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil {
			return false, fmt.Errorf("conn: Content-Length %.40q is not a number of bytes", value)
		}
		return true, w.declare(int64(n))
	case parser.EqualFold(name, "Transfer-Encoding"):
		return false, errors.New("conn: the server decides the Transfer-Encoding")
	case parser.EqualFold(name, "Connection"):
		done = parser.ListHas(value, "close")
		w.closing = w.closing || done
	}
	return done, nil
}

// declare sets the Content-Length. One that the content exceeds already is not what the handler means, whatever it means:
// the connection says close.
func (w *response) declare(n int64) error {
	if err := w.open(); err != nil {
		return err
	}
	if n < 0 {
		return fmt.Errorf("conn: Content-Length %d is negative", n)
	}
	if n < w.written {
		w.closing = true
		return ErrContentLength
	}
	w.declared = n
	return nil
}

func (w *response) addTrailer(name, value string) error {
	open := w.phase == phaseOpen
	switch {
	case w.phase == phaseHijacked:
		return ErrHijacked
	case !open && w.coding != chunked, w.declared >= 0, w.c.req.Minor == 0:
		return ErrNoTrailers
	case open:
		w.fields.Add("Trailer", name)
	}
	if !w.trailed {
		w.trailers.Reset()
		w.trailed = true
	}
	w.trailers.Add(name, value)
	return nil
}

func (w *response) write(p []byte) (int, error) {
	if err := w.admit(int64(len(p))); err != nil {
		return 0, err
	}
	w.written += int64(len(p))
	if len(w.content)+len(p) <= transport.SmallBuffer {
		w.hold(p)
		return len(p), nil
	}
	if err := w.push(p, false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hold keeps content that may turn out to be all.
func (w *response) hold(p []byte) {
	switch {
	case w.content == nil && len(p) <= len(w.short):
		w.content = w.short[:0]
	case cap(w.content)-len(w.content) < len(p):
		w.content = append(transport.GetBuffer(transport.SmallBuffer)[:0], w.content...)
	}
	w.content = append(w.content, p...)
}

// admit checks whether n more bytes of content may be written.
func (w *response) admit(n int64) error {
	switch {
	case w.phase == phaseHijacked:
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

// sendFile sends what was written before, and then the file, up to the declared length.
func (w *response) sendFile(file *io.LimitedReader) (int64, error) {
	if err := w.push(nil, true); err != nil {
		return 0, err
	}
	room := w.declared - w.written
	n, err := w.c.out.sendFile(file, room)
	w.written += n
	if err == nil && n == room && file.N > 0 {
		var one [1]byte // more than was declared is an error here as it is in Write
		if more, _ := file.Read(one[:]); more > 0 {
			err = w.admit(1)
		}
	}
	return n, err
}

// push sends the head, if that is still to be done, what was buffered, and p.
func (w *response) push(p []byte, flush bool) error {
	if w.phase == phaseHijacked {
		return ErrHijacked
	}
	if err := w.sendHead(); err != nil {
		return err
	}
	if err := w.sendContent(p); err != nil || !flush {
		return err
	}
	return w.c.out.flush()
}

// inform sends an informational response.
func (w *response) inform(code int) error {
	if w.c.req.Minor == 0 {
		return nil
	}
	if err := w.open(); err != nil {
		return err
	}
	if code == 100 && w.continued {
		return nil
	}
	w.continued = w.continued || code == 100
	head := format.AppendStatusLine(nil, code, w.phrase)
	if code != 100 {
		head = w.fields.AppendTo(head)
	} else {
		w.c.req.Body.Asked()
	}
	w.c.out.send(append(head, "\r\n"...))
	return w.c.out.flush()
}

// sendContinue sends 100 (Continue) for the body reader, unless the final response has begun (RFC 9110 §10.1.1).
func (w *response) sendContinue() error {
	w.c.out.mu.Lock()
	defer w.c.out.mu.Unlock()
	if w.phase != phaseOpen {
		return w.c.out.err()
	}
	return w.inform(100)
}

// end completes the response after the handler has returned err. It reports false where the connection was hijacked: then it
// waits until whoever is about to have it has it.
func (w *response) end(err error) bool {
	w.c.out.mu.Lock()
	if w.phase == phaseHijacked {
		w.c.out.mu.Unlock()
		w.c.handing.Wait()
		return false
	}
	defer w.c.out.mu.Unlock()
	w.complete(err)
	w.wire = w.c.out.advance()
	if w.responded() {
		w.c.told.response(w.c.tally, classOf(w.status))
	}
	return true
}

// complete is end for a response that there is. The output's mu is held.
func (w *response) complete(err error) {
	defer w.dropContent()
	w.final = true
	if err == nil && w.status == 101 && !w.stock {
		err = errNotTaken
	}
	if err == nil && w.phase == phaseHeadSent && w.c.req.Body.Missed() {
		err = body.ErrAbandoned // whatever the handler has made of that, it has not seen all
	}
	if err != nil {
		w.fail(err)
	}
	if w.truncated && w.phase != phaseOpen || isAbort(err) {
		w.truncated = true
		if err == nil {
			w.push(nil, false) // what was accepted before the handler wrote too much
		}
		return
	}
	if w.phase == phaseOpen && w.declared >= 0 && w.written != w.declared && !w.bodiless() {
		w.closing = true
		w.fail(errShort)
	}
	w.sendHead()
	w.c.in.handlerReturned(w.announced == ReasonNone && !w.truncated)
	w.sendContent(nil)
	if out := &w.c.out; w.coding == chunked {
		out.grab(8)
		out.buf = append(out.buf, "0\r\n"...)
		if w.trailed {
			out.grab(w.trailers.Bytes() + 2)
			out.buf = w.trailers.AppendTo(out.buf)
		}
		out.buf = append(out.buf, "\r\n"...)
	}
	if !w.c.in.used && w.c.in.waiting() > 0 { // for another handler, which may take its time
		w.c.out.flushSoon()
	}
	w.phase = phaseComplete
	w.truncated = w.truncated || w.coding == fixed && w.written != w.declared
}

// bodiless reports whether nothing follows the head, so that a Content-Length is only said.
func (w *response) bodiless() bool { return w.contentless() || w.c.req.Method == "HEAD" }

// contentless reports whether the response has no content: for its status, or because a 2xx response to a CONNECT begins a
// tunnel with the end of its head (RFC 9110 §9.3.6).
func (w *response) contentless() bool {
	return format.Contentless(w.status) || w.status < 300 && w.c.req.Method == "CONNECT"
}

// account counts a response that no handler's return completes, and whose last byte is among what is to be sent. The output's mu is
// held.
func (w *response) account() {
	w.wire = w.c.out.advance()
	if w.responded() {
		w.c.tally.responses[classOf(w.status)].Add(1)
	}
}

// responded reports whether there is a response at all.
func (w *response) responded() bool { return w.wire > 0 && w.coding != undecided }

// contentSent returns how many bytes of content the client was sent, if it has taken them.
func (w *response) contentSent() int64 {
	if w.coding == nothing || w.coding == undecided {
		return 0
	}
	return w.written
}
