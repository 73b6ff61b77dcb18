// echo version 4, which has an http.Server of its own and shuts that down.

package ecosystem

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// overTLS makes an http.Server one that speaks TLS, and returns a client of it for a protocol.
func overTLS(t *testing.T, s *http.Server, choose func(*http.Protocols, bool)) *http.Client {
	s.ErrorLog, s.TLSConfig = quiet, &tls.Config{Certificates: certificate()}
	transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	choose(transport.Protocols, true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 2 * patience}
}

// echo's Shutdown closes the port, and the exchange that runs ends whole, in HTTP/2 and in HTTP/1. On net/http it waits for
// that exchange, on spillway the Server's own Shutdown does: the row "own Shutdown" of the table of differences. Both calls,
// one behind the other, do the same on both.
func TestAStreamDuringEchosOwnShutdown(t *testing.T) {
	type outcome struct {
		Begun, Serve     string
		Open             bool
		Waits            bool
		Rest, Down, Late string
	}
	for name, choose := range map[string]func(*http.Protocols, bool){
		"HTTP/2.0": (*http.Protocols).SetHTTP2, "HTTP/1.1": (*http.Protocols).SetHTTP1,
	} {
		t.Run(name, func(t *testing.T) {
			alone := make(map[string]bool)
			got := sameOnEach(t, func(t *testing.T, e engine) (o outcome) {
				release := make(chan bool)
				framework := echov4.New()
				framework.GET("/stream", func(c echov4.Context) error {
					fmt.Fprintln(c.Response(), c.Request().Proto)
					c.Response().Flush()
					<-release
					_, err := io.WriteString(c.Response(), "whole")
					return err
				})
				config := framework.TLSServer
				config.Handler = framework
				client := overTLS(t, config, choose)
				srv, l := e.server(config), loopback(t)
				defer srv.Close()
				served := make(chan error, 1)
				go func() { served <- srv.ServeTLS(l, "", "") }()

				res, err := client.Get("https://" + l.Addr().String() + "/stream")
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				content := bufio.NewReader(res.Body)
				o.Begun, _ = content.ReadString('\n')

				moment, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				own := framework.Shutdown(moment)
				alone[e.name] = errors.Is(own, context.DeadlineExceeded)
				o.Waits = errors.Is(errors.Join(own, srv.Shutdown(moment)), context.DeadlineExceeded)
				o.Serve = fmt.Sprint(receive(t, "the end of Serve", served))
				if nc, err := net.Dial("tcp", l.Addr().String()); err == nil {
					nc.Close()
					o.Open = true
				}
				close(release)
				rest, err := io.ReadAll(content)
				o.Rest = fmt.Sprint(string(rest), " ", err)
				o.Down = fmt.Sprint(errors.Join(framework.Shutdown(t.Context()), srv.Shutdown(t.Context())))
				o.Late = fmt.Sprint(srv.Serve(loopback(t)))
				return o
			})
			want := outcome{name + "\n", "http: Server closed", false, true, "whole <nil>", "<nil>", "http: Server closed"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]bool{stock.name: true, spillway.name: false}, alone); diff != "" {
				t.Errorf("whether echo's Shutdown alone waits is not what the table of differences says:\n%s", diff)
			}
		})
	}
}
