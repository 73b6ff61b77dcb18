// Cookies: what is read of a request and said in a response, here and in net/http.

package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/cookie"
)

func TestCookiesOfRequests(t *testing.T) {
	ours := server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		for name, value := range cookie.All(r) {
			fmt.Fprintf(w, "%q=%q\n", name, value)
		}
		value, ok := cookie.Get(r, "a")
		_, err := fmt.Fprintf(w, "%q %v", value, ok)
		return err
	})
	theirs := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.Cookies() {
			fmt.Fprintf(w, "%q=%q\n", c.Name, c.Value)
		}
		value := ""
		c, err := r.Cookie("a")
		if err == nil {
			value = c.Value
		}
		fmt.Fprintf(w, "%q %v", value, err == nil)
	})
	p := start(t, ours, theirs)
	p.content = true
	var rows []row
	for _, line := range []string{
		"", "a=1", "a=1; b=2", "a=1;b=2", "a=1 ; b = 2", "a=", "a", "=1", ";", "; ;a=1;", `a="1"`, `a="1`, `a=1"`, `a=""`, `a="`, `a="x y"`, "a=x y", "a=x,y", `a=\`, "a=1=2", "a = 1", "A=1; a=2; a=3",
		"a b=1; c=2", "a\t=\t1", "a=\xff; b=1", "a=é", "b@d=1; a=2", "$Version=1; a=2", "a=1,b=2", "a=%20", "__Host-a=1", "a='1'", "a=<>", "a=1;;;b=2", strings.Repeat("a=1; ", 200),
	} {
		rows = append(rows, row{request: "GET /", fields: []string{"Cookie: " + line}})
	}
	rows = append(rows,
		row{request: "GET /"}, row{request: "GET /", fields: []string{"Cookie: a=1", "cookie: b=2", "COOKIE: a=3"}},
		row{request: "GET /", fields: []string{"Cookie: " + strings.Repeat("a=1;", 3100)}, differs: "number"})
	p.run(rows)
	p.enough(35)
	for _, name := range settings(t) {
		p.shown[name] = true
	}
	documented(t, "cookie", p.shown)
}

// setting is a cookie as both have it.
type setting struct {
	ours    cookie.Cookie
	theirs  http.Cookie
	differs string // why it is an error here, and not there
}

// settings compares what is set, and returns the differences that were shown.
func settings(t *testing.T) (shown []string) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	for _, s := range []setting{
		{ours: cookie.Cookie{Name: "a", Value: "1"}, theirs: http.Cookie{Name: "a", Value: "1"}},
		{ours: cookie.Cookie{Name: "a"}, theirs: http.Cookie{Name: "a"}},
		{ours: cookie.Cookie{Name: "a", Value: "=()[]{}<>!#%&'*+-./:?@^_`|~"}, theirs: http.Cookie{Name: "a", Value: "=()[]{}<>!#%&'*+-./:?@^_`|~"}},
		{ours: cookie.Cookie{Name: "a", Path: "/x y", Domain: "example.com"}, theirs: http.Cookie{Name: "a", Path: "/x y", Domain: "example.com"}},
		{ours: cookie.Cookie{Name: "a", Domain: ".Example.com"}, theirs: http.Cookie{Name: "a", Domain: ".Example.com"}},
		{ours: cookie.Cookie{Name: "a", Domain: "192.0.2.1"}, theirs: http.Cookie{Name: "a", Domain: "192.0.2.1"}},
		{ours: cookie.Cookie{Name: "a", Expires: at}, theirs: http.Cookie{Name: "a", Expires: at}},
		{ours: cookie.Cookie{Name: "a", MaxAge: time.Hour}, theirs: http.Cookie{Name: "a", MaxAge: 3600}},
		{ours: cookie.Cookie{Name: "a", MaxAge: time.Millisecond}, theirs: http.Cookie{Name: "a", MaxAge: 1}},
		{ours: cookie.Cookie{Name: "a", MaxAge: -1}, theirs: http.Cookie{Name: "a", MaxAge: -1}},
		{ours: cookie.Cookie{Name: "a", Secure: true, HTTPOnly: true, SameSite: cookie.SameSiteStrict}, theirs: http.Cookie{Name: "a", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}},
		{ours: cookie.Cookie{Name: "a", SameSite: cookie.SameSiteLax}, theirs: http.Cookie{Name: "a", SameSite: http.SameSiteLaxMode}},
		{ours: cookie.Cookie{Name: "a", Secure: true, SameSite: cookie.SameSiteNone, Partitioned: true}, theirs: http.Cookie{Name: "a", Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true}},
		{ours: cookie.Cookie{Name: "__Host-a", Path: "/", Secure: true}, theirs: http.Cookie{Name: "__Host-a", Path: "/", Secure: true}},
		{ours: cookie.Cookie{Name: "__Secure-a", Domain: "a.b", Secure: true}, theirs: http.Cookie{Name: "__Secure-a", Domain: "a.b", Secure: true}},

		{ours: cookie.Cookie{Name: "a", Value: "x y"}, theirs: http.Cookie{Name: "a", Value: "x y"}, differs: "values"},
		{ours: cookie.Cookie{Name: "a", Value: "x;y"}, theirs: http.Cookie{Name: "a", Value: "x;y"}, differs: "values"},
		{ours: cookie.Cookie{Name: "a", Value: "x\r\ny"}, theirs: http.Cookie{Name: "a", Value: "x\r\ny"}, differs: "values"},
		{ours: cookie.Cookie{Name: "", Value: "x"}, theirs: http.Cookie{Name: "", Value: "x"}, differs: "names"},
		{ours: cookie.Cookie{Name: "a=b"}, theirs: http.Cookie{Name: "a=b"}, differs: "names"},
		{ours: cookie.Cookie{Name: "a", Path: "x"}, theirs: http.Cookie{Name: "a", Path: "x"}, differs: "attributes"},
		{ours: cookie.Cookie{Name: "a", Path: "/;x"}, theirs: http.Cookie{Name: "a", Path: "/;x"}, differs: "attributes"},
		{ours: cookie.Cookie{Name: "a", Domain: "a..b"}, theirs: http.Cookie{Name: "a", Domain: "a..b"}, differs: "attributes"},
		{ours: cookie.Cookie{Name: "a", Domain: "a b"}, theirs: http.Cookie{Name: "a", Domain: "a b"}, differs: "attributes"},
		{ours: cookie.Cookie{Name: "a", Expires: at.AddDate(-1000, 0, 0)}, theirs: http.Cookie{Name: "a", Expires: at.AddDate(-1000, 0, 0)}, differs: "expiry"},
		{ours: cookie.Cookie{Name: "a", SameSite: cookie.SameSiteNone}, theirs: http.Cookie{Name: "a", SameSite: http.SameSiteNoneMode}, differs: "secure"},
		{ours: cookie.Cookie{Name: "a", Partitioned: true}, theirs: http.Cookie{Name: "a", Partitioned: true}, differs: "secure"},
		{ours: cookie.Cookie{Name: "__secure-a"}, theirs: http.Cookie{Name: "__secure-a"}, differs: "prefixes"},
		{ours: cookie.Cookie{Name: "__Host-a", Secure: true}, theirs: http.Cookie{Name: "__Host-a", Secure: true}, differs: "prefixes"},
		{ours: cookie.Cookie{Name: "__Host-a", Secure: true, Path: "/", Domain: "a.b"}, theirs: http.Cookie{Name: "__Host-a", Secure: true, Path: "/", Domain: "a.b"}, differs: "prefixes"},
		{ours: cookie.Cookie{Name: "a", Value: strings.Repeat("x", 4096)}, theirs: http.Cookie{Name: "a", Value: strings.Repeat("x", 4096)}, differs: "size"},
		{ours: cookie.Cookie{Name: "a", Path: "/" + strings.Repeat("x", 1024)}, theirs: http.Cookie{Name: "a", Path: "/" + strings.Repeat("x", 1024)}, differs: "size"},
	} {
		said, err := s.ours.String(), s.ours.Check()
		switch {
		case s.differs != "" && err == nil:
			t.Errorf("%+v is no error, which ought to show %q", s.ours, s.differs)
		case s.differs != "":
			shown = append(shown, s.differs)
		case err != nil || said != s.theirs.String():
			t.Errorf("%+v: got %q, %v; net/http %q", s.ours, said, err, s.theirs.String())
		}
	}
	return shown
}
