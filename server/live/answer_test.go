// Whom the page answers, with what fields, and whom it refuses: other origins, other names, other machines.

package live_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server/live"
	"github.com/spillway-go/spillway/server/live/livehttp"
)

func TestWhoIsAnswered(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(p *live.Page, a *live.Ask)
		status int
	}{
		{"the machine's own", func(p *live.Page, a *live.Ask) {}, 200},
		{"by number", func(p *live.Page, a *live.Ask) { a.Host, a.RemoteAddr = "[::1]:9000", "[::1]:5" }, 200},
		{"over a Unix socket", func(p *live.Page, a *live.Ask) { a.RemoteAddr = "@" }, 200},
		{"its own origin", func(p *live.Page, a *live.Ask) { a.Origin, a.FetchSite = "http://localhost:9000", "same-origin" }, 200},
		{"another origin", func(p *live.Page, a *live.Ask) { a.Origin = "http://evil.example" }, 403},
		{"another port", func(p *live.Page, a *live.Ask) { a.Origin = "http://localhost:9001" }, 403},
		{"no origin", func(p *live.Page, a *live.Ask) { a.Origin = "null" }, 403},
		{"another site", func(p *live.Page, a *live.Ask) { a.FetchSite = "cross-site" }, 403},
		{"a site beside it", func(p *live.Page, a *live.Ask) { a.FetchSite = "same-site" }, 403},
		{"another name", func(p *live.Page, a *live.Ask) { a.Host = "evil.example:9000" }, 403},
		{"a name that looks like it", func(p *live.Page, a *live.Ask) { a.Host = "localhost.evil.example" }, 403},
		{"no name", func(p *live.Page, a *live.Ask) { a.Host = "" }, 403},
		{"a name of its own", func(p *live.Page, a *live.Ask) { a.Host, p.Hosts = "shop.test:9000", []string{"shop.test"} }, 200},
		{"another machine", func(p *live.Page, a *live.Ask) { a.RemoteAddr = "192.0.2.1:5" }, 403},
		{"another machine that may", func(p *live.Page, a *live.Ask) { a.RemoteAddr, p.Anyone = "192.0.2.1:5", true }, 200},
		{"another path", func(p *live.Page, a *live.Ask) { a.Path = "/debug/live/" }, 200},
		{"nothing there", func(p *live.Page, a *live.Ask) { a.Path = "/nothing" }, 404},
		{"another method", func(p *live.Page, a *live.Ask) { a.Method = "POST" }, 405},
		{"a play by GET", func(p *live.Page, a *live.Ask) { a.Path = "/play" }, 405},
		{"a play by another origin", func(p *live.Page, a *live.Ask) { a.Path, a.Method, a.Origin = "/play", "POST", "http://evil.example" }, 403},
		{"a play that is none", func(p *live.Page, a *live.Ask) { a.Path, a.Method = "/play", "POST" }, 404},
		{"a story that is none", func(p *live.Page, a *live.Ask) { a.Path, a.Query = "/export", "row=7&as=json" }, 404},
		{"a form that is none", func(p *live.Page, a *live.Ask) { a.Path, a.Query = "/export", "row=7&as=exe" }, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, a := &live.Page{}, local
			test.change(p, &a)
			got := p.Answer(a)
			if got.Status != test.status {
				t.Errorf("status %d, want %d: %s", got.Status, test.status, got.Body)
			}
			fields := map[string]string{}
			for _, f := range got.Fields {
				fields[f[0]] = f[1]
			}
			if !strings.HasPrefix(fields["Content-Security-Policy"], "default-src 'none'; script-src 'self';") || fields["X-Content-Type-Options"] != "nosniff" {
				t.Errorf("the fields are %v", fields)
			}
			for name := range fields {
				if strings.HasPrefix(name, "Access-Control") {
					t.Errorf("it has %s", name)
				}
			}
		})
	}
}

// The script makes no markup of what it shows.
func TestTheScriptShowsTextAlone(t *testing.T) {
	a := local
	a.Path = "/page.js"
	script := string((&live.Page{}).Answer(a).Body)
	for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "srcdoc", "http:", "https:"} {
		if strings.Contains(strings.ReplaceAll(script, "http://www.w3.org/2000/svg", ""), never) {
			t.Errorf("the script has %s", never)
		}
	}
	a.Path = "/"
	if page := string((&live.Page{}).Answer(a).Body); strings.Count(page, "<script") != 1 || strings.Contains(page, "style=") || strings.Contains(page, "onclick") {
		t.Error("the page has script or style of its own")
	}
}

func TestPlays(t *testing.T) {
	play := live.Play{ID: "one", Name: "One", Run: func(ctx context.Context) (live.Played, error) {
		return live.Played{Client: "127.0.0.1:7", Server: "127.0.0.1:80", Said: "well"}, errors.New("not all came")
	}}
	p := &live.Page{Plays: []live.Play{play}, Tour: []live.Stop{{Name: "stop", Faulty: live.Play{ID: "bad"}, Right: live.Play{ID: "good"}}}}
	a := local
	a.Path = "/plays"
	if got := string(p.Answer(a).Body); !strings.Contains(got, `"id":"one"`) || !strings.Contains(got, `"faulty":{"id":"bad"`) {
		t.Errorf("the plays are %s", got)
	}
	a.Path, a.Query, a.Method = "/play", "id=one", "POST"
	if got := string(p.Answer(a).Body); got != `{"client":"127.0.0.1:7","server":"127.0.0.1:80","said":"well","error":"not all came"}` {
		t.Errorf("what came of it is %s", got)
	}
}

// Buttons that are pressed again and again do not pile up.
func TestPlaysAreBounded(t *testing.T) {
	begun, over := make(chan bool, 100), make(chan bool)
	p := &live.Page{Plays: []live.Play{{ID: "one", Run: func(context.Context) (live.Played, error) {
		begun <- true
		<-over
		return live.Played{}, nil
	}}}}
	a := local
	a.Path, a.Query, a.Method = "/play", "id=one", "POST"
	ended := make(chan int, 100)
	for range 8 {
		go func() { ended <- p.Answer(a).Status }()
		<-begun
	}
	if got := p.Answer(a); got.Status != 503 {
		t.Errorf("one more gets %d", got.Status)
	}
	close(over)
	for range 8 {
		if status := <-ended; status != 200 {
			t.Errorf("one of the first gets %d", status)
		}
	}
	if got := p.Answer(a); got.Status != 200 {
		t.Errorf("one later gets %d", got.Status)
	}
}

func TestOverHTTP(t *testing.T) {
	p := &live.Page{}
	srv := httptest.NewServer(livehttp.Handler(p))
	defer srv.Close()
	defer p.Close()
	res, err := http.Get(srv.URL + "/debug/live/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, len("data: "))
	if _, err := res.Body.Read(first); err != nil || string(first) != "data: " || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("the stream begins with %q, %v", first, err)
	}
	req, _ := http.NewRequest("GET", srv.URL+"/debug/live/", nil)
	req.Header.Set("Origin", "http://evil.example")
	other, err := http.DefaultClient.Do(req)
	if err != nil || other.StatusCode != 403 {
		t.Errorf("another origin gets %v, %v", other, err)
	}
	other.Body.Close()
}
