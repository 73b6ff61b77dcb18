// What an outcome shows, whatever the oracle: stray bytes, resets, broken promises, answers that are missing.

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

// refused reports whether an answer says no, where a plain request would not get the same.
func (o *outcome) refused(res *dialogue.Response) bool {
	return res.Status >= 400 && res.Status != o.known.Get
}

// allRefused reports whether there are answers, and all of them say no.
func (o *outcome) allRefused() bool {
	served := func(res *dialogue.Response) bool { return !o.refused(res) || o.tells(res) }
	return len(o.answers) > 0 && !o.smuggled() && !slices.ContainsFunc(o.answers, served) && !slices.ContainsFunc(o.extra, served)
}

// refusal is what a refusal is worth.
func (o *outcome) refusal() Finding {
	if n := len(o.answers) + len(o.extra); n > 1 {
		return o.found(OK, "Refused with %d, what came behind it too, and closed.", o.answers[0].Status)
	}
	return o.found(OK, "Refused with %d, and closed.", o.answers[0].Status)
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
		return o.rubbish(v)
	}
	if len(o.content) > 0 && len(o.answers) > 1 {
		if i := slices.IndexFunc(o.answers[1:], o.misread); i >= 0 {
			return o.strayFrom(v, o.answers[i+1].Offset, "The next request, which gets %d otherwise, got %d: content was read as its beginning.",
				o.known.Get, o.answers[i+1].Status)
		}
	}
	return Finding{}
}

// rubbish judges what is no response and came behind an answer. It says that content was read as a request only if that has
// left a trace; else the answer before it is longer than it says.
func (o *outcome) rubbish(v Verdict) Finding {
	before := o.answers[len(o.answers)-1]
	switch {
	case bytes.Contains(o.at(o.garbage), []byte("spillway-probe-")):
		return o.strayFrom(v, o.garbage, "Behind the answer came, without a head, what answers the request hidden in the content.")
	case before.Method == "HEAD" && len(o.content) > 0:
		return o.strayFrom(v, o.garbage, "The answer to HEAD came with content, as otherwise it does not: the method was read together with "+
			"content.")
	}
	return o.strayFrom(Wrong, o.garbage, "Behind the answer the server sent what is no response.")
}

// at returns what is kept of what the server sent from an offset on.
func (o *outcome) at(offset int64) []byte {
	for _, e := range o.events {
		if in := offset - e.Offset; e.Kind == dialogue.Data && e.From == dialogue.Server && in >= 0 && in < int64(len(e.First)) {
			return e.First[in:]
		}
	}
	return nil
}

// afterthought finds an answer behind the answer that only says that the content turned out to be broken, before the end:
// one too many, and yet no sign that content was read as a request.
func (o *outcome) afterthought() Finding {
	turn := 1
	if o.oracle == Alike && o.sent == 2 {
		turn = 2
	}
	if len(o.answers) != turn || o.sent != turn || len(o.extra) != 1 || o.garbage >= 0 || o.end == nil {
		return Finding{}
	}
	res := o.extra[0]
	if res.Status != 400 && res.Status != 408 && res.Status != 413 && res.Status != 431 || res.Status == o.known.Hidden || o.tells(res) {
		return Finding{}
	}
	f := o.strayFrom(Lax, res.Offset, "Two answers to one request: %d, and when the content was found to be broken %d, and the end.",
		o.answers[turn-1].Status, res.Status)
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

// foundBehind reports whether the hidden request that was answered is the one behind malformed content. Where there is one
// inside, too, who has answered that refuses what follows.
func (o *outcome) foundBehind() bool {
	if !o.behind || !o.smuggled() {
		return false
	}
	all := append(slices.Clone(o.answers), o.extra...)
	return len(o.content) == 0 || !o.refused(all[len(all)-1])
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

// brokenOff finds an end of the connection behind an answer that did not announce it, before the answer to a request that the
// client sent, or was about to send, in its turn. A connection that is idle may end at any time.
func (o *outcome) brokenOff() Finding {
	turn := len(o.answers) + 1
	inTurn := o.sent < turn || o.sent == turn && o.turn == turn
	if turn == 1 || o.last || o.idle || turn > len(o.requests) || !inTurn || o.partial != nil && o.partial.Status > 0 {
		return Finding{}
	}
	how := "a clean end"
	var reset *dialogue.ResetError
	switch {
	case errors.As(o.end, &reset):
		how = "a reset"
	case o.end != io.EOF:
		return Finding{}
	}
	after := ""
	if more := o.bytes[dialogue.Client] - o.heard; more > 0 {
		after = fmt.Sprintf(" after %d bytes more of the request", more)
	}
	f := o.found(Broken, "%s, without Connection: close; then%s %s, and no answer to request %d.", o.answered(), after, how, turn)
	f.broke = true
	return f
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
