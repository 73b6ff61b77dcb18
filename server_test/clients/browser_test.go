// What a person sees: Chromium uploads a file of 20 MB from a form, and shows the answer that the server gave before it had
// read it. An early 413 is shown by Chromium even after a reset; an early 200 becomes ERR_CONNECTION_RESET.

package clients_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server_test/internal/chromium"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// liveChromium starts a browser that ends with the test.
func liveChromium(t *testing.T) *chromium.Browser {
	b, err := chromium.Start(sockets.Program(t, "chromium"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Logf("chromium: %s", b.Log())
		}
	})
	return b
}

func TestChromiumShowsEarlyAnswers(t *testing.T) {
	sockets.Clean(t)
	live := sockets.Serve(t, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.RawPath != "/form" {
			return sockets.Lab(w, r)
		}
		w.Set("Content-Type", "text/html; charset=utf-8")
		_, err := fmt.Fprintf(w, `<!doctype html><title>upload</title><form method=post enctype=multipart/form-data `+
			`action="%s"><input type=file name=file></form>`, r.RawQuery)
		return err
	})})
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, make([]byte, 20e6), 0o600); err != nil {
		t.Fatal(err)
	}
	b := liveChromium(t)
	for _, test := range []struct{ action, want string }{
		{"/reject?max=4194304", "too large: the limit is 4194304 bytes"},
		{"/ignore", "ignored"},
		{"/fail", "Internal Server Error"},
		{"/consume", "consumed 2000"},
		{"/partial?n=100000", "read 100000 bytes"},
	} {
		for range 3 {
			began := time.Now()
			got, err := b.Upload("http://"+live.Addr+"/form?"+test.action, file)
			if err != nil || !strings.HasPrefix(got, test.want) {
				t.Errorf("after an upload to %s the browser shows %.200q, %v, want %q", test.action, got, err, test.want)
			}
			t.Logf("%s: %v", test.action, time.Since(began))
		}
	}
	for _, e := range live.Events() {
		if e.Kind == conn.EventClosed && e.Reason == conn.ReasonWriteFailed {
			t.Errorf("a response could not be sent: %v", e)
		}
	}
}
