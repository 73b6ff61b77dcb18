// The same over TLS, where files cannot go by sendfile and every end must be a close_notify.

package ecosystem

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
)

// secure returns an engine that serves over TLS, with HTTP/1.1 alone.
func secure(e engine) engine {
	return engine{e.name, func(s *http.Server, l net.Listener) func() error {
		model := httptest.NewUnstartedServer(nil)
		model.StartTLS() // for its certificate
		certificates := model.TLS.Certificates
		model.Close()
		s.TLSConfig = &tls.Config{Certificates: certificates}
		s.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		if e.name == spillway.name {
			srv := nethttp.New(s)
			go srv.ServeTLS(l, "", "")
			return srv.Close
		}
		go s.ServeTLS(l, "", "")
		return s.Close
	}}
}

// startSecure runs h over TLS.
func startSecure(t *testing.T, e engine, h http.Handler) site {
	t.Helper()
	s := secure(e).start(t, h)
	s.URL = "https://" + s.Addr
	return s
}

// secureWireTo connects to a site over TLS.
func secureWireTo(t *testing.T, s site) wire {
	t.Helper()
	w := wireTo(t, s)
	nc := tls.Client(w.Conn, &tls.Config{InsecureSkipVerify: true})
	return wire{nc, bufio.NewReader(nc), t}
}

func TestFileServerOverTLS(t *testing.T) {
	dir := makeFiles(t)
	got := sameOnEach(t, func(t *testing.T, e engine) []answer {
		s := startSecure(t, e, http.FileServer(http.Dir(dir)))
		return []answer{get(t, s, "/large.bin"), get(t, s, "/"), get(t, s, "/none")}
	})
	if len(got[0].Body) != 300<<10 || got[0].ReadErr {
		t.Errorf("%+v", got)
	}
}

// A proxy that ends TLS: pieces, a large upload, and a response that breaks off.
func TestProxyWithTLS(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 2<<20/16)
	got := sameInChains(t, func(t *testing.T, c chain) (answers []answer) {
		taken := make(chan bool)
		back := c.back.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/upload":
				n, err := io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, n, err)
			case "/pieces":
				for i := range 3 {
					fmt.Fprintln(w, "piece", i)
					http.NewResponseController(w).Flush()
					within(t, taken, "the client")
				}
			case "/abort":
				w.Write(content[:100e3])
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		}))
		s := startSecure(t, c.front, proxyTo(t, back))
		req, _ := http.NewRequest("POST", s.URL+"/upload", struct{ io.Reader }{bytes.NewReader(content)})
		answers = append(answers, fetch(t, s, req))
		res, err := s.Client.Get(s.URL + "/pieces")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			line := make([]byte, len("piece 0\n"))
			if _, err := io.ReadFull(res.Body, line); err != nil || string(line) != fmt.Sprintln("piece", i) {
				t.Fatalf("%q, %v", line, err)
			}
			taken <- true
		}
		return append(answers, read(res), get(t, s, "/abort"))
	})
	if got[0].Body != fmt.Sprint(len(content), " <nil>") || got[1].ReadErr || !got[2].ReadErr {
		t.Errorf("%+v", got[:2])
	}
}

// An upgraded connection over TLS; either side ends its direction with a close_notify, and the other goes on.
func TestProxyUpgradeWithTLS(t *testing.T) {
	got := sameInChains(t, func(t *testing.T, c chain) string {
		back := c.back.start(t, chat(t, func(w wire) {
			w.hear("how are you?")
			w.say("well")
			rest, err := io.ReadAll(w.r)
			w.say(fmt.Sprintf("%s %v", rest, err))
		}))
		w := secureWireTo(t, startSecure(t, c.front, proxyTo(t, back)))
		w.say(askUpgrade)
		res := w.response("GET")
		w.hear("greetings")
		w.say("how are you?")
		w.hear("well")
		w.say("bye")
		w.halfClose()
		rest, err := io.ReadAll(w.r)
		return fmt.Sprintf("%d %s %v", res.StatusCode, rest, err)
	})
	if got != "101 bye <nil> <nil>" {
		t.Error(got)
	}
}

// A client that leaves is noticed over TLS too, with a close_notify and without.
func TestEventsOverTLS(t *testing.T) {
	for _, politely := range []bool{true, false} {
		sameOnEach(t, func(t *testing.T, e engine) string {
			ended := make(chan error, 1)
			s := startSecure(t, e, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, "data: 1\n\n")
				http.NewResponseController(w).Flush()
				<-r.Context().Done()
				ended <- r.Context().Err()
			}))
			tcp, err := net.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			tcp.SetDeadline(time.Now().Add(patience))
			nc := tls.Client(tcp, &tls.Config{InsecureSkipVerify: true})
			w := wire{nc, bufio.NewReader(nc), t}
			w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			stream := bufio.NewReader(w.response("GET").Body)
			first := event(t, stream)
			if politely {
				nc.Close()
			} else {
				tcp.Close()
			}
			return strings.TrimSpace(first) + fmt.Sprint(within(t, ended, "the handler's end"))
		})
	}
}
