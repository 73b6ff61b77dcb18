// What becomes of a handler's error: a response, while nothing else has been sent.

package conn

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn/internal/format"
	"github.com/spillway-go/spillway/parser"
)

// StatusError is an error with the response that a handler wants for it. The fields that the handler has set before stay in
// the response, but for those that describe the content it was about to send: Content-Type and its kin, ETag,
// Last-Modified, Accept-Ranges and Trailer.
type StatusError struct {
	Status int    // from 400 on
	Reason string // one line of at most 512 bytes, shown to the client as the content, if there is no other

	Fields      []Field // set in the response
	ContentType string  // of Content
	Content     string  // shown to the client in place of the reason
}

// Field is a field line.
type Field struct{ Name, Value string }

// Error returns the reason.
func (e *StatusError) Error() string {
	if e == nil {
		return "conn: a StatusError that is nil"
	}
	return e.Reason
}

// StatusCode returns the status, or 500 if that is not one of an error.
func (e *StatusError) StatusCode() int {
	if e == nil || e.Status < 400 || e.Status > 999 {
		return 500
	}
	return e.Status
}

// fail makes err the response, or cuts the response short where its head has been sent. The output's mu is held.
func (w *response) fail(err error) {
	answer := answerTo(err)
	if rule := refusalOf(err); rule != nil && w.phase == phaseOpen {
		w.c.refused(rule)
	}
	left := w.c.req.over && errors.Is(err, context.Canceled) // is no failure of the handler's
	if answer.Status == 500 && err != errPanicked && !isAbort(err) && !left && w.c.out.err() == nil {
		w.c.logFailure("handler failed", err)
	}
	w.truncated = w.phase != phaseOpen
	if w.truncated || isAbort(err) {
		return
	}
	switches := w.status == 101 // and will not, so that what it would switch to is of no interest
	w.fields.Keep(func(name string) bool {
		return !describesContent(name) && !(switches && parser.EqualFold(name, "Upgrade"))
	})
	w.trailed = false
	w.codings, w.sniffed = "", ""
	w.status, w.declared, w.written = answer.Status, -1, int64(len(answer.Content))
	w.put("Content-Type", answer.ContentType, true)
	for _, f := range answer.Fields {
		if !parser.EqualFold(f.Name, "Content-Length") { // which is known
			w.put(f.Name, f.Value, true)
		}
	}
	w.dropContent()
	w.content = []byte(answer.Content)
}

// describesContent reports whether a field speaks of the content that a response was to have, and not of the response.
func describesContent(name string) bool {
	const prefix = "Content-"
	if len(name) > len(prefix) && parser.EqualFold(name[:len(prefix)], prefix) {
		const policy = "Content-Security-Policy"
		return len(name) < len(policy) || !parser.EqualFold(name[:len(policy)], policy)
	}
	for _, other := range []string{"ETag", "Last-Modified", "Accept-Ranges", "Trailer", "Digest", "Repr-Digest"} {
		if parser.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// isAbort reports whether the handler wants the connection ended, whoever has wrapped that.
func isAbort(err error) bool { return errors.Is(err, ErrAbort) }

// StatusOf returns the status of the response that an error becomes when a handler returns it before the head is sent, as
// middleware wants to know it; 0 for nil, and for ErrAbort, which becomes none.
func StatusOf(err error) int {
	if err == nil || isAbort(err) {
		return 0
	}
	return answerTo(err).Status
}

// answerTo returns the response that an error asks for. Only this project's errors speak to the client: what others say is
// nobody's business but the log's.
func answerTo(err error) StatusError {
	var chosen *StatusError
	if errors.As(err, &chosen) && chosen != nil {
		answer := *chosen
		answer.Status = chosen.StatusCode()
		if answer.Content == "" {
			answer.Content = oneLine(answer.Reason)
			answer.ContentType = ""
		}
		if answer.ContentType == "" || validField("Content-Type", answer.ContentType) != nil {
			answer.ContentType = plainText
		}
		return answer
	}
	status, reason := 500, format.StatusText(500)
	if s, r, ok := contentError(err); ok {
		status, reason = s, r
	}
	return StatusError{Status: status, ContentType: plainText, Content: oneLine(reason)}
}

const plainText = "text/plain; charset=utf-8"

// contentError returns what an error of the request's content is to the client. Errors of the transport in it are left
// out: they have addresses in them.
func contentError(err error) (status int, reason string, ok bool) {
	var (
		large   *body.TooLargeError
		slow    *body.SlowError
		cut     *body.CutError
		garbled *body.GarbledError
		refused *parser.Error
	)
	switch {
	case errors.As(err, &large) && large != nil:
		return large.StatusCode(), large.Error(), true
	case errors.As(err, &slow) && slow != nil:
		told := *slow
		if !errors.Is(slow.Err, ErrMinRate) {
			told.Err = os.ErrDeadlineExceeded
		}
		return slow.StatusCode(), told.Error(), true
	case errors.As(err, &cut) && cut != nil:
		return cut.StatusCode(), (&body.CutError{Got: cut.Got, Want: cut.Want}).Error(), true
	case errors.As(err, &garbled) && garbled != nil:
		return garbled.StatusCode(), garbled.Error(), true
	case errors.As(err, &refused) && refused != nil:
		return refused.StatusCode(), refused.Error(), true
	}
	return 0, "", false
}

// refusalOf returns the rule that the client has broken in the content, if an error says so.
func refusalOf(err error) *parser.Error {
	status, reason, ok := contentError(err)
	if !ok {
		return nil
	}
	var grammar *parser.Error
	if errors.As(err, &grammar) && grammar != nil {
		return grammar
	}
	rule := &parser.Error{Status: status, Reason: "the connection ended inside the content", Section: "RFC 9112 §8"}
	switch status {
	case 408:
		rule.Reason, rule.Section = "the content came too slowly", "RFC 9110 §15.5.9"
	case 413:
		rule.Reason, rule.Section = "more content than the limit", "RFC 9110 §15.5.14"
	case 400:
	default:
		rule.Reason = reason
	}
	return rule
}

// oneLine makes one line of a reason, which may hold bytes of the client's.
func oneLine(reason string) string {
	const most = 512
	if len(reason) > most {
		reason = strings.ToValidUTF8(reason[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, reason) + "\n"
}
