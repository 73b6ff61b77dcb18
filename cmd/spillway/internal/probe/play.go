// One scenario is played on one connection, and everything that came of it is put down in an outcome.

package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const (
	breath   = 30 * time.Millisecond // for an end that follows an answer on foot
	quiet    = 60 * time.Millisecond // for what nobody asked for
	extraMax = 3                     // answers read that nobody asked for
)

// outcome is what came of a scenario.
type outcome struct {
	*script
	oracle  Oracle
	known   *survey
	sent    int                  // requests sent
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
	garbage int64                // from where on the server sent what is no response; -1: nowhere
	alive   error                // Alive: what the other connection said
	took    time.Duration

	events []dialogue.Event
	bytes  [2]int64
	unsent bool // a send failed
}

// player plays scenarios against one place.
type player struct {
	place
	known    survey
	patience time.Duration
}

// play plays a scenario. An error says that it could not be played at all.
func (p *player) play(ctx context.Context, s *Scenario) (*outcome, error) {
	sc, err := s.parse(&p.place)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	t, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	defer context.AfterFunc(ctx, func() { t.Abort() })()
	o := &outcome{script: sc, oracle: s.Oracle, known: &p.known, garbage: -1}
	r := &run{Talker: t, o: o, patience: max(p.patience, s.Within), polite: s.Slow}
	if !s.Late {
		t.StartReading()
	}
	r.steps()
	r.finish()
	if s.Oracle == Alive {
		o.alive = p.ask(ctx, sc)
	}
	o.took = time.Since(began)
	o.events = t.Events()
	o.bytes = [2]int64{t.Bytes(dialogue.Client), t.Bytes(dialogue.Server)}
	return o, ctx.Err()
}

func (p *player) dial(ctx context.Context) (*dialogue.Talker, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	t, err := dialogue.Dial(ctx, p.addr)
	if err == nil {
		t.SetPatience(p.patience)
	}
	return t, err
}

// ask asks for the script's target on a new connection, and again until the answer begins as it should or patience is over.
func (p *player) ask(ctx context.Context, sc *script) error {
	for end := time.Now().Add(p.patience); ; time.Sleep(breath) {
		res, t, err := p.once(ctx, sc.ask, p.patience)
		if err != nil {
			return err
		}
		t.Close()
		got := statusAndContent(res)
		wrong := sc.not != "" && bytes.HasPrefix(got, []byte(sc.not))
		if bytes.HasPrefix(got, []byte(sc.want)) && !wrong {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("GET %s was answered %.60q and not %q", sc.ask, got, sc.want)
		}
	}
}

// run is a scenario that is being played.
type run struct {
	*dialogue.Talker
	o        *outcome
	patience time.Duration
	stopped  bool // the client has no reason to send any more
	closed   bool // the client has closed the connection itself
	polite   bool // the client stops when it hears anything
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
		case pause:
			if !r.stopped {
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
		return
	}
	if len(r.o.answers) > 0 {
		r.WaitEnd(breath)
		if r.Ended() != nil {
			r.stopped = true
			return
		}
	}
	r.o.sent = st.requests
	r.o.unsent = r.Send(st.data) != nil
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

// read reads one response.
func (r *run) read() {
	o := r.o
	method := "GET"
	if len(o.answers) < len(o.requests) {
		method = o.requests[len(o.answers)].method
	}
	res, err := r.Next(method, r.patience)
	switch {
	case err != nil:
		o.failed, o.partial, r.stopped = err, res, true
	case res.Interim():
		if o.interim++; o.interim > 100 {
			o.failed, r.stopped = errors.New("more than 100 interim responses"), true
		}
	default:
		o.answers = append(o.answers, res)
		if res.Last() {
			o.last, r.stopped = true, true
		}
	}
}

// finish waits for the end if there is to be one, and reads what nobody asked for.
func (r *run) finish() {
	o := r.o
	if r.closed {
		return
	}
	patience := quiet
	if o.last || o.unsent || slices.Contains([]Oracle{Once, Old, Ends}, o.oracle) {
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
