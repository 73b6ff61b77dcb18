// One scenario is played on one connection, and everything that came of it is put down in an outcome.

package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const (
	breath   = 30 * time.Millisecond // for an end that follows an answer on foot
	quiet    = 60 * time.Millisecond // for what nobody asked for
	extraMax = 3                     // answers read that nobody asked for
)

// finalAnswer is the beginning of a response that is not interim, and not a last word about the time that has passed.
var finalAnswer = regexp.MustCompile(`^HTTP/1\.\d ([235]|4[^0]|40[^8])`)

// outcome is what came of a scenario.
type outcome struct {
	*script
	oracle  Oracle
	waits   bool  // the server may wait for more
	not     []int // statuses that no answer may have
	known   *survey
	sent    int                  // requests sent, the last one perhaps in part
	turn    int                  // the last of them that was sent when all answers before had come
	cut     bool                 // the client was told in the middle of a request that the connection ends, and sent no more
	idle    bool                 // the client paused between an answer and the next request
	heard   int64                // bytes sent when the last answer had come
	answers []*dialogue.Response // final ones
	partial *dialogue.Response   // what came of the one that failed
	interim int                  // interim responses
	wrong   string               // an answer's beginning that is not what the dialogue wants
	want    string
	failed  error                // why the answer to request len(answers)+1 did not come whole
	last    bool                 // an answer said that the connection ends
	end     error                // how the server's direction ended: io.EOF, *ResetError; nil: it has not
	waited  bool                 // for the end, as long as that may take
	extra   []*dialogue.Response // behind all the answers
	framed  string               // what is wrong with an answer's head, and what to do about it
	mend    string
	headed  bool   // content came with the answer to a HEAD, as it does on this server
	unasked int64  // from where on the server sent an answer before the request to which it would belong; -1: nowhere
	garbage int64  // from where on the server sent what is no response; -1: nowhere
	told    []byte // Alive: the beginning of the answer on another connection
	alive   error  // Alive: why there was none, or errWrong
	took    time.Duration

	events []dialogue.Event
	bytes  [2]int64
	unsent bool // a send failed
	late   bool // most of the content was sent before the first answer came
}

// player plays scenarios against one place.
type player struct {
	place
	secure   *security // nil: plain
	known    survey
	healthy  healthy
	patience time.Duration
	stuck    time.Duration // how long one scenario may keep the server from answering anybody
}

// play plays a scenario. An error says that it could not be played at all.
func (p *player) play(ctx context.Context, s *Scenario) (*outcome, error) {
	sc, err := s.parse(&p.place)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	t, err := p.dial(ctx, p.patience)
	if err != nil {
		return nil, fmt.Errorf("cannot connect any more: %w", err)
	}
	defer t.Close()
	defer context.AfterFunc(ctx, func() { t.Abort() })()
	o := &outcome{script: sc, oracle: s.Oracle, waits: s.Waits, not: s.Not, known: &p.known, garbage: -1, unasked: -1}
	r := &run{Talker: t, o: o, patience: max(p.patience, s.Within), polite: s.Slow, each: s.Each}
	if !s.Late {
		t.StartReading()
	}
	r.steps()
	r.finish()
	if s.Oracle == Alive {
		p.ask(ctx, o)
		t.Remark("GET %s on another connection: %q", sc.ask, o.told)
	}
	o.took = time.Since(began)
	o.events = t.Events()
	o.bytes = [2]int64{t.Bytes(dialogue.Client), t.Bytes(dialogue.Server)}
	o.late = len(o.answers) == 0 || o.answers[0].First > t.TimeOf(dialogue.Client, int64(len(sc.content)/2))
	return o, ctx.Err()
}

// errWrong says that an answer on another connection is not the one to the question.
var errWrong = errors.New("another answer")

// ask asks on a new connection, and again until the answer begins as it should or patience is over.
func (p *player) ask(ctx context.Context, o *outcome) {
	for end := time.Now().Add(p.patience); ; time.Sleep(breath) {
		res, t, err := p.once(ctx, o.ask, p.patience)
		if o.alive = err; err != nil {
			return
		}
		t.Close()
		got := statusAndContent(res)
		o.told = got[:min(len(got), 80)]
		if bytes.HasPrefix(got, []byte(o.script.want)) && (o.never == "" || !bytes.HasPrefix(got, []byte(o.never))) {
			return
		}
		if time.Now().After(end) || ctx.Err() != nil {
			o.alive = errWrong
			return
		}
	}
}

// run is a scenario that is being played.
type run struct {
	*dialogue.Talker
	o        *outcome
	patience time.Duration
	stopped  bool          // the client has no reason to send any more
	closed   bool          // the client has closed the connection itself
	each     time.Duration // not 0: the client sends byte by byte
	polite   bool          // the client stops when it hears anything
}

func (r *run) steps() {
	o := r.o
	due := 0 // answers that the dialogue has asked for
	for _, st := range o.script.steps {
		switch st.kind {
		case response:
			due++
			r.await(due, st.want)
		case interim:
			r.awaitInterim(due + 1)
		case early:
			r.awaitEarly(due+1, st.wait)
		case pause:
			if !r.stopped {
				o.idle = o.idle || o.sent > 0 && len(o.answers) == o.sent
				time.Sleep(st.wait)
			}
		case halfClose:
			if !r.stopped {
				r.CloseWrite()
			}
		case abort:
			r.Abort()
			r.closed, r.stopped = true, true
		case send:
			r.send(st)
		}
	}
}

func (r *run) send(st step) {
	if n, _ := r.Unread(); r.polite && (n > 0 || r.Ended() != nil) {
		return
	}
	if r.stopped || r.o.unsent {
		r.o.cut = r.o.cut || r.o.last && st.requests == r.o.sent
		return
	}
	if len(r.o.answers) > 0 {
		r.WaitEnd(breath)
		if r.Ended() != nil {
			r.stopped = true
			return
		}
	}
	if st.requests > r.o.sent && len(r.o.answers) == st.requests-1 {
		r.o.turn = st.requests
		if n, first := r.Unread(); st.requests > 1 && r.o.unasked < 0 && finalAnswer.Match(first) {
			r.o.unasked = r.Bytes(dialogue.Server) - int64(n)
		}
	}
	r.o.sent = st.requests
	if r.each == 0 {
		r.o.unsent = r.Send(st.data) != nil
		return
	}
	for i := range st.data {
		if r.o.unsent = r.Send(st.data[i:i+1]) != nil; r.o.unsent {
			return
		}
		time.Sleep(r.each)
	}
}

// await reads responses until there are so many answers.
func (r *run) await(due int, want string) {
	for !r.stopped && len(r.o.answers) < due {
		r.read()
	}
	if want == "" || len(r.o.answers) < due {
		return
	}
	res := r.o.answers[due-1]
	if got := statusAndContent(res); !bytes.HasPrefix(got, []byte(want)) && r.o.wrong == "" {
		r.o.wrong, r.o.want = string(got[:min(len(got), 60)]), want
	}
}

// awaitInterim reads one response, unless the answer is there already.
func (r *run) awaitInterim(due int) {
	if !r.stopped && len(r.o.answers) < due {
		r.read()
	}
}

// awaitEarly reads an answer that begins within a time, before the request has been sent to its end.
func (r *run) awaitEarly(due int, within time.Duration) {
	for !r.stopped && len(r.o.answers) < due && r.WaitBytes(within) != dialogue.ErrSilent {
		r.read()
	}
}

// read reads one response.
func (r *run) read() {
	o := r.o
	method := "GET"
	if len(o.answers) < len(o.requests) {
		method = o.requests[len(o.answers)].method
	}
	if method == "HEAD" && o.known.Head {
		method, o.headed = "GET", true
	}
	res, err := r.Next(method, r.patience)
	switch {
	case err != nil:
		o.failed, o.partial, r.stopped = err, res, true
	case res.Interim():
		o.look(res)
		if o.interim++; o.interim > 100 {
			o.failed, r.stopped = errors.New("more than 100 interim responses"), true
		}
	default:
		o.answers = append(o.answers, res)
		o.look(res)
		o.heard = r.Bytes(dialogue.Client)
		if res.Last() {
			o.last, r.stopped = true, true
		}
	}
}

// look notes what is wrong with an answer's head, whatever it was asked.
func (o *outcome) look(res *dialogue.Response) {
	if o.framed == "" {
		o.framed, o.mend = wrongHead(res)
	}
}

// wrongHead returns what no head of an answer may have, and what to do about it; nothing where there is nothing.
func wrongHead(res *dialogue.Response) (what, mend string) {
	length, coding := res.Get("Content-Length"), res.Get("Transfer-Encoding")
	name, value := "Content-Length", length
	if value == "" {
		name, value = "Transfer-Encoding", coding
	}
	switch {
	case value != "" && (res.Status < 200 || res.Status == 204):
		return fmt.Sprintf("An answer of %d, which has no content, has the field %s: %s.", res.Status, name, plainText(value, 20)),
			"Send neither Content-Length nor Transfer-Encoding with 1xx and 204 (RFC 9110 §8.6, RFC 9112 §6.1)."
	case value != "" && res.Method == "CONNECT" && res.Status < 300:
		return fmt.Sprintf("An answer of %d to CONNECT, behind which the tunnel begins, has the field %s: %s.", res.Status, name, plainText(value, 20)),
			"Send neither Content-Length nor Transfer-Encoding with 2xx to CONNECT (RFC 9110 §9.3.6)."
	case length != "" && coding != "":
		return "An answer has both Content-Length and Transfer-Encoding.", "Send one of them: where both are, clients differ (RFC 9112 §6.2)."
	}
	for _, f := range res.Fields {
		if strings.HasPrefix(f.Name, " ") || strings.HasPrefix(f.Name, "\t") || strings.ContainsAny(f.Name+f.Value, "\r\x00") {
			return fmt.Sprintf("An answer has the line %q, which is folded or has a bare CR or NUL in it.", plainText(f.Name+": "+f.Value, 60)),
				"Send each field on one line, without CR, LF and NUL in it (RFC 9112 §5.2, RFC 9110 §5.5)."
		}
	}
	return "", ""
}

// finish waits for the end if there is to be one, and reads what nobody asked for.
func (r *run) finish() {
	o := r.o
	if r.closed {
		return
	}
	patience := quiet
	if o.last && !o.cut || o.unsent || slices.Contains([]Oracle{Once, Old, Ends}, o.oracle) {
		patience, o.waited = r.patience, true
	}
	if o.failed == nil || o.unsent {
		r.WaitEnd(patience)
	}
	o.end = r.Ended()
	var bad *dialogue.MalformedError
	if errors.As(o.failed, &bad) {
		r.WaitEnd(quiet)
		o.end, o.garbage = r.Ended(), o.partial.Offset
		return
	}
	for len(o.extra) < extraMax && o.failed == nil {
		n, _ := r.Unread()
		if n == 0 {
			break
		}
		res, err := r.Next("GET", quiet)
		if errors.As(err, &bad) {
			o.garbage = res.Offset
			break
		}
		if res.Status == 0 || res.Status == 408 && o.end != nil {
			break // less than a status line, or a last word about the time that has passed
		}
		if !res.Interim() {
			o.extra = append(o.extra, res)
		}
		if err != nil && err != io.EOF {
			break
		}
	}
}

// statusAndContent is what a dialogue's want is compared with.
func statusAndContent(res *dialogue.Response) []byte {
	return fmt.Appendf(nil, "%d %s", res.Status, res.Body)
}
