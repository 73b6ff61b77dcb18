// http.TimeoutHandler: a handler that may outlive its exchange.

package ecosystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTimeoutHandlerInTime(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		return http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-In", "time")
			w.WriteHeader(http.StatusAccepted)
			n, err := io.Copy(w, r.Body)
			fmt.Fprint(w, n, err, r.Context().Err())
		}), patience, "too late")
	}, func(t *testing.T, s site) answer {
		req, _ := http.NewRequest("POST", s.URL, strings.NewReader("hello"))
		return fetch(t, s, req)
	})
	if got.Status != 202 || got.Body != "hello5 <nil> <nil>" || got.Header.Get("X-In") != "time" {
		t.Errorf("%+v", got)
	}
}

// A handler that panics, or aborts, does so through the TimeoutHandler.
func TestTimeoutHandlerPanics(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) bool {
		s := e.start(t, http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "lost")
			panic(http.ErrAbortHandler)
		}), patience, ""))
		w := wireTo(t, s)
		w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		return w.ends()
	})
	if !got {
		t.Error("no clean end")
	}
}

// A handler that is too late is told so by its context and by its writes, and disturbs nobody: neither the response nor
// the next exchange on the connection.
func TestTimeoutHandlerTooLate(t *testing.T) {
	type outcome struct {
		Answers [2]answer
		Reused  bool
		Late    []string
	}
	got := sameOnEach(t, func(t *testing.T, e engine) (o outcome) {
		answered, late := make(chan bool), make(chan []string, 1)
		s := e.start(t, http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/next" {
				io.WriteString(w, "next")
				return
			}
			w.Header().Set("X-Late", "1")
			io.WriteString(w, "too soon to tell")
			content, err := io.ReadAll(r.Body)
			said := []string{string(content), fmt.Sprint(err)}
			<-r.Context().Done()
			within(t, answered, "the client")
			_, err = io.WriteString(w, "late")
			w.WriteHeader(500)
			_, readErr := r.Body.Read(make([]byte, 1))
			late <- append(said, fmt.Sprint(r.Context().Err()), fmt.Sprint(errors.Is(err, http.ErrHandlerTimeout)), fmt.Sprint(readErr))
		}), 250*time.Millisecond, "too late"))
		w := wireTo(t, s)
		w.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		o.Answers[0] = read(w.response("POST"))
		answered <- true
		o.Late = within(t, late, "the late handler")
		w.say("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
		o.Answers[1] = read(w.response("GET"))
		return o
	})
	if got.Answers[0].Status != 503 || got.Answers[0].Body != "too late" || got.Answers[1].Body != "next" {
		t.Errorf("%+v", got)
	}
	if got.Late[2] != "context deadline exceeded" || got.Late[3] != "true" {
		t.Errorf("%q", got.Late)
	}
}

// The same while the client is still sending: it gets the answer at once, and the connection serves on when the upload
// has ended. Not compared: net/http waits for the content, as the row "content after the response" says.
func TestTimeoutHandlerDuringUpload(t *testing.T) {
	late := make(chan error, 1)
	s := spillway.start(t, http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/late" {
			late <- err
			return
		}
		io.WriteString(w, "next")
	}), 250*time.Millisecond, "too late"))
	w := wireTo(t, s)
	w.say("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
	if a := read(w.response("POST")); a.Status != 503 || a.Body != "too late" {
		t.Errorf("%+v", a)
	}
	if err := within(t, late, "the late handler"); err != http.ErrBodyReadAfterClose {
		t.Errorf("it read %v", err)
	}
	w.say("world")
	w.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
	if a := read(w.response("POST")); a.Body != "next" {
		t.Errorf("%+v", a)
	}
}

// A client that leaves cancels what runs inside.
func TestTimeoutHandlerClientLeaves(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) []string {
		begun, late := make(chan bool), make(chan []string, 1)
		s := e.start(t, http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			<-r.Context().Done()
			late <- []string{fmt.Sprint(r.Context().Err()), fmt.Sprint(context.Cause(r.Context()))}
		}), 2*patience, ""))
		w := wireTo(t, s)
		w.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		within(t, begun, "the handler")
		w.Close()
		return within(t, late, "the handler's end")
	})
	if got[0] != "context canceled" {
		t.Errorf("%q", got)
	}
}
