// Responses that gather while complete requests wait: each is sent in time, whatever the handler behind it does.

package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
)

// What stands before a slow handler's response waits for a millisecond, in the first batch of requests and behind others whose
// responses were sent at once.
func TestResponsesDoNotWaitForTheNextHandler(t *testing.T) {
	const most = time.Millisecond
	srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.Target == "/slow" {
			time.Sleep(time.Minute)
		}
		_, err := w.WriteString(r.Target)
		return err
	})}
	inBubble(t, nil, srv, func(b *bubble) {
		c := b.dial()
		answers := bufio.NewReader(c)
		for round, batch := range []string{"/a /slow", "/a /b", "/a", "/a /b /slow", "/slow", "/a /b", "/a /slow /b /slow"} {
			targets := strings.Fields(batch)
			var all strings.Builder
			for _, target := range targets {
				fmt.Fprintf(&all, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target)
			}
			began, due := time.Now(), time.Duration(0)
			io.WriteString(c, all.String())
			for i, target := range targets {
				res, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatalf("round %d, %s: %v", round, target, err)
				}
				content, _ := io.ReadAll(res.Body)
				if target == "/slow" {
					due += time.Minute
				}
				allowed := due // the last one is not held back
				if i < len(targets)-1 {
					allowed += most
				}
				if took := time.Since(began); string(content) != target || took < due || took > allowed {
					t.Errorf("round %d: %q after %v, want %q after %v to %v", round, content, took, target, due, allowed)
				}
			}
		}
	})
}
