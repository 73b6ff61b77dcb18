// httputil.ReverseProxy, with spillway in front of it, behind it, and in both places.

package ecosystem

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Each piece reaches the client before the next one exists.
func TestProxyStreams(t *testing.T) {
	got := sameInChains(t, func(t *testing.T, c chain) answer {
		taken := make(chan bool)
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/x-pieces")
			for i := range 5 {
				fmt.Fprintf(w, "piece %d\n", i)
				http.NewResponseController(w).Flush()
				within(t, taken, "the client")
			}
		}))
		res, err := s.Client.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		piece := make([]byte, len("piece 0\n"))
		for range 5 {
			if _, err := io.ReadFull(res.Body, piece); err != nil {
				t.Fatal(err)
			}
			all.Write(piece)
			taken <- true
		}
		a := read(res)
		a.Body = all.String() + a.Body
		return a
	})
	if got.Body != "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n" || got.ReadErr {
		t.Errorf("%+v", got)
	}
}

// Trailers arrive, those that were announced and those that nobody knew of before.
func TestProxyTrailers(t *testing.T) {
	type outcome struct {
		Announced http.Header
		Answer    answer
	}
	got := sameInChains(t, func(t *testing.T, c chain) outcome {
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Declared, X-Never")
			w.Header().Add("Trailer", "X-Twice")
			io.WriteString(w, "content")
			w.Header().Set("X-Declared", "1")
			w.Header().Add("X-Twice", "2")
			w.Header().Add("X-Twice", "3")
			w.Header().Set(http.TrailerPrefix+"X-Late", "4")
		}))
		req, _ := http.NewRequest("GET", s.URL, nil)
		req.Header.Set("TE", "trailers")
		res, err := s.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		announced := res.Trailer.Clone()
		return outcome{announced, read(res)}
	})
	if got.Answer.Body != "content" || got.Answer.Trailer.Get("X-Declared") != "1" || len(got.Answer.Trailer["X-Twice"]) != 2 ||
		got.Answer.Trailer.Get("X-Late") != "4" || len(got.Announced) != 3 {
		t.Errorf("%+v", got)
	}
}

// Informational responses pass, each with its own fields, and none of them in the final response.
func TestProxyEarlyHints(t *testing.T) {
	type inform struct {
		Code   int
		Fields textproto.MIMEHeader
	}
	type outcome struct {
		Informs []inform
		Answer  answer
	}
	got := sameInChains(t, func(t *testing.T, c chain) (o outcome) {
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(103)
			w.Header().Add("Link", "</script.js>; rel=preload")
			w.WriteHeader(103)
			w.Header().Del("Link")
			w.WriteHeader(102)
			io.WriteString(w, "done")
		}))
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, fields textproto.MIMEHeader) error {
				o.Informs = append(o.Informs, inform{code, fields})
				return nil
			},
		})
		req, _ := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
		o.Answer = fetch(t, s, req)
		return o
	})
	if len(got.Informs) != 3 || got.Informs[1].Code != 103 || len(got.Informs[1].Fields["Link"]) != 2 || got.Answer.Header["Link"] != nil {
		t.Errorf("%+v", got)
	}
}

// A client that waits for a 100 gets it when the handler behind the proxy reads, and not otherwise.
func TestProxyContinue(t *testing.T) {
	for _, test := range []struct {
		path  string
		codes string
	}{{"/read", "100 200 hello"}, {"/refuse", "413 no"}} {
		t.Run(test.path[1:], func(t *testing.T) {
			got := sameInChains(t, func(t *testing.T, c chain) string {
				s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/refuse" {
						w.WriteHeader(413)
						io.WriteString(w, "no")
						return
					}
					io.Copy(w, r.Body)
				}))
				w := wireTo(t, s)
				w.say("POST " + test.path + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
				var got []string
				for {
					res := w.response("POST")
					got = append(got, strconv.Itoa(res.StatusCode))
					if res.StatusCode == 100 {
						w.say("hello")
						continue
					}
					content, err := io.ReadAll(res.Body)
					if err != nil {
						t.Error(err)
					}
					return strings.Join(append(got, string(content)), " ")
				}
			})
			if got != test.codes {
				t.Errorf("%s, want %s", got, test.codes)
			}
		})
	}
}

// A large upload reaches the handler as it is sent, with its framing.
func TestProxyUpload(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 4<<20/16)
	hash := sha256.Sum256(content)
	for _, length := range []int64{int64(len(content)), -1} {
		t.Run(fmt.Sprint("length ", length), func(t *testing.T) {
			got := sameInChains(t, func(t *testing.T, c chain) answer {
				begun := make(chan bool, 1)
				s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h := sha256.New()
					io.CopyN(h, r.Body, 10)
					begun <- true
					n, err := io.Copy(h, r.Body)
					fmt.Fprintf(w, "%d %v %d %v %x", r.ContentLength, r.TransferEncoding, 10+n, err, h.Sum(nil))
				}))
				body, send := io.Pipe()
				go func() {
					send.Write(content[:10])
					within(t, begun, "the handler to see the first bytes")
					send.Write(content[10:])
					send.Close()
				}()
				req, _ := http.NewRequest("PUT", s.URL, body)
				req.ContentLength = length
				return fetch(t, s, req)
			})
			if !strings.HasSuffix(got.Body, hex.EncodeToString(hash[:])) || !strings.HasPrefix(got.Body, fmt.Sprint(length)) {
				t.Errorf("%+v", got)
			}
		})
	}
}

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

// Responses without content, to HEAD and by their status, and those to HTTP/1.0 clients keep their framing on the way, and
// the connections behind the proxy are kept.
func TestProxyFraming(t *testing.T) {
	type outcome struct {
		Answers []answer
		Kept    bool
	}
	got := sameInChains(t, func(t *testing.T, c chain) (o outcome) {
		var remotes sync.Map
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			remotes.Store(r.RemoteAddr, true)
			switch r.URL.Path {
			case "/204":
				w.WriteHeader(204)
			case "/304":
				w.Header().Set("ETag", `"x"`)
				w.WriteHeader(304)
			case "/long":
				io.Copy(w, io.LimitReader(endless{}, 100e3))
			default:
				w.Header().Set("Content-Length", "5")
				io.WriteString(w, "hello")
			}
		}))
		w := wireTo(t, s)
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			for _, path := range []string{"/204", "/304", "/long", "/"} {
				w.say(method + " " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
				o.Answers = append(o.Answers, read(w.response(method)))
			}
		}
		for _, path := range []string{"/204", "/long", "/"} {
			w := wireTo(t, s)
			w.say("GET " + path + " HTTP/1.0\r\n\r\n")
			a := read(w.response("GET"))
			a.Header.Del("Connection") // the row "what Connection says" of the table of differences
			o.Answers = append(o.Answers, a)
			if !w.ends() {
				t.Error("no clean end")
			}
		}
		n := 0
		remotes.Range(func(any, any) bool { n++; return true })
		o.Kept = n == 1
		return o
	})
	if !got.Kept {
		t.Error("the connections behind the proxy are not kept")
	}
}

// Clients that leave all kinds of content unread, and refusals, never disturb each other on the connections that the proxy
// keeps.
func TestProxyKeepsRequestsApart(t *testing.T) {
	const clients, requests = 4, 30
	sameInChains(t, func(t *testing.T, c chain) string {
		s := c.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Token", r.Header.Get("X-Token"))
			switch r.URL.Path {
			case "/part":
				io.CopyN(io.Discard, r.Body, 1000)
			case "/all":
				io.Copy(io.Discard, r.Body)
			case "/refuse":
				w.WriteHeader(413)
			}
		}))
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				for j := range requests {
					path := []string{"/ignore", "/part", "/all", "/refuse"}[j%4]
					content := strings.Repeat("GET /smuggled HTTP/1.1\r\nHost: a\r\nX-Token: x\r\n\r\n", []int{0, 1, 100, 3000}[(i+j/4)%4])
					var body io.Reader = strings.NewReader(content)
					if j%3 == 0 {
						body = struct{ io.Reader }{body} // of unknown length
					}
					req, _ := http.NewRequest("POST", s.URL+path, body)
					token := fmt.Sprint(i, "-", j)
					req.Header.Set("X-Token", token)
					res, err := s.Client.Do(req)
					if err != nil {
						t.Errorf("%s with %d bytes: %v", path, len(content), err)
						continue
					}
					if a := read(res); a.Status == 502 {
						t.Logf("%s with %d bytes: %+v", path, len(content), a)
					} else if a.Header.Get("X-Token") != token {
						t.Errorf("%s with %d bytes: %+v, want the token %s", path, len(content), a, token)
					}
				}
			})
		}
		all.Wait()
		return ""
	})
}
