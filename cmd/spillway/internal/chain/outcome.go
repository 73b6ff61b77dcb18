// One payload is sent once, and the verdict is found in what the client, the relay and another client saw.

package chain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// outcome is what came of a payload.
type outcome struct {
	verdict Verdict
	did     Verdict // what the proxy did, whatever the backend made of it
	what    string
	seen    []connection // by the relay, to the end
	before  []connection // the same when the other client had not asked yet
	answers []int        // what the client got
	last    bool         // an answer said that the connection ends
	other   *page        // another client's answer, if it was asked
	failed  error        // why the other client got none
}

// once sends a payload on a new connection to the proxy, and then asks for the known page on another one.
func (p *prober) once(ctx context.Context, pay *probe.Payload, hold bool) (*outcome, error) {
	p.relay.holdBack(hold)
	t, err := p.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the proxy any more: %w", err)
	}
	defer t.Close()
	o := &outcome{}
	t.Send(pay.Data) // an error shows in what comes
	o.hear(t, methodOf(pay.Data), 1, p.patience)
	if more(p.relay.seen()) {
		o.hear(t, "GET", mostAnswers, 2*quiet)
	}
	if o.before = p.relay.seen(); len(o.before) > 0 {
		other, err := p.ask(ctx, p.get)
		if o.failed = err; err == nil {
			o.other = &other
		}
		p.relay.holdBack(false)
		if extras(p.relay.seen()) > 0 {
			o.hear(t, "GET", mostAnswers, 2*quiet)
		}
	}
	o.seen = p.relay.seen()
	p.judge(pay, o)
	if len(o.seen) == 0 {
		return o, ctx.Err()
	}
	if err := p.relay.reset(); err != nil {
		return nil, err
	}
	return o, ctx.Err()
}

// hear reads answers until there are so many, or none has come for some time.
func (o *outcome) hear(t *dialogue.Talker, method string, most int, within time.Duration) {
	for range mostAnswers {
		if len(o.answers) >= most {
			return
		}
		res, err := t.Next(method, within)
		if err != nil {
			return
		}
		if !res.Interim() {
			o.answers, o.last = append(o.answers, res.Status), o.last || res.Last()
			method, within = "GET", 2*quiet
		}
	}
}

// reused reports whether the proxy sent another client's request on the connection that the payload had gone to.
func (o *outcome) reused() bool {
	return len(o.before) > 0 && len(o.seen) > 0 && len(o.seen[0].Segments) > len(o.before[0].Segments)
}

// more reports whether the backend has answered more than once, so that the client may get another answer, too.
func more(seen []connection) bool {
	n := 0
	for _, c := range seen {
		n += max(len(c.Answers), len(c.Segments))
	}
	return n > 1
}

// methodOf returns a request's method, as far as it matters for its answer.
func methodOf(request []byte) string {
	if bytes.HasPrefix(request, []byte("HEAD ")) {
		return "HEAD"
	}
	return "GET"
}

// judge finds the verdict.
func (p *prober) judge(pay *probe.Payload, o *outcome) {
	answered, extra := 0, extras(o.seen)
	for _, c := range o.before {
		answered += len(c.Answers)
	}
	o.did = did(pay, o, answered)
	if len(o.answers) > 1 {
		extra = 0 // whoever hands an answer on had asked for it: the proxy itself reads the content as requests
	}
	o.verdict, o.what = o.did, "The backend answered "+backendAnswers(o.before)+"."
	switch {
	case p.stolen(o):
		o.verdict = Victim
		o.what = fmt.Sprintf("Another client asked for %s and got %v, which was not its own answer.", p.get, o.other)
		return
	case extra > 0:
		o.verdict = Extra
		o.what = fmt.Sprintf("The backend gave %s more than the proxy had asked for; the client got %s.", count(extra, "answer"), statuses(o.answers))
	case o.did == Refused:
		o.what = "Answered by the proxy: " + statuses(o.answers) + "."
	}
	if len(o.answers) > 1 {
		o.what += " The proxy itself read more than one request."
	}
	if o.failed != nil || o.other != nil && !o.other.equal(p.known) {
		o.what += " Another client got no page in time, or an error of the proxy's."
	}
}

// did finds what the proxy did.
func did(pay *probe.Payload, o *outcome, answered int) Verdict {
	switch {
	case len(o.before) == 0 || answered == 0 && len(o.answers) > 0:
		return Refused
	case asItCame(pay.Data, o.before[0].sent()):
		return Forwarded
	}
	return Normalised
}

// stolen reports whether another client got an answer that was not its own. Errors that a proxy makes itself are.
func (p *prober) stolen(o *outcome) bool {
	if o.other == nil || o.other.equal(p.known) {
		return false
	}
	return o.other.status < 502 || o.other.status > 504
}

// ask asks the proxy for a page on a new connection.
func (p *prober) ask(ctx context.Context, target string) (page, error) {
	t, err := p.dial(ctx)
	if err != nil {
		return page{}, err
	}
	defer t.Close()
	if err := t.Send(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, p.place.Host)); err != nil {
		return page{}, err
	}
	return answerTo(t, p.patience)
}

// answerTo reads the answer to a plain request.
func answerTo(t *dialogue.Talker, patience time.Duration) (page, error) {
	for range mostAnswers {
		res, err := t.Next("GET", patience)
		switch {
		case errors.Is(err, dialogue.ErrSilent):
			return page{}, fmt.Errorf("no answer within %v", patience)
		case err != nil:
			return page{}, err
		case !res.Interim():
			return pageOf(res), nil
		}
	}
	return page{}, errors.New("nothing but interim responses")
}

func (p *prober) dial(ctx context.Context) (*dialogue.Talker, error) {
	return dial(ctx, p.addr, p.patience)
}

func dial(ctx context.Context, addr string, patience time.Duration) (*dialogue.Talker, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	t, err := dialogue.Dial(ctx, addr)
	if err == nil {
		t.SetPatience(patience)
	}
	return t, err
}

// extras is how many answers came that the proxy had not asked for.
func extras(seen []connection) int {
	n := 0
	for _, c := range seen {
		n += c.Extra
	}
	return n
}

func backendAnswers(seen []connection) string {
	var all []int
	for _, c := range seen {
		all = append(all, c.Answers...)
	}
	return statuses(all)
}

func statuses(all []int) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ", "), "[]")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
