// Upgrades through a proxy.

package ecosystem

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

const (
	askUpgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"
	upgraded   = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"
)

// chat takes its connection over, greets right behind the handshake and converses.
func chat(t *testing.T, converse func(w wire)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		both.WriteString(upgraded + "greetings")
		both.Flush()
		converse(wire{nc, both.Reader, t})
	})
}

// An upgraded connection carries bytes in both directions, from the first one behind the handshake on, and either side
// may end its direction first.
func TestProxyUpgrade(t *testing.T) {
	for _, test := range []struct {
		name     string
		converse func(w wire)
		client   func(w wire)
	}{
		{"the client ends first", func(w wire) {
			w.hear("how are you?")
			w.say("well")
			rest, err := io.ReadAll(w.r)
			w.say(fmt.Sprintf("%s %v", rest, err))
		}, func(w wire) {
			w.say("how are you?")
			w.hear("well")
			w.say("bye")
			w.halfClose()
			w.hear("bye <nil>")
			if !w.ends() {
				w.t.Error("no clean end")
			}
		}},
		{"the server ends first", func(w wire) {
			w.hear("how are you?")
			w.say("bye")
			w.halfClose()
			w.hear("so soon?")
		}, func(w wire) {
			w.say("how are you?")
			w.hear("bye")
			if !w.ends() {
				w.t.Error("no clean end")
			}
			w.say("so soon?")
		}},
		{"much in both directions", func(w wire) { io.Copy(w.Conn, w.r) }, func(w wire) {
			const size = 4 << 20
			go func() {
				io.CopyN(w.Conn, endless{}, size)
				w.halfClose()
			}()
			if n, err := io.Copy(io.Discard, w.r); n != size || err != nil {
				w.t.Errorf("%d bytes of %d, %v", n, size, err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sameInChains(t, func(t *testing.T, c chain) http.Header {
				ended := make(chan bool)
				s := c.start(t, chat(t, func(w wire) {
					defer close(ended)
					test.converse(w)
				}))
				w := wireTo(t, s)
				w.say(askUpgrade)
				res := w.response("GET")
				if res.StatusCode != 101 {
					t.Fatal(res.Status)
				}
				w.hear("greetings")
				test.client(w)
				within(t, ended, "the handler's end")
				return res.Header
			})
		})
	}
}

// What a client sends right behind its request for an upgrade is there for the handler that takes the connection over.
func TestUpgradeWithDataBehind(t *testing.T) {
	sameOnEach(t, func(t *testing.T, e engine) http.Header {
		w := wireTo(t, e.start(t, chat(t, func(w wire) {
			w.hear("impatient")
			w.hear(" as I am")
			w.say("fine")
		})))
		w.say(askUpgrade + "impatient")
		res := w.response("GET")
		w.hear("greetings")
		w.say(" as I am")
		w.hear("fine")
		w.ends()
		return res.Header
	})
}

// A handler behind the proxy that does not want to upgrade answers, and the connection is kept.
func TestProxyUpgradeRefused(t *testing.T) {
	got := sameInChains(t, func(t *testing.T, c chain) []answer {
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no chat", http.StatusUpgradeRequired)
		}))
		w := wireTo(t, s)
		var answers []answer
		for range 2 {
			w.say(askUpgrade)
			answers = append(answers, read(w.response("GET")))
		}
		return answers
	})
	if got[1].Status != 426 {
		t.Errorf("%+v", got)
	}
}
