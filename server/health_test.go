// Health checks say that the server is about to go, while it serves as before.

package server_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

func TestHealth(t *testing.T) {
	srv := &server.Server{}
	srv.Handler = srv.Health()
	l := servertest.Listen()
	go srv.Serve(l)
	defer srv.Close()
	ask := func(text string, status int, want string) {
		t.Helper()
		c, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, text)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(res.Body); err != nil || res.StatusCode != status || string(content) != want || res.Close {
			t.Errorf("got %s, %q, %v, close %v", res.Status, content, err, res.Close)
		}
	}
	const text = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
	ask(text, 200, "ok\n")
	if srv.Draining() {
		t.Error("it drains")
	}
	srv.Drain()
	ask(text, 503, "draining\n") // on a new connection, which is kept
	if !srv.Draining() {
		t.Error("it does not drain")
	}
}

func TestAShutdownDrains(t *testing.T) {
	srv := &server.Server{}
	if err := srv.Shutdown(context.Background()); err != nil || !srv.Draining() {
		t.Errorf("%v, draining %v", err, srv.Draining())
	}
}
