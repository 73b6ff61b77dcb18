// The rows: one for each connection, made and changed by the server's events.

package live

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
)

// Watch is one server as the page sees it.
type Watch struct {
	page *Page
	name string
}

// Watch returns what is to be given to a server, whose name the page shows.
func (p *Page) Watch(name string) *Watch { return &Watch{p, name} }

// TraceIf is what Server.TraceIf is set to: it reports whether somebody looks.
func (w *Watch) TraceIf() bool { return w.page.looked.Load() }

// key is what names a connection.
type key struct {
	watch *Watch
	conn  int64
}

// row is a connection as the page's list shows it.
type row struct {
	ID       int64  `json:"id"`
	Server   string `json:"server"`
	Conn     int64  `json:"conn"`
	Remote   string `json:"remote"`
	Local    string `json:"local"` // the server's address, as the client has it
	TLS      bool   `json:"tls,omitempty"`
	State    string `json:"state"` // open, handler, response, idle, ending, closed
	Began    int64  `json:"began"` // milliseconds since 1970
	Ended    int64  `json:"ended,omitempty"`
	Requests int    `json:"requests"`
	In       int64  `json:"in"`
	Out      int64  `json:"out"`
	Verdict  string `json:"verdict,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Text     string `json:"text,omitempty"` // the reason in a sentence
	Section  string `json:"section,omitempty"`
	Recorded bool   `json:"recorded"`        // its bytes are known
	Early    bool   `json:"early,omitempty"` // it began before anybody looked: age and bytes count from then

	key     key
	place   any // what addressOf says
	began   time.Time
	version uint64
	own     bool // it is one who looks at the page
	story   *story
}

// mostText is how much of a peer's text is kept where it is a part of a sentence.
const mostText = 200

// cut returns a copy of the beginning, which keeps nothing else of the peer's in memory.
func cut(s string) string {
	if len(s) > mostText {
		return s[:mostText] + "…"
	}
	return strings.Clone(s)
}

// Trace takes note of an event. It is what Server.Trace is set to; server.TraceAll sets several.
func (w *Watch) Trace(e server.Event) {
	p := w.page
	if !p.looked.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rowOf(w, e)
	if r == nil || r.own {
		return
	}
	r.take(e)
	r.story.event(e, p.change())
	r.version = p.version
	if e.Kind == server.EventClosed {
		r.story.conv = nil // nothing comes any more
	}
}

// rowOf returns the connection's row, and makes it where there is none. p.mu is held.
func (p *Page) rowOf(w *Watch, e server.Event) *row {
	k := key{w, e.Conn}
	if r := p.byConn[k]; r != nil {
		return r
	}
	if e.Kind == server.EventClosed {
		return nil // nothing is known of it but its end
	}
	for len(p.rows) >= p.most() {
		p.drop(p.oldest())
	}
	p.numbers++
	r := &row{ID: p.numbers, Server: w.name, Conn: e.Conn, State: "open", key: k, place: addressOf(e.Remote, e.Local), began: e.Time, Began: e.Time.UnixMilli(),
		Early: e.Kind != server.EventAccepted}
	if e.Remote != nil {
		r.Remote = cut(e.Remote.String())
	}
	if e.Local != nil {
		r.Local = cut(e.Local.String())
	}
	if r.story = p.pending[r.place]; r.story != nil {
		r.Recorded, r.began = true, r.story.began
		delete(p.pending, r.place)
	} else {
		r.story = newStory(e.Time)
	}
	r.story.row = r
	r.In, r.Out = r.story.in, r.story.out
	p.rows = append(p.rows, r)
	if p.byConn == nil {
		p.byConn = map[key]*row{}
	}
	p.byConn[k] = r
	return r
}

// addressOf returns what tells a connection from all others that are open: its addresses. Those of clients of a Unix socket are
// all equal, and so it is the value itself.
func addressOf(remote, local net.Addr) any {
	if u, ok := remote.(*net.UnixAddr); ok {
		return u
	}
	if remote == nil || local == nil {
		return nil
	}
	return both(remote.String(), local.String())
}

// both returns the text that names a connection by its two addresses.
func both(remote, local string) string { return remote + " " + local }

// oldest returns the row to make room with: the oldest of an ended connection, else the oldest. p.mu is held.
func (p *Page) oldest() *row {
	for _, r := range p.rows {
		if r.Ended != 0 {
			return r
		}
	}
	return p.rows[0]
}

// drop forgets a row. p.mu is held.
func (p *Page) drop(r *row) {
	p.rows = slices.DeleteFunc(p.rows, func(o *row) bool { return o == r })
	delete(p.byConn, r.key)
	r.story.over, r.story.conv, r.story.steps = true, nil, nil // somebody may have the connection for a while yet
}

// hide takes the connection of one who looks at the page out of the list: it would show itself. A client's address alone does not
// name it: a system may give the same port to connections to different servers. p.mu is not held.
func (p *Page) hide(place any) {
	if place == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rows {
		if r.place == place && r.Ended == 0 {
			r.own, r.story.over = true, true
			p.change()
		}
	}
}

// take changes the row by an event.
func (r *row) take(e server.Event) {
	r.TLS = r.TLS || e.TLS != 0
	r.Requests = max(r.Requests, e.Exchange)
	switch e.Kind {
	case server.EventHeadParsed:
		r.State = "handler"
	case server.EventResponded:
		r.State = "response"
	case server.EventSettled:
		if !r.Recorded {
			r.In += e.Received
			r.Out += e.Sent
		}
		r.State = "ending"
		if e.Reason == server.ReasonNone {
			r.State = "idle"
		}
		r.because(e)
	case server.EventClosed:
		r.State, r.Ended = "closed", e.Time.UnixMilli()
		r.because(e)
	}
}

// because says what the verdict was, and why.
func (r *row) because(e server.Event) {
	r.Verdict = e.Verdict.String()
	if e.Reason == server.ReasonNone {
		return
	}
	r.Reason, r.Text, r.Section = e.Reason.String(), e.Reason.Text(), e.Reason.Section()
	if e.Refusal != nil {
		r.Text, r.Section = cut(e.Refusal.Reason), e.Refusal.Section
	}
}
