// The oracles: an outcome in, a finding out. No I/O, and nothing else decides what a scenario found.

package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// judge says what an outcome means.
func (o *outcome) judge() Finding {
	f := o.judgeByOracle()
	if o.headed && !f.Verdict.Fault() {
		f = o.found(Wrong, "Content came with the answer to a HEAD: a client takes it for the next answer.")
		f.Advice = "Send the head alone, whatever its Content-Length says (RFC 9110 §9.3.2)."
	}
	if o.framed != "" && !f.Verdict.Fault() {
		f = o.found(Wrong, "%s", o.framed)
		f.Advice = o.mend
	}
	return f
}

func (o *outcome) judgeByOracle() Finding {
	switch o.oracle {
	case Once:
		return o.judgeOnce()
	case Old:
		return o.judgeOld()
	case Refuse, Limit:
		return o.judgeRefuse()
	case Drop:
		return o.judgeDrop()
	case Said:
		return o.judgeSaid()
	case Either:
		return o.judgeEither()
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
	if f := o.stray(Desync); f.Verdict != "" && (f.Verdict != Wrong || o.unasked < 0) {
		return f
	}
	if o.unasked >= 0 {
		return o.strayFrom(Desync, o.unasked, "An answer came before the next request had been sent.")
	}
	if f := o.brokenOff(); f.Verdict != "" {
		return f
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	if f := o.missing(); f.Verdict != "" {
		return f
	}
	refused := slices.IndexFunc(o.answers, o.misread)
	unwanted := slices.IndexFunc(o.answers, func(res *dialogue.Response) bool { return slices.Contains(o.not, res.Status) })
	claimed := slices.IndexFunc(o.answers, func(res *dialogue.Response) bool { return res.Minor > 1 })
	switch {
	case claimed >= 0:
		f := o.found(Wrong, "The answer calls itself HTTP/1.%d, to which no server conforms.", o.answers[claimed].Minor)
		f.Advice = "Answer with the highest version that the server conforms to (RFC 9110 §6.2)."
		return f
	case refused >= 0:
		return o.found(Lost, "Request %d, which gets %d otherwise, got %d.", refused+1, o.known.Get, o.answers[refused].Status)
	case unwanted >= 0:
		return o.found(Lost, "Request %d got %d.", unwanted+1, o.answers[unwanted].Status)
	case o.wrong != "":
		return o.found(Lost, "An answer was not the one to its request: it began %q and not %q.", o.wrong, o.want)
	case o.last && o.end == nil && o.cut:
		return o.found(Closed, "%s, which announced the close; the client sent no more.", o.answered())
	case o.last && o.end == nil:
		return o.found(Hang, "The answer said that the connection ends, and it did not within the patience.")
	case o.last:
		return o.found(Closed, "%s, which announced the close; a clean end.", o.answered())
	case len(o.answers) < len(o.requests):
		return o.found(Closed, "%s; then the connection ended, cleanly, while it was idle.", o.answered())
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

// judgeSmall: every request is valid, and there is no reason to close, unless the content comes in more than one piece and
// the server has answered before the last.
func (o *outcome) judgeSmall() Finding {
	const onePiece = 4 << 10
	f := o.judgeKeep()
	if f.Verdict == Closed && len(o.content) <= onePiece {
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
	if len(o.requests) > 1 {
		return o.found(OK, "%s; the request behind it was not answered, and the connection ended.", o.answered())
	}
	return o.found(OK, "%s, and a clean end.", o.answered())
}

// judgeOld: as judgeOnce, and nothing that only HTTP/1.1 knows.
func (o *outcome) judgeOld() Finding {
	switch {
	case o.interim > 0:
		return o.found(Wrong, "An interim response was sent to an HTTP/1.0 client.")
	case len(o.answers) > 0 && o.answers[0].Chunked():
		return o.found(Wrong, "A chunked response was sent to an HTTP/1.0 client.")
	}
	return o.judgeOnce()
}

// judgeRefuse: the head breaks a rule or a limit.
func (o *outcome) judgeRefuse() Finding {
	if o.smuggled() {
		return o.stray(Desync)
	}
	if len(o.answers) > 0 && !o.refused(o.answers[0]) && (o.end == nil || o.answers[0].Status < 400) {
		return o.found(Lax, "It was served: %d.", o.answers[0].Status)
	}
	if len(o.extra) > 0 && !o.allRefused() {
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
		return o.refusal()
	case o.garbage >= 0 && len(o.known.Page) > 0 && bytes.HasPrefix(o.at(o.garbage), o.known.Page):
		return o.found(Lax, "It was served: the page came without a head.")
	case o.garbage >= 0:
		return o.found(OK, "Refused, in words that are no HTTP response, and closed.")
	}
	return o.found(Closed, "Closed without an answer.")
}

// judgeDrop: a line is to be refused or dropped. It declares content that is a request, so that what became of it shows.
func (o *outcome) judgeDrop() Finding {
	switch {
	case len(o.answers) == 0 || o.refused(o.answers[0]):
		return o.judgeRefuse()
	case o.smuggled():
		return o.found(OK, "The line was dropped: what it called content was answered as a request.")
	case len(o.answers) > 1 && o.answers[1].Status == o.known.Get:
		return o.found(Lax, "The line was taken for a field: what it called content was read as content.")
	}
	return o.judgeFraming()
}

// judgeEither: the request may be refused. If it is not, there is one way to read it, in which its content is no request.
func (o *outcome) judgeEither() Finding {
	if len(o.answers) > 0 && o.refused(o.answers[0]) && !o.smuggled() {
		return o.judgeRefuse()
	}
	if f := o.afterthought(); f.Verdict != "" {
		return f
	}
	if f := o.stray(Ambig); f.Verdict != "" {
		return f
	}
	f := o.judgeKeep()
	if f.Verdict == Broken {
		return o.found(Closed, "%s, and closed.", o.answered())
	}
	return f
}

// judgeSaid: every request is valid, and the client has said that no more will come. No standard says that it must be answered.
func (o *outcome) judgeSaid() Finding {
	f := o.judgeKeep()
	if (f.Verdict == Lost || f.Verdict == Broken) && o.failed == io.EOF && o.end == io.EOF {
		return o.found(Closed, "%s; the connection was closed when the client had ended its direction.", o.answered())
	}
	return f
}

// judgeFraming: where the content ends is not known, so nothing behind the answer can be.
func (o *outcome) judgeFraming() Finding {
	kept, misread := Lax, Desync
	if o.oracle != Framing {
		kept, misread = Ambig, Ambig
	}
	served := len(o.answers) > 0 && !o.refused(o.answers[0])
	if o.allRefused() && o.end == io.EOF {
		return o.refusal()
	}
	if f := o.afterthought(); o.oracle == Framing && f.Verdict != "" {
		return f
	}
	if f := o.stray(misread); f.Verdict == Desync && o.foundBehind() {
		return o.strayFrom(Ambig, f.stray, "The malformed content was forgiven, and the request behind it answered: others find its end elsewhere.")
	} else if f.Verdict != "" {
		return f
	}
	behind := slices.IndexFunc(o.answers, func(res *dialogue.Response) bool { return res != o.answers[0] && !o.refused(res) })
	switch {
	case behind > 0 || len(o.answers) > 1 && o.end == nil:
		f := o.found(kept, "It was answered with %d, and the connection served another request.", o.answers[0].Status)
		f.stray = o.second()
		return f
	case len(o.answers) > 1 && served && o.oracle != Conflict:
		return o.strayFrom(Lax, o.second(), "It was answered with %d, what came behind it was refused with %d, and the connection ended.",
			o.answers[0].Status, o.answers[1].Status)
	case served && o.oracle == Conflict:
		return o.found(Lax, "It was served: %d.", o.answers[0].Status)
	}
	if f := o.reset(); f.Verdict != "" {
		return f
	}
	silent := errors.Is(o.failed, dialogue.ErrSilent)
	switch {
	case silent && o.waits:
		return o.found(OK, "The server waits for more of it.")
	case silent && len(o.answers) == 0:
		return o.found(kept, "It was taken as if it were valid: the server waits for more of it.")
	case silent:
		return o.found(kept, "It was answered with %d and the connection kept; the next request got no answer.", o.answers[0].Status)
	case len(o.answers) == 0:
		return o.found(OK, "Closed without an answer.")
	case o.last && o.end == nil:
		return o.found(Hang, "The answer, %d, said that the connection ends, and it did not within the patience.", o.answers[0].Status)
	case served:
		return o.found(OK, "Answered with %d, and closed.", o.answers[0].Status)
	}
	return o.refusal()
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
