// Each browser that is installed tells a page, a reset and silence apart, on a toy that does one of the three.

package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/chromium"
	"github.com/spillway-go/spillway/server_test/internal/firefox"
)

func TestViewers(t *testing.T) {
	resets := map[string]string{"Chromium": "ERR_CONNECTION_RESET", "Firefox": "netReset"}
	action := toy(t)
	viewers, err := newViewers(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(viewers) })
	installed := map[string]*viewer{}
	for _, v := range viewers {
		installed[v.name] = v
	}
	for _, b := range browsers {
		t.Run(b.name, func(t *testing.T) {
			if _, err := exec.LookPath(b.program); err != nil {
				t.Skip(err)
			}
			v := installed[b.name]
			switch b := v.browser.(type) {
			case *chromium.Browser:
				b.Patience = 8 * time.Second
			case *firefox.Browser:
				b.Patience = 8 * time.Second
			}
			for _, tt := range []struct{ target, want string }{
				{"/page", "the page"}, {"/reset", resets[b.name]}, {"/silence", "nothing in 20 s"}, {"/page", "the page"},
			} {
				if got := v.once(action + tt.target); got != tt.want {
					t.Errorf("%s: %q, want %q", tt.target, got, tt.want)
				}
			}
			if got := v.look(action, ""); got != "–" {
				t.Errorf("where there is no such handler: %q", got)
			}
			if v.version == "" {
				t.Error("it has no version")
			}
		})
	}
}

// toy is where a server is that does what its targets are called, until the test ends.
func toy(t *testing.T) string {
	silence := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, "read")
		case "/reset":
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		case "/silence":
			<-silence
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(silence) })
	return server.URL
}
