// echo version 4, which has an http.Server of its own and shuts that down.

package ecosystem

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	echov4 "github.com/labstack/echo/v4"
)

// echo's own Shutdown and Close, which know the http.Server alone, end the server that serves it: no port is open, Serve has
// returned, the running exchange has its answer, which says close, and an idle connection ends.
func TestEchosOwnShutdown(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *echov4.Echo) error{
		"Shutdown": func(t *testing.T, e *echov4.Echo) error { return e.Shutdown(t.Context()) },
		"Close":    func(_ *testing.T, e *echov4.Echo) error { return e.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			got := sameOnEach(t, func(t *testing.T, kind engine) string {
				inside, proceed := make(chan bool), make(chan bool)
				e := echov4.New()
				e.HideBanner = true
				e.Logger.SetOutput(io.Discard)
				e.GET("/", func(c echov4.Context) error { return c.String(200, "ok") })
				e.GET("/slow", func(c echov4.Context) error {
					inside <- true
					<-proceed
					return c.String(200, "to the end")
				})
				e.Server.Handler = e
				l := loopback(t)
				srv := kind.server(e.Server)
				served := make(chan error, 1)
				go func() { served <- srv.Serve(l) }()
				defer srv.Close()
				at := site{Addr: l.Addr().String()}
				idle, slow := wireTo(t, at), wireTo(t, at)
				idle.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				read(idle.response("GET"))
				slow.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
				within(t, inside, "the handler")

				ended := make(chan error, 1)
				go func() { ended <- end(t, e) }()
				outcome := fmt.Sprint(within(t, served, "the end of Serve") == http.ErrServerClosed, " ", idle.ends())
				nc, err := net.Dial("tcp", at.Addr)
				if err == nil {
					nc.Close()
				}
				outcome += fmt.Sprint(" ", err != nil)
				close(proceed)
				if name == "Shutdown" { // net/http's Close cuts it off, and this one lets it end
					a := read(slow.response("GET"))
					outcome += fmt.Sprint(" ", a.Body, " ", a.Close)
				}
				return outcome + fmt.Sprint(" ", within(t, ended, "the end of "+name))
			})
			want := map[string]string{"Shutdown": "true true true to the end true <nil>", "Close": "true true true <nil>"}
			if got != want[name] {
				t.Errorf("%q", got)
			}
		})
	}
}
