// A case of the model is run in a bubble of its own: the client, the handlers, and what can be seen of both.

package model_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/servertest"
)

// modelRun is what happens.
type modelRun struct {
	*modelCase
	seen     []string // by handlers
	had      string   // the content that the first handler read
	readErr  error    // what ended its reading
	settled  []conn.Event
	closed   conn.Reason
	received bytes.Buffer  // by the client
	at       time.Duration // when the first final response began to arrive
	asked    chan bool     // closed when 100 (Continue) has arrived
	readEnd  error         // what ended the client's reading
}

// modelRuns counts the cases.
var modelRuns atomic.Int64

// run runs the case.
func (c *modelCase) run(t *testing.T) *modelRun {
	modelRuns.Add(1)
	r := &modelRun{modelCase: c, at: -1}
	synctest.Test(t, func(*testing.T) { r.dialogue() })
	return r
}

// dialogue is the client's part. The client sends, and gives the server time to do right or wrong. If the connection is
// open then, it asks whether it stands where a request begins.
func (r *modelRun) dialogue() {
	client, end := servertest.Pipe()
	var server net.Conn = end
	if r.bare {
		server = servertest.BareConn(end)
	}
	began, read, served := time.Now(), make(chan bool), make(chan bool)
	r.asked = make(chan bool)
	go func() {
		r.closed = conn.New(server, r.config(), 1).Serve()
		close(served)
	}()
	if !r.lazy {
		go r.receive(client, began, read)
	}
	r.send(client, began)
	time.Sleep(modelQuiet)
	if r.lazy {
		go r.receive(client, began, read)
		synctest.Wait()
	}
	select {
	case <-read:
	default:
		io.WriteString(client, "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		<-read
	}
	client.Close()
	<-served
	if client.WasReset() {
		r.readEnd = errors.New("the connection was reset")
	}
}

func (r *modelRun) config() *conn.Shared {
	return conn.Share(conn.Config{
		Handler: conn.HandlerFunc(r.serve),
		Limits: conn.Limits{
			IdleTimeout: modelIdle, LingerTimeout: modelLinger, LingerIdle: modelLinger, MinReadRate: -1, ReadHeaderTimeout: -1,
		},
		Log: slog.New(slog.DiscardHandler),
		Trace: func(e conn.Event) {
			if e.Kind == conn.EventSettled {
				r.settled = append(r.settled, e)
			}
		},
	})
}

func (r *modelRun) send(client *servertest.Conn, began time.Time) {
	for _, p := range r.pieces {
		if p.asked {
			select {
			case <-r.asked:
			case <-time.After(modelQuiet): // it gives up
				return
			}
		}
		if wait := p.at - time.Since(began); wait > 0 {
			time.Sleep(wait)
		}
		io.WriteString(client, p.bytes)
	}
	if r.fin {
		client.CloseWrite()
	}
}

// receive reads to the end.
func (r *modelRun) receive(client *servertest.Conn, began time.Time, read chan<- bool) {
	const ask = "HTTP/1.1 100 Continue\r\n\r\n"
	p, asked := make([]byte, 4096), false
	for {
		n, err := client.Read(p)
		r.received.Write(p[:n])
		if !asked && strings.HasPrefix(r.received.String(), ask) {
			asked = true
			close(r.asked)
		}
		if n > 0 && r.at < 0 && r.received.String() != ask {
			r.at = time.Since(began)
		}
		if err != nil {
			r.readEnd = err
			close(read)
			return
		}
	}
}

// serve is every request's handler. It answers with what it took for the request.
func (r *modelRun) serve(w *conn.Response, q *conn.Request) error {
	request := q.Method + " " + q.RawPath
	r.seen = append(r.seen, request)
	if len(r.seen) == 1 {
		if err := r.serveFirst(w, q); err != nil {
			return err
		}
	} else if q.RawPath != "/unread" {
		io.Copy(io.Discard, q.Body)
	}
	_, err := w.WriteString(request)
	return err
}

func (r *modelRun) serveFirst(w *conn.Response, q *conn.Request) error {
	q.SetDrain(r.budget, modelDrain)
	switch r.handler {
	case modelFlushes:
		w.Flush()
	case modelEchoes:
		if modelReads[r.read] == 0 {
			w.Flush()
		}
	case modelWatches:
		q.Context().Done()
		synctest.Wait() // until the server reads ahead
	case modelStrays:
		go io.Copy(io.Discard, q.Body)
		return nil
	}
	p, n := make([]byte, modelReads[r.read]), 0
	for n < len(p) && r.readErr == nil {
		var k int
		if n == 0 && r.handler == modelEchoes {
			k, r.readErr = q.Body.Read(p[:1])
			w.Flush()
		} else {
			k, r.readErr = q.Body.Read(p[n:])
		}
		n += k
	}
	r.had = string(p[:n])
	switch r.handler {
	case modelFails:
		return errors.New("failed")
	case modelPanics:
		panic("panicked")
	}
	return nil
}

// modelStory tells what happened, or what must happen, so that the two can be compared.
type modelStory struct {
	seen, answers []string
	asked         int // times 100 (Continue) came
	at            time.Duration
	outcome       modelOutcome
	closed        string
}

func (s *modelStory) String() string {
	return fmt.Sprintf("seen %q, answered %q, the first after %v, asked %d times, %+v, closed %s", s.seen, s.answers, s.at, s.asked, s.outcome, s.closed)
}

// story tells what happened. The error is what must never happen.
func (r *modelRun) story() (modelStory, error) {
	s := modelStory{seen: r.seen, at: r.at, closed: "by the server"}
	if len(r.settled) == 0 {
		return s, fmt.Errorf("nothing was settled: %v", r.closed)
	}
	first, last := r.settled[0], r.settled[len(r.settled)-1]
	s.outcome = modelOutcome{leftover: first.Leftover.String(), thrown: first.Thrown, end: first.Verdict.String()}
	if first.Reason != conn.ReasonNone {
		s.outcome.end += " (" + first.Reason.String() + ")"
	}
	announced, err := r.readAnswers(&s)
	switch probed := s.seen[len(s.seen)-1] == "GET /probe"; {
	case err != nil:
	case r.readEnd != io.EOF:
		err = r.readEnd
	case r.closed == conn.ReasonClientClosed && r.fin:
		s.closed = "by the client"
	case r.closed != last.Reason:
		err = fmt.Errorf("settled for %v, closed for %v", last.Reason, r.closed)
	case probed && !announced:
		err = errors.New("the last response does not announce the close")
	case probed:
		s.closed = "not at all"
		s.seen, s.answers = s.seen[:len(s.seen)-1], s.answers[:len(s.answers)-1]
	}
	return s, err
}

// readAnswers reads the responses into the story, and reports whether the last of them announces the close.
func (r *modelRun) readAnswers(s *modelStory) (announced bool, err error) {
	b := bufio.NewReader(&r.received)
	for {
		if _, err := b.Peek(1); err != nil {
			return announced, nil
		}
		a, err := http.ReadResponse(b, nil)
		if err != nil {
			return announced, err
		}
		if a.StatusCode == 100 {
			s.asked++
			continue
		}
		text, err := io.ReadAll(a.Body)
		if err != nil {
			return announced, err
		}
		announced = a.Close
		s.outcome.announced = s.outcome.announced || announced && len(s.answers) == 0
		s.answers = append(s.answers, fmt.Sprint(a.StatusCode, " ", strings.TrimSpace(string(text))))
	}
}

// check runs the case and compares.
func (c *modelCase) check(t *testing.T, want modelStory) {
	r := c.run(t)
	got, err := r.story()
	if want := modelContent[:min(modelReads[c.read], c.content)]; r.had != want {
		err = errors.Join(err, fmt.Errorf("the handler read %q", r.had))
	}
	if want.outcome.thrown < 0 && got.outcome.thrown <= c.framing.left[c.read] {
		want.outcome.thrown = got.outcome.thrown
	}
	if err != nil || got.String() != want.String() {
		c.report(t, got, fmt.Errorf("%v\nwant %v", err, want.String()))
	}
}

// modelFailures is how many cases have failed. A few are enough to see what is wrong.
var modelFailures atomic.Int32

func (c *modelCase) report(t *testing.T, got modelStory, err error) {
	if err == nil {
		return
	}
	t.Errorf("%v:\n got %v\nerror: %v", c, got.String(), err)
	if modelFailures.Add(1) > 10 {
		t.FailNow()
	}
}
