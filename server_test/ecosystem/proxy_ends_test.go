// What becomes of one side of a proxy when the other side ends early, or refuses.

package ecosystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A response that breaks off behind the proxy breaks off in front of it: no client takes it for a whole one.
func TestProxyUpstreamAborts(t *testing.T) {
	for _, test := range []struct {
		name   string
		abort  func(w http.ResponseWriter)
		status int
	}{
		{"before the head", func(w http.ResponseWriter) {}, 502},
		{"chunked", func(w http.ResponseWriter) {
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
		}, 200},
		{"of a declared length", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
		}, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := sameInChains(t, func(t *testing.T, c chain) answer {
				return get(t, c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					test.abort(w)
					panic(http.ErrAbortHandler)
				})), "/")
			})
			if got.Status != test.status || got.ReadErr != (test.status == 200) || test.status == 200 && got.Body != "part" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// To an HTTP/1.0 client only the connection's end ends such a response. The row "cut short without framing" of the table
// of differences: spillway resets.
func TestProxyUpstreamAbortsForHTTP10(t *testing.T) {
	for _, c := range []chain{{stock, spillway}, {spillway, stock}, {spillway, spillway}} {
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		w := wireTo(t, s)
		w.say("GET / HTTP/1.0\r\n\r\n")
		res := w.response("GET")
		if content, err := io.ReadAll(res.Body); err == nil && c.front.name == spillway.name {
			t.Errorf("%q looks whole", content)
		}
	}
}

// A client that goes away takes the handler behind the proxy with it, whatever of the exchange is under way.
func TestProxyClientLeaves(t *testing.T) {
	for _, test := range []struct {
		name, send string
		respond    bool
	}{
		{"before the response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"in the response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"in the upload", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", false},
		{"in the upload and the response", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := sameInChains(t, func(t *testing.T, c chain) string {
				begun, ended := make(chan bool, 1), make(chan error, 1)
				back := c.back.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					http.NewResponseController(w).EnableFullDuplex()
					if r.Method == "POST" {
						io.CopyN(io.Discard, r.Body, 5)
					}
					if test.respond {
						io.WriteString(w, "part")
						http.NewResponseController(w).Flush()
					}
					begun <- true
					if r.Method == "POST" {
						// On net/http the context does not end while content is unread.
						if _, err := io.Copy(io.Discard, r.Body); err == nil {
							ended <- errors.New("the upload looks whole")
							return
						}
					}
					<-r.Context().Done()
					ended <- context.Cause(r.Context())
				}))
				proxy := proxyTo(t, back)
				s := c.front.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					http.NewResponseController(w).EnableFullDuplex()
					proxy.ServeHTTP(w, r)
				}))
				w := wireTo(t, s)
				w.say(test.send)
				within(t, begun, "the handler")
				if test.respond {
					w.response("GET")
				}
				w.Close()
				return fmt.Sprint(within(t, ended, "the handler's end"))
			})
			if got != "context canceled" {
				t.Error(got)
			}
		})
	}
}

// So does one that goes away while more is coming than anybody buffers.
func TestProxyClientLeavesDownload(t *testing.T) {
	got := sameInChains(t, func(t *testing.T, c chain) string {
		ended := make(chan string, 1)
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(w, io.LimitReader(endless{}, 1<<40))
			<-r.Context().Done()
			ended <- fmt.Sprint(n > 1<<20, err != nil, context.Cause(r.Context()))
		}))
		res, err := s.Client.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		io.CopyN(io.Discard, res.Body, 1<<20)
		res.Body.Close()
		return within(t, ended, "the handler's end")
	})
	if got != "true true context canceled" {
		t.Error(got)
	}
}

// An upload that is refused before it has come: the client gets the refusal.
func TestProxyEarlyRefusal(t *testing.T) {
	const size = 8 << 20
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, "too large")
	})
	got := sameInChains(t, func(t *testing.T, c chain) string {
		s := c.start(t, refuse)
		w := wireTo(t, s)
		sent := make(chan bool)
		go func() { // as a client does that reads while it sends
			fmt.Fprintf(w.Conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
			io.CopyN(w.Conn, endless{}, size)
			close(sent)
		}()
		res := w.response("POST")
		content, err := io.ReadAll(res.Body)
		w.Close()
		within(t, sent, "the client's end")
		return fmt.Sprint(res.StatusCode, " ", string(content), " ", err, " ", res.Close)
	})
	if got != "413 too large <nil> true" {
		t.Error(got)
	}
	t.Run("the client sends everything first", func(t *testing.T) { // and net/http in front would reset it
		for _, back := range []engine{stock, spillway} {
			w := wireTo(t, chain{spillway, back}.start(t, refuse))
			w.say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size))
			if n, err := io.CopyN(w.Conn, endless{}, size); err != nil {
				t.Fatalf("after %d bytes: %v", n, err)
			}
			if res := w.response("POST"); res.StatusCode != 413 {
				t.Errorf("%v", res.Status)
			}
		}
	})
}

// endless is content without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
