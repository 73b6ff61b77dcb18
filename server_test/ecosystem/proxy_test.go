// httputil.ReverseProxy, with spillway in front of it, behind it, and in both places.

package ecosystem

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
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
