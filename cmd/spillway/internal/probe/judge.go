// The oracles: an outcome in, a finding out. No I/O, and nothing else decides what a scenario found.

package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// judge says what an outcome means.
func (o *outcome) judge() Finding {
	switch o.oracle {
	case Once:
		return o.judgeOnce()
	case Old:
		return o.judgeOld()
	case Refuse, Limit:
		return o.judgeRefuse()
	case Framing, Ambiguous, Conflict:
		return o.judgeFraming()
	case Bounded, Early:
		return o.judgeBounded()
	case Small:
		return o.judgeSmall()
	case Ends:
		return o.judgeEnds()
	case Alive:
		return o.judgeAlive()
	}
	return o.judgeKeep()
}

func (o *outcome) found(v Verdict, format string, args ...any) Finding {
	return finding(o.oracle, v, fmt.Sprintf(format, args...))
}

// judgeKeep: every request is valid.
func (o *outcome) judgeKeep() Finding {
	if f := o.stray(Desync); f.Verdict != "" {
		return f
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	if f := o.missing(); f.Verdict != "" {
		return f
	}
	refused := slices.IndexFunc(o.answers, o.misread)
	claimed := slices.IndexFunc(o.answers, func(res *dialogue.Response) bool { return res.Minor > 1 })
	switch {
	case claimed >= 0:
		f := o.found(Lax, "The answer calls itself HTTP/1.%d, to which no server conforms.", o.answers[claimed].Minor)
		f.Advice = "Answer with the highest version that the server conforms to (RFC 9110 §2.5)."
		return f
	case refused >= 0:
		return o.found(Lost, "Request %d, which gets %d otherwise, got %d.", refused+1, o.known.Get, o.answers[refused].Status)
	case o.wrong != "":
		return o.found(Lost, "An answer was not the one to its request: it began %q and not %q.", o.wrong, o.want)
	case o.last && o.end == nil:
		return o.found(Hang, "The answer said that the connection ends, and it did not within the patience.")
	case o.last:
		return o.found(Closed, "%s, which announced the close; a clean end.", o.answered())
	case len(o.answers) < len(o.requests):
		return o.found(Closed, "%s; then the connection ended, cleanly but unannounced.", o.answered())
	}
	return o.found(OK, "%s; the connection was kept.", o.answered())
}

// judgeBounded: every request is valid, and keeping the connection costs too much.
func (o *outcome) judgeBounded() Finding {
	f := o.judgeKeep()
	switch {
	case o.oracle == Early && o.late:
	case f.Verdict == OK:
		return o.found(Lax, "%s: %d bytes that nobody wanted were read to keep the connection.", o.answered(), len(o.content))
	case f.Verdict == Closed:
		return o.found(OK, "%s", f.What)
	}
	return f
}

// judgeSmall: every request is valid, and there is no reason to close.
func (o *outcome) judgeSmall() Finding {
	f := o.judgeKeep()
	if f.Verdict == Closed {
		return o.found(Lost, "%s; the connection ended, although at most %d bytes of content were left.", o.answered(), len(o.content))
	}
	return f
}

// judgeOnce: behind the first request there is nothing.
func (o *outcome) judgeOnce() Finding {
	if len(o.answers) > 1 || len(o.extra) > 0 {
		f := o.found(Lax, "%d requests were answered, although the first one said that it was the last.", len(o.answers)+len(o.extra))
		f.stray = o.second()
		return f
	}
	if f := o.stray(Desync); f.Verdict != "" {
		return f
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	if f := o.missing(); f.Verdict != "" {
		return f
	}
	if o.end == nil {
		return o.found(Hang, "%s, and the connection stayed open.", o.answered())
	}
	return o.found(OK, "%s, and a clean end.", o.answered())
}

// judgeOld: as judgeOnce, and nothing that only HTTP/1.1 knows.
func (o *outcome) judgeOld() Finding {
	switch {
	case o.interim > 0:
		return o.found(Lax, "An interim response was sent to an HTTP/1.0 client.")
	case len(o.answers) > 0 && o.answers[0].Chunked():
		return o.found(Lax, "A chunked response was sent to an HTTP/1.0 client.")
	}
	return o.judgeOnce()
}

// judgeRefuse: the head breaks a rule or a limit.
func (o *outcome) judgeRefuse() Finding {
	if len(o.answers) > 0 && !o.refused(o.answers[0]) && (o.end == nil || o.answers[0].Status < 400) {
		return o.found(Lax, "It was served: %d.", o.answers[0].Status)
	}
	if len(o.extra) > 0 {
		return o.stray(Desync)
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	switch {
	case errors.Is(o.failed, dialogue.ErrSilent):
		return o.found(Hang, "Neither an answer nor an end.")
	case len(o.answers) > 0 && o.end == nil:
		return o.found(OK, "Refused with %d, and kept open.", o.answers[0].Status)
	case len(o.answers) > 0:
		return o.found(OK, "Refused with %d, and closed.", o.answers[0].Status)
	case o.garbage >= 0:
		return o.found(OK, "Refused, in words that are no HTTP response, and closed.")
	}
	return o.found(Closed, "Closed without an answer.")
}

// judgeFraming: where the content ends is not known, so nothing behind the answer can be.
func (o *outcome) judgeFraming() Finding {
	kept, misread := Lax, Desync
	if o.oracle != Framing {
		kept, misread = Ambig, Ambig
	}
	served := len(o.answers) > 0 && !o.refused(o.answers[0])
	if f := o.afterthought(); o.oracle == Framing && f.Verdict != "" {
		return f
	}
	if f := o.stray(misread); f.Verdict != "" {
		return f
	}
	switch {
	case len(o.answers) > 1:
		f := o.found(kept, "It was answered with %d, and the connection served another request.", o.answers[0].Status)
		f.stray = o.second()
		return f
	case served && o.oracle == Conflict:
		return o.found(Lax, "It was served: %d.", o.answers[0].Status)
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	silent := errors.Is(o.failed, dialogue.ErrSilent)
	switch {
	case silent && len(o.answers) == 0:
		return o.found(kept, "It was taken as if it were valid: the server waits for more of it.")
	case silent:
		return o.found(kept, "It was answered with %d and the connection kept; the next request got no answer.", o.answers[0].Status)
	case len(o.answers) == 0:
		return o.found(OK, "Closed without an answer.")
	case served:
		return o.found(OK, "Answered with %d, and closed.", o.answers[0].Status)
	}
	return o.found(OK, "Refused with %d, and closed.", o.answers[0].Status)
}

// judgeEnds: the client stopped inside a request.
func (o *outcome) judgeEnds() Finding {
	if f := o.afterthought(); f.Verdict != "" {
		return f
	}
	if len(o.extra) > 0 || len(o.answers) > 1 {
		f := o.found(Desync, "%d answers to one request that never came whole.", len(o.answers)+len(o.extra))
		f.stray = o.second()
		return f
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	switch {
	case o.wrong != "":
		return o.found(Lost, "The answer began %q and not %q.", o.wrong, o.want)
	case errors.Is(o.failed, dialogue.ErrSilent):
		return o.found(Hang, "Neither an answer nor an end within the patience.")
	case o.end == nil && len(o.answers) > 0:
		return o.found(Hang, "Answered with %d, and the connection stayed open for the rest of the request.", o.answers[0].Status)
	case len(o.answers) > 0:
		return o.found(OK, "Answered with %d, and closed.", o.answers[0].Status)
	}
	return o.found(OK, "Closed without an answer.")
}

// judgeAlive: the connection is gone, the server must not be.
func (o *outcome) judgeAlive() Finding {
	switch {
	case o.alive == errWrong:
		return o.found(Lost, "Asked on another connection, the server answered %q.", o.told)
	case o.alive != nil:
		return o.found(Hang, "No answer on another connection: %v.", o.alive)
	case o.script.want != "":
		return o.found(OK, "Asked on another connection, the server says so.")
	}
	return o.found(OK, "The server answers other connections.")
}

// refused reports whether an answer says no, where a plain request would not get the same.
func (o *outcome) refused(res *dialogue.Response) bool {
	return res.Status >= 400 && res.Status != o.known.Get
}

// stray finds what the server sent that belongs to no request: answers nobody asked for, what is no response, and answers
// that only content read as a request explains.
func (o *outcome) stray(v Verdict) Finding {
	hidden := o.smuggled()
	switch {
	case len(o.extra) > 0 && hidden:
		return o.strayFrom(v, o.second(), "The request hidden in the content was answered: %s.", o.tooMany())
	case len(o.extra) > 0 && len(o.content) == 0 && o.oracle != Framing:
		return o.strayFrom(v, o.second(), "An answer that nobody asked for: %s.", o.tooMany())
	case len(o.extra) > 0:
		return o.strayFrom(v, o.second(), "Content was read as a request: %s.", o.tooMany())
	case hidden:
		return o.strayFrom(v, o.second(), "The next request got the answer to the one hidden in the content.")
	case o.garbage >= 0 && len(o.answers) > 0:
		return o.strayFrom(v, o.garbage, "Behind the answer the server sent what is no response.")
	}
	if len(o.content) > 0 && len(o.answers) > 1 {
		if i := slices.IndexFunc(o.answers[1:], o.misread); i >= 0 {
			return o.strayFrom(v, o.answers[i+1].Offset, "The next request, which gets %d otherwise, got %d: content was read as its beginning.",
				o.known.Get, o.answers[i+1].Status)
		}
	}
	return Finding{}
}

// afterthought finds an answer behind the answer that only says that the content turned out to be broken, before the end:
// one too many, and yet no sign that content was read as a request.
func (o *outcome) afterthought() Finding {
	if len(o.answers) != 1 || o.sent != 1 || len(o.extra) != 1 || o.garbage >= 0 || o.end == nil {
		return Finding{}
	}
	res := o.extra[0]
	if res.Status != 400 && res.Status != 408 && res.Status != 413 && res.Status != 431 || res.Status == o.known.Hidden || o.tells(res) {
		return Finding{}
	}
	f := o.strayFrom(Lax, res.Offset, "Two answers to one request: %d, and when the content was found to be broken %d, and the end.",
		o.answers[0].Status, res.Status)
	f.Advice = "One request gets one answer: behind it, close without another, or a client takes it for that to its next request."
	return f
}

// tooMany counts answers and requests.
func (o *outcome) tooMany() string {
	return fmt.Sprintf("%d answers to %s", len(o.answers)+len(o.extra), plural(o.sent, "request"))
}

// plural counts things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// smuggled reports whether an answer is the one to the hidden request: one that nobody asked for, or one to a plain request,
// whose own answer is known. A request with content may be answered with anything, the hidden request's own bytes included.
func (o *outcome) smuggled() bool {
	if !slices.ContainsFunc(o.steps, func(st step) bool { return bytes.Contains(st.data, []byte("/spillway-probe-")) }) {
		return false
	}
	behind := slices.Clone(o.extra)
	for i, res := range o.answers {
		if i > 0 && o.requests[min(i, len(o.requests)-1)].plain {
			behind = append(behind, res)
		}
	}
	return slices.ContainsFunc(behind, func(res *dialogue.Response) bool {
		return res.Status == o.known.Hidden && res.Status != o.known.Get || o.tells(res)
	})
}

// tells reports whether a response repeats the hidden request's token.
func (o *outcome) tells(res *dialogue.Response) bool {
	token := []byte("spillway-probe-")
	return bytes.Contains(res.Body, token) ||
		slices.ContainsFunc(res.Fields, func(f dialogue.Field) bool { return bytes.Contains([]byte(f.Value), token) })
}

// misread reports whether an answer calls a request bad that is known to be good.
func (o *outcome) misread(res *dialogue.Response) bool {
	i := slices.Index(o.answers, res)
	if !o.requests[min(i, len(o.requests)-1)].plain || res.Status == o.known.Get {
		return false
	}
	return slices.Contains([]int{400, 405, 411, 413, 414, 431, 501, 505}, res.Status)
}

func (o *outcome) strayFrom(v Verdict, offset int64, format string, args ...any) Finding {
	f := o.found(v, format, args...)
	f.stray = offset
	return f
}

// second returns the offset of the answer behind the first.
func (o *outcome) second() int64 {
	switch {
	case len(o.answers) > 1:
		return o.answers[1].Offset
	case len(o.extra) > 0:
		return o.extra[0].Offset
	}
	return -1
}

// reset finds a reset.
func (o *outcome) reset() Finding {
	i := slices.IndexFunc(o.events, func(e dialogue.Event) bool {
		return e.Kind == dialogue.Reset && e.From == dialogue.Server
	})
	if i < 0 {
		return Finding{}
	}
	at := o.events[i].At
	where := fmt.Sprintf("%v after the client began", at.Round(100*1000))
	if o.unsent {
		where = fmt.Sprintf("after %d bytes of the request", o.bytes[dialogue.Client])
	}
	if len(o.answers) == 0 {
		return o.found(ResetSeen, "A reset %s; the answer was lost.", where)
	}
	return o.found(ResetSeen, "%s, then a reset %s: others than this client lose the answer.", o.answered(), where)
}

// missing finds an answer that did not come, or not whole.
func (o *outcome) missing() Finding {
	var bad *dialogue.MalformedError
	switch {
	case o.failed == nil && o.unsent:
		return o.found(Hang, "The server stopped taking the request after %d bytes, and did not close.", o.bytes[dialogue.Client])
	case o.failed == nil:
		return Finding{}
	case errors.Is(o.failed, dialogue.ErrSilent) && o.partial != nil && o.partial.Status > 0:
		return o.found(Hang, "The answer to request %d of %d stopped in its middle.", len(o.answers)+1, len(o.requests))
	case errors.Is(o.failed, dialogue.ErrSilent):
		return o.found(Hang, "No answer to request %d of %d, and no end.", len(o.answers)+1, len(o.requests))
	case errors.Is(o.failed, io.ErrUnexpectedEOF):
		return o.found(Lost, "The answer to request %d of %d was cut short.", len(o.answers)+1, len(o.requests))
	case errors.As(o.failed, &bad):
		f := o.found(Lost, "In place of the answer to request %d came what is no response: %s.", len(o.answers)+1, bad.What)
		f.stray = o.garbage
		return f
	case o.failed == io.EOF:
		return o.found(Lost, "The connection was closed instead of answering request %d of %d.", len(o.answers)+1, len(o.requests))
	}
	return o.found(Lost, "Request %d of %d: %v.", len(o.answers)+1, len(o.requests), o.failed)
}

// answered says what was answered.
func (o *outcome) answered() string {
	const most = 3
	if len(o.answers) == 0 {
		return "No answer"
	}
	if len(o.answers) > most {
		return fmt.Sprintf("%d answers", len(o.answers))
	}
	var all []string
	for _, res := range o.answers {
		all = append(all, strconv.Itoa(res.Status))
	}
	return "Answered " + strings.Join(all, ", ")
}
