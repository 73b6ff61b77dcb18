// Server-sent events, and what an http.ResponseController does on the way.

package ecosystem

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// event reads one event of a stream.
func event(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%q, %v", line, err)
		}
		if line == "\n" {
			return text.String()
		}
		text.WriteString(line)
	}
}

// Events reach the client one by one, for longer than the server's WriteTimeout, since the handler gives each of them its
// own; and the handler ends when the client leaves.
func TestEvents(t *testing.T) {
	type outcome struct {
		Status int
		Header http.Header
		Events []string
		End    string
	}
	got := sameOnEach(t, func(t *testing.T, e engine) (o outcome) {
		ended := make(chan error, 1)
		s := e.startServer(t, &http.Server{WriteTimeout: 50 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-cache")
			tick := time.NewTicker(25 * time.Millisecond)
			defer tick.Stop()
			for i := 1; ; i++ {
				select {
				case <-tick.C:
				case <-r.Context().Done():
					ended <- context.Cause(r.Context())
					return
				}
				if i > 5 {
					continue
				}
				err := c.SetWriteDeadline(time.Now().Add(patience))
				fmt.Fprintf(w, "id: %d\ndata: %s\n\n", i, r.Header.Get("Last-Event-ID"))
				if err := errors.Join(err, c.Flush()); err != nil {
					ended <- err
					return
				}
			}
		})})
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		req, _ := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
		req.Header.Set("Last-Event-ID", "7")
		res, err := s.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		res.Header.Del("Date")
		o.Status, o.Header = res.StatusCode, res.Header
		stream := bufio.NewReader(res.Body)
		for range 5 {
			o.Events = append(o.Events, event(t, stream))
		}
		leave()
		o.End = fmt.Sprint(within(t, ended, "the handler's end"))
		return o
	})
	if got.End != "context canceled" || got.Events[4] != "id: 5\ndata: 7\n" {
		t.Errorf("%+v", got)
	}
}

// A client that stays and takes nothing ends at the write deadline.
func TestEventsNobodyTakes(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		ended := make(chan string, 1)
		s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, data := http.NewResponseController(w), make([]byte, 64<<10)
			for {
				err := c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				_, writeErr := w.Write(data)
				if err := errors.Join(err, writeErr, c.Flush()); err != nil {
					_, again := w.Write(data)
					<-r.Context().Done()
					ended <- fmt.Sprint(errors.Is(err, os.ErrDeadlineExceeded), again != nil)
					return
				}
			}
		}))
		w := wireTo(t, s)
		w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		w.response("GET")
		return within(t, ended, "the handler's end")
	})
	if got != "true true" {
		t.Error(got)
	}
}

// A WriteTimeout that nobody extends cuts the response, and the client can tell.
func TestEventsCutByWriteTimeout(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		ended := make(chan bool, 1)
		s := e.startServer(t, &http.Server{WriteTimeout: 400 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for i := 0; ; i++ {
				fmt.Fprintf(w, "data: %d\n\n", i)
				if err := http.NewResponseController(w).Flush(); err != nil {
					ended <- errors.Is(err, os.ErrDeadlineExceeded)
					return
				}
				<-tick.C
			}
		})})
		a := get(t, s, "/")
		return fmt.Sprint(a.Status, a.ReadErr, strings.HasPrefix(a.Body, "data: 0\n\n"), within(t, ended, "the handler's end"))
	})
	if got != "200 true true true" {
		t.Error(got)
	}
}

// wrapper is a middleware's ResponseWriter that lets a ResponseController see through it.
type wrapper struct {
	http.ResponseWriter
	status int
}

func (w *wrapper) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A ResponseController reaches the server through wrappers that unwrap, and says of others that it cannot.
func TestControllerThroughWrappers(t *testing.T) {
	for _, test := range []struct {
		name string
		wrap func(http.ResponseWriter) http.ResponseWriter
		want string
	}{
		{"bare", func(w http.ResponseWriter) http.ResponseWriter { return w }, "<nil> <nil> <nil> <nil> <nil>"},
		{"wrapped", func(w http.ResponseWriter) http.ResponseWriter { return &wrapper{w, 0} }, "<nil> <nil> <nil> <nil> <nil>"},
		{"wrapped twice", func(w http.ResponseWriter) http.ResponseWriter { return &wrapper{&wrapper{w, 0}, 0} }, "<nil> <nil> <nil> <nil> <nil>"},
		{"hidden", func(w http.ResponseWriter) http.ResponseWriter { return struct{ http.ResponseWriter }{w} },
			strings.TrimSpace(strings.Repeat("feature not supported ", 5))},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := sameOnEach(t, func(t *testing.T, e engine) string {
				said := make(chan string, 1)
				w := wireTo(t, e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					c := http.NewResponseController(test.wrap(w))
					soon := time.Now().Add(patience)
					errs := []any{c.EnableFullDuplex(), c.SetReadDeadline(soon), c.SetWriteDeadline(soon), c.Flush()}
					nc, both, err := c.Hijack()
					said <- strings.TrimSpace(fmt.Sprintln(append(errs, err)...))
					if err == nil {
						both.WriteString("6\r\nhijack\r\n0\r\n\r\n") // the head has been sent
						both.Flush()
						nc.Close()
					}
				})))
				w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				res := w.response("GET")
				content, err := io.ReadAll(res.Body)
				return fmt.Sprint(within(t, said, "the handler"), "|", string(content), err, res.TransferEncoding)
			})
			if errs, _, _ := strings.Cut(got, "|"); errs != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// A read deadline ends a read of content that does not come. The handler can still answer, and the connection ends.
func TestReadDeadline(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		w := wireTo(t, e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(w, r.Body, 5)
			http.NewResponseController(&wrapper{w, 0}).SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, " ", n, " ", errors.Is(err, os.ErrDeadlineExceeded))
		})))
		w.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
		res := w.response("POST")
		content, err := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", string(content), " ", err, " ", w.ends())
	})
	if got != "200 hello 0 true <nil> true" {
		t.Error(got)
	}
}

// With EnableFullDuplex each part of the request gets its part of the response at once.
func TestFullDuplex(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) answer {
		s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(&wrapper{w, 0})
			if err := c.EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			c.Flush()
			buf := make([]byte, 1000)
			for {
				n, err := r.Body.Read(buf)
				w.Write(bytes.ToUpper(buf[:n]))
				c.Flush()
				if err != nil {
					fmt.Fprint(w, err)
					return
				}
			}
		}))
		body, send := io.Pipe()
		req, _ := http.NewRequest("POST", s.URL, body)
		res, err := s.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			word := fmt.Sprintf("word %d;", i)
			io.WriteString(send, word)
			back := make([]byte, len(word))
			if _, err := io.ReadFull(res.Body, back); err != nil || string(back) != strings.ToUpper(word) {
				t.Fatalf("%q, %v", back, err)
			}
		}
		send.Close()
		return read(res)
	})
	if got.Body != "EOF" || got.ReadErr {
		t.Errorf("%+v", got)
	}
}

// A read deadline that has passed already ends a read that another goroutine is waiting in.
func TestReadDeadlineEndsRead(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		w := wireTo(t, e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			c.EnableFullDuplex()
			begun, ended := make(chan bool), make(chan error, 1)
			go func() {
				io.CopyN(io.Discard, r.Body, 5)
				close(begun)
				_, err := r.Body.Read(make([]byte, 1))
				ended <- err
			}()
			within(t, begun, "the first bytes")
			c.SetReadDeadline(time.Unix(1, 0))
			fmt.Fprint(w, errors.Is(within(t, ended, "the read's end"), os.ErrDeadlineExceeded))
		})))
		w.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
		return read(w.response("POST")).Body
	})
	if got != "true" {
		t.Error(got)
	}
}
