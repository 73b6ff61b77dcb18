// A script is played: what it sends is sent, what it waits for is waited for, and what came instead is told.

package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// Outcome is what came of a dialogue.
type Outcome struct {
	Responses []Response
	Err       error // why the client did not get to its end: a response that did not come, a reset; nil: it did
	Extra     int   // bytes that came and that nobody had asked for
}

// Response is a response that was waited for.
type Response struct {
	Want, Got int // statuses; 0: any, and none
}

// player is a script under way.
type player struct {
	talk     *dialogue.Talker
	patience time.Duration
	asked    []string // the methods of requests that have had no response
	out      Outcome
	ended    bool // nothing can be sent any more
}

// Play plays the script over a connection, which it closes. patience is how long a response may take.
func (s *Script) Play(ctx context.Context, nc net.Conn, patience time.Duration) (*dialogue.Record, *Outcome) {
	p := &player{talk: dialogue.New(nc), patience: patience}
	p.talk.SetPatience(patience)
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	defer p.talk.Close()
	for i := range s.steps {
		if !p.step(ctx, &s.steps[i]) {
			break
		}
	}
	if p.out.Err == nil {
		p.listen(s)
	}
	if err := ctx.Err(); err != nil {
		p.out.Err = err
	}
	return &p.talk.Record, &p.out
}

// soon is how long an answer that nobody has asked for may take, where the dialogue is over.
const soon = 100 * time.Millisecond

// listen looks for what came beyond what was asked for.
func (p *player) listen(s *Script) {
	if last := s.steps[len(s.steps)-1].kind; last == abort || last == awaitEnd {
		return
	}
	if p.talk.WaitBytes(soon) == nil && len(p.asked) == 0 {
		p.out.Extra, _ = p.talk.Unread()
		p.talk.Remark("the server has sent more than was asked for")
	}
}

// step takes a step, and reports whether the dialogue goes on.
func (p *player) step(ctx context.Context, st *step) bool {
	switch st.kind {
	case send:
		p.asked = append(p.asked, st.methods...)
		if p.ended {
			return true
		}
		if err := p.talk.Send(st.data); err != nil {
			p.ended = true
			p.fail(unsent(err))
		}
	case halfClose:
		p.talk.CloseWrite()
	case abort:
		p.talk.Abort()
		return false
	case pause:
		select {
		case <-time.After(st.wait):
		case <-ctx.Done():
			return false
		}
	case awaitEnd:
		if err := p.talk.WaitEnd(p.patience); err != nil {
			p.fail(err)
		}
	case await:
		return p.await(st)
	}
	return true
}

// fail notes why the client does not get what it wants; the first reason counts.
func (p *player) fail(err error) {
	if p.out.Err == nil {
		p.out.Err = err
	}
}

// await waits for the responses that there were, or for anything where they were not whole.
func (p *player) await(st *step) bool {
	if len(st.want) == 0 {
		if err := p.talk.WaitBytes(p.patience); err != nil {
			p.fail(err)
		}
		return true
	}
	for _, want := range st.want {
		method := "GET"
		if len(p.asked) > 0 {
			method = p.asked[0]
		}
		res, err := p.talk.Next(method, p.patience)
		got := res.Status
		if err != nil {
			got = 0
		} else if !res.Interim() && len(p.asked) > 0 {
			p.asked = p.asked[1:]
		}
		p.out.Responses = append(p.out.Responses, Response{want, got})
		if err != nil {
			p.talk.Remark("no response: %v", sentence(err))
			p.fail(sentence(err))
			return false
		}
		p.ended = p.ended || res.Last()
	}
	return true
}

// unsent says how sending ended.
func unsent(err error) error {
	var reset *dialogue.ResetError
	switch {
	case errors.As(err, &reset):
		return errors.New("the connection was reset while the client was sending")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the server takes nothing any more of what the client sends")
	}
	return fmt.Errorf("the client could not send: %w", err)
}

// sentence says how reading ended.
func sentence(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection ended inside a response")
	case errors.Is(err, io.EOF):
		return errors.New("the connection ended without a response")
	}
	return err
}

// Verdict returns nil if all came as it had come before, and otherwise an error that says what was different.
func (o *Outcome) Verdict() error {
	if o.Err != nil {
		return o.Err
	}
	for i, r := range o.Responses {
		if r.Want != 0 && r.Want != r.Got {
			return fmt.Errorf("response %d has the status %d, not %d", i+1, r.Got, r.Want)
		}
	}
	if o.Extra > 0 {
		return fmt.Errorf("%d bytes more than were asked for: the server has answered a request that nobody has sent", o.Extra)
	}
	return nil
}
