// What the page answers, whichever handler API it is served by, and whom.

package live

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	//go:embed page.html
	pageHTML []byte
	//go:embed page.css
	pageCSS []byte
	//go:embed page.js
	pageJS []byte
)

// Ask is a request to the page, as [Page.Answer] wants it: for handler APIs that the package does not know.
type Ask struct {
	Method     string
	Path       string // not decoded; all behind the last slash counts
	Query      string // not decoded
	Host       string // the authority
	Origin     string // the Origin field
	FetchSite  string // the Sec-Fetch-Site field
	RemoteAddr string // the client's address
	LocalAddr  string // the address that it has connected to; "": not known. The page does not list the connection that the two name
	Context    context.Context

	place any // what names the connection, where its addresses' text does not
}

// Reply is the page's answer. Its fields are to be sent as they are.
type Reply struct {
	Status int
	Fields [][2]string
	Body   []byte
	// Stream, where there is one, is the content, and ends when ctx or the page does, or when a write fails; write sends at once.
	Stream func(ctx context.Context, write func(p []byte) error) error
}

// security are the fields of every reply: nothing but the page's own script runs, nothing is loaded from elsewhere, and no page of
// another origin sees it.
var security = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cache-Control", "no-store"},
}

func reply(status int, kind string, body []byte) Reply {
	return Reply{Status: status, Fields: append([][2]string{{"Content-Type", kind}}, security...), Body: body}
}

const plain = "text/plain; charset=utf-8"

func problem(status int, format string, args ...any) Reply {
	return reply(status, plain, fmt.Appendf(nil, format+"\n", args...))
}

func asJSON(v any) Reply {
	b, err := json.Marshal(v)
	if err != nil {
		return problem(500, "%v", err)
	}
	return reply(200, "application/json", b)
}

// Answer answers a request.
func (p *Page) Answer(a Ask) Reply {
	if refusal := p.refusal(a); refusal != "" {
		return problem(403, "%s", refusal)
	}
	p.hide(a.connection())
	name := path.Base("x" + a.Path)
	if strings.HasSuffix(a.Path, "/") {
		name = ""
	}
	wanted := "GET"
	if name == "play" {
		wanted = "POST"
	}
	if a.Method != wanted && !(a.Method == "HEAD" && wanted == "GET" && name != "events") {
		r := problem(405, "the method is %s", wanted)
		r.Fields = append(r.Fields, [2]string{"Allow", wanted})
		return r
	}
	switch name {
	case "":
		return reply(200, "text/html; charset=utf-8", pageHTML)
	case "page.css":
		return reply(200, "text/css; charset=utf-8", pageCSS)
	case "page.js":
		return reply(200, "text/javascript; charset=utf-8", pageJS)
	case "plays":
		return asJSON(p.buttons())
	case "events":
		r := reply(200, "text/event-stream", nil)
		r.Stream = p.stream(numbers(value(a.Query, "rows")))
		return r
	case "export":
		return p.export(number(a.Query, "row"), value(a.Query, "as"))
	case "play":
		return p.play(a.Context, value(a.Query, "id"))
	}
	return problem(404, "no such page")
}

// connection returns what names the connection that a request came by, as addressOf does; nil: nothing does.
func (a *Ask) connection() any {
	if a.place != nil || a.RemoteAddr == "" || a.LocalAddr == "" {
		return a.place
	}
	return both(a.RemoteAddr, a.LocalAddr)
}

// refusal says why a request is not for this page, or "". A page of another origin cannot read what it has no permission to; but it
// could press buttons, and one whose name its owner makes point here, later, would be of the same origin.
func (p *Page) refusal(a Ask) string {
	host, _, err := net.SplitHostPort(a.Host)
	if err != nil {
		host = strings.Trim(a.Host, "[]")
	}
	_, notIP := netip.ParseAddr(host)
	switch {
	case !p.Anyone && !isLoopback(a.RemoteAddr):
		return "this page is for clients on this machine"
	case notIP != nil && !strings.EqualFold(host, "localhost") && !slices.Contains(p.Hosts, host):
		return "this page has another name than the Host field says"
	case a.Origin != "" && a.Origin != "http://"+a.Host && a.Origin != "https://"+a.Host:
		return "this page is for its own origin"
	case a.FetchSite != "" && a.FetchSite != "same-origin" && a.FetchSite != "none":
		return "this page is for its own origin"
	}
	return ""
}

// isLoopback reports whether an address is this machine's. Clients of a Unix socket are on it too.
func isLoopback(addr string) bool {
	a, err := netip.ParseAddrPort(addr)
	return err != nil && !strings.Contains(addr, ":") || err == nil && a.Addr().Unmap().IsLoopback()
}

// value returns a value of a query, which has no escapes.
func value(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if key, v, ok := strings.Cut(pair, "="); ok && key == name {
			return v
		}
	}
	return ""
}

func number(query, name string) int64 {
	n, _ := strconv.ParseInt(value(query, name), 10, 64)
	return n
}

// numbers returns what a list with commas has, at most mostChosen.
func numbers(list string) (all []int64) {
	for text := range strings.SplitSeq(list, ",") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && len(all) < mostChosen {
			all = append(all, n)
		}
	}
	return all
}

// mostChosen is how many stories one stream tells at once.
const mostChosen = 4

// button is a play as the page has it.
type button struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Text  string `json:"text"`
	Group string `json:"group,omitempty"`
}

func buttonOf(p Play) button { return button{p.ID, p.Name, p.Text, p.Group} }

// stop is a stop of the tour as the page has it.
type stop struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Ref    string `json:"ref"`
	Faulty button `json:"faulty"`
	Right  button `json:"right"`
}

func (p *Page) buttons() any {
	all := struct {
		Plays []button `json:"plays"`
		Tour  []stop   `json:"tour"`
	}{[]button{}, []stop{}}
	for _, b := range p.Plays {
		all.Plays = append(all.Plays, buttonOf(b))
	}
	for _, s := range p.Tour {
		all.Tour = append(all.Tour, stop{s.Name, s.Text, s.Ref, buttonOf(s.Faulty), buttonOf(s.Right)})
	}
	return all
}

const (
	playTime    = time.Minute // how long a play may take
	mostPlaying = 8           // plays at once
)

// play plays what a button is for, and says whose connection shows it.
func (p *Page) play(ctx context.Context, id string) Reply {
	all := slices.Clone(p.Plays)
	for _, s := range p.Tour {
		all = append(all, s.Faulty, s.Right)
	}
	i := slices.IndexFunc(all, func(b Play) bool { return b.ID == id })
	if i < 0 {
		return problem(404, "no such play")
	}
	if p.playing.Add(1) > mostPlaying {
		p.playing.Add(-1)
		return problem(503, "%d plays are under way", mostPlaying)
	}
	defer p.playing.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, playTime)
	defer cancel()
	played, err := all[i].Run(ctx)
	answer := struct {
		Client string `json:"client"`
		Server string `json:"server"`
		Said   string `json:"said,omitempty"`
		Error  string `json:"error,omitempty"`
	}{Client: played.Client, Server: played.Server, Said: cut(played.Said)}
	if err != nil {
		answer.Error = cut(err.Error())
	}
	return asJSON(answer)
}
