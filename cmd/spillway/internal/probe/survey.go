// What is found out about a server before it is probed: that it is one, and how it answers when nothing is wrong.

package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// survey is how the server answers plain requests, each on a connection of its own.
type survey struct {
	Server string        `json:"server"` // its Server field
	Get    int           `json:"get"`    // the status of a plain GET
	Hidden int           `json:"hidden"` // the status of the request that will be hidden in content
	Took   time.Duration `json:"-"`      // how long the GET took
	Alone  bool          `json:"alone"`  // while one connection is open, no other is served
	Head   bool          `json:"head"`   // the answer to a plain HEAD has content
	Page   []byte        `json:"-"`      // what the content of the GET's answer begins with
}

func (p *place) plain(target string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s%s\r\n\r\n", target, p.host, p.fields)
}

// look makes the survey.
func (p *player) look(ctx context.Context) error {
	first, t, err := p.once(ctx, p.get, 5*p.patience)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := p.healthy.check(first); err != nil {
		return err
	}
	p.known = survey{Server: plainText(first.Get("Server"), 60), Get: first.Status, Took: first.Done, Page: first.Body[:min(len(first.Body), 100)]}
	p.patience = max(p.patience, 4*first.Done)
	if !first.Last() {
		if _, other, err := p.once(ctx, p.get, p.patience/2); err != nil {
			p.known.Alone = true
		} else {
			other.Close()
		}
	}
	t.Close()
	p.known.Head = p.headHasContent(ctx)
	hidden, other, err := p.once(ctx, p.hidden(), p.patience)
	if err != nil {
		return err
	}
	other.Close()
	p.known.Hidden = hidden.Status
	return nil
}

// headHasContent asks with a HEAD, and reports whether content comes behind the answer.
func (p *player) headHasContent(ctx context.Context) bool {
	t, err := p.dial(ctx, p.patience)
	if err != nil {
		return false
	}
	defer t.Close()
	if err := t.Send(fmt.Appendf(nil, "HEAD %s HTTP/1.1\r\nHost: %s%s\r\n\r\n", p.get, p.host, p.fields)); err != nil {
		return false
	}
	if _, err := t.Next("HEAD", p.patience); err != nil {
		return false
	}
	t.WaitEnd(quiet)
	n, _ := t.Unread()
	return n > 0
}

// silence says that the time for an answer is over.
type silence string

func (s silence) Error() string { return string(s) }

// once sends a plain GET on a new connection and returns the answer, and the connection as it then is.
func (p *player) once(ctx context.Context, target string, patience time.Duration) (*dialogue.Response, *dialogue.Talker, error) {
	t, err := p.dial(ctx, patience)
	if err != nil {
		return nil, nil, err
	}
	err = t.Send(p.plain(target))
	var res *dialogue.Response
	for range 10 {
		if err != nil {
			break
		}
		if res, err = t.Next("GET", patience); err == nil && !res.Interim() {
			return res, t, nil
		}
	}
	t.Close()
	switch {
	case err == nil:
		err = errors.New("nothing but interim responses")
	case errors.Is(err, dialogue.ErrSilent) && res.Status != 0:
		err = silence(fmt.Sprintf("an answer that has not ended after %v and %d bytes of content", patience, res.Size))
	case errors.Is(err, dialogue.ErrSilent):
		err = silence(fmt.Sprintf("no answer within %v", patience))
	}
	return nil, nil, err
}
