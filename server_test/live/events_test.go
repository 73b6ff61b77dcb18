// What events tell of an exchange is whole, however it ends, and may be kept; and the counters agree with it.

package live_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// told is an exchange and how it is told of when it is over.
type told struct {
	name string
	send string
	then func(*servertest.Client)
	want string // method, target, status; content read, sent; request, response in bytes; thrown away; verdict and reason; rule; request line
}

func tales(w *server.Response, r *server.Request) error {
	switch r.RawPath {
	case "/read":
		_, err := io.Copy(io.Discard, r.Body)
		return err
	case "/part":
		_, err := io.ReadFull(r.Body, make([]byte, 2))
		return err
	case "/panic":
		panic("as asked")
	case "/fail":
		return errors.New("as asked")
	case "/abort":
		return fmt.Errorf("as asked: %w", server.ErrAbort)
	case "/upgrade":
		w.SetStatus(101)
		h, err := w.Hijack()
		if err == nil {
			h.Close()
		}
		return err
	case "/slow":
		w.Inform(103)
		time.Sleep(time.Second)
	}
	_, err := w.WriteString("hello")
	return err
}

var all = []told{
	{name: "a GET", send: "GET /?a=b HTTP/1.1\r\nHost: a\r\n\r\n", want: `GET /?a=b 200; 0, 5; 31, 80; 0; reuse (none)`},
	{name: "a HEAD", send: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", want: `HEAD / 200; 0, 0; 28, 75; 0; reuse (none)`},
	{name: "content that is read", send: "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789",
		want: `POST /read 200; 9, 0; 60, 75; 0; reuse (none)`},
	{name: "chunks that are read", send: "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
		want: `POST /read 200; 5, 0; 75, 75; 0; reuse (none)`},
	{name: "much content", send: "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", 300_000),
		want: `POST /read 200; 300000, 0; 300056, 75; 0; reuse (none)`},
	{name: "content that is drained", send: "POST /part HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000),
		want: `POST /part 200; 2, 0; 100056, 75; 99998; reuse (none)`},
	{name: "an early response", send: "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", want: `GET /slow 200; 0, 5; 31, 108; 0; reuse (none)`},
	{name: "an error", send: "GET /fail HTTP/1.1\r\nHost: a\r\n\r\n", want: `GET /fail 500; 0, 22; 31, 158; 0; reuse (none)`},
	{name: "a panic", send: "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", want: `GET /panic 500; 0, 22; 32, 158; 0; reuse (none)`},
	{name: "an abort", send: "GET /abort HTTP/1.1\r\nHost: a\r\n\r\n", want: `GET /abort 0; 0, 0; 32, 0; 0; linger (truncated)`},
	{name: "an upgrade", send: "GET /upgrade HTTP/1.1\r\nHost: a\r\n\r\n", want: `GET /upgrade 101; 0, 0; 34, 73; 0; hijack (hijacked)`},
	{name: "content over the limit", send: "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\n",
		want: `POST /read 413; 0, 41; 57, 192; 0; linger (leftover too long); more content than the limit (RFC 9110 §15.5.14)`},
	{name: "broken chunks", send: "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx",
		want: `POST /read 400; 0, 78; 61, 223; 0; linger (leftover garbled); … is not a chunk size (RFC 9112 §7.1)`},
	{name: "content that ends too soon", send: "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12", then: (*servertest.Client).CloseWrite,
		want: `POST /read 400; 2, 37; 53, 182; 0; close (leftover cut); the connection ended inside the content (RFC 9112 §8)`},
	{name: "a line without a colon", send: "GET /a HTTP/1.1\r\nHost\r\n\r\n",
		want: `  400; 0, 50; 25, 195; 0; linger (refused); the field line … has no colon (RFC 9112 §5); GET /a HTTP/1.1`},
	{name: "no HTTP at all", send: "\x16\x03\x01<script>",
		want: `  400; 0, 48; 1, 193; 0; linger (refused); … in or before the method (RFC 9112 §3.1); ` + "\x16"},
	{name: "two framings", send: "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
		want: `POST /read 400; 0, 69; 79, 214; 0; linger (refused); Content-Length and Transfer-Encoding in one request (RFC 9112 §6.1); POST /read HTTP/1.1`},
	{name: "a head that is cut", send: "GET / HT", then: (*servertest.Client).CloseWrite,
		want: `  400; 0, 60; 8, 205; 0; linger (refused); the connection ended inside a request's head (RFC 9112 §8); GET / HT`},
	{name: "a head that does not end", send: "\r\nHEAD / HTTP/1.1\r\nHost", then: func(c *servertest.Client) { c.Timeout = time.Minute },
		want: `  408; 0, 0; 23, 149; 0; linger (header timeout); the request's head did not end in time (RFC 9110 §15.5.9); HEAD / HTTP/1.1`},
	{name: "a client that resets in the head", send: "GET / HT", then: func(c *servertest.Client) { synctest.Wait(); c.Abort() }, want: `  0; 0, 0; 8, 0; 0; close (client gone)`},
}

// tale returns what a told has of an event.
func tale(e server.Event) string {
	s := fmt.Sprintf("%s %s %d; %d, %d; %d, %d; %d; %v (%v)", e.Method, e.Target, e.Status, e.ContentReceived, e.ContentSent,
		e.Received, e.Sent, e.Thrown, e.Verdict, e.Reason)
	if e.Refusal != nil {
		rule := e.Refusal.Rule()
		s += fmt.Sprintf("; %s (%s)", rule.Reason, rule.Section)
	}
	if e.RequestLine != "" {
		s += "; " + e.RequestLine
	}
	return s
}

func TestEveryExchangeIsToldOfOnce(t *testing.T) {
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				events, stats := play(t, x)
				var settled []string
				want := server.Stats{}
				for _, e := range events {
					if e.Kind != server.EventSettled {
						continue
					}
					settled = append(settled, tale(e))
					if e.Status > 0 {
						want.Responses[e.Status/100]++
					}
					want.Received, want.Sent = want.Received+e.Received, want.Sent+e.Sent
					if e.Refusal != nil {
						want.Refusals = map[server.Rule]int64{e.Refusal.Rule(): 1}
					}
					inOrder(t, e)
				}
				if diff := cmp.Diff([]string{x.want}, settled); diff != "" {
					t.Error(diff)
				}
				got := server.Stats{Responses: stats.Responses, Received: stats.Received, Sent: stats.Sent, Refusals: stats.Refusals}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the counters say something else:\n%s", diff)
				}
			})
		})
	}
}

// play has one exchange and returns what is told of it when its connection has ended.
func play(t *testing.T, x told) ([]server.Event, server.Stats) {
	var mu sync.Mutex
	var events []server.Event
	engine := (*server.Server)(nil)
	live := servertest.Start(t, server.HandlerFunc(tales), servertest.InMemory(servertest.Link{Buffer: 4 << 20}),
		servertest.Limits(server.Limits{BodyBytes: 1_000_000}), servertest.Configure(func(s *server.Server) {
			engine = s
			s.Log = slog.New(slog.DiscardHandler)
			s.Trace = func(e server.Event) {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, e)
			}
		}))
	c := live.Dial()
	c.Send(x.send)
	if x.then != nil {
		x.then(c)
	}
	time.Sleep(time.Minute) // of fake time: all that can happen has
	if !strings.Contains(x.want, "client gone") {
		c.Close()
	}
	live.Closings(1)
	synctest.Wait()
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(events), engine.Stats()
}

// inOrder checks that what has happened has its time, and in order.
func inOrder(t *testing.T, e server.Event) {
	t.Helper()
	last := time.Time{}
	for i, at := range []time.Time{e.Times.FirstByte, e.Times.Head, e.Times.HandlerBegun, e.Times.HandlerEnded, e.Times.Sent, e.Times.Settled} {
		ran := e.Method != "" && !strings.Contains(e.RequestLine, "HTTP")
		if at.IsZero() != (i > 0 && i < 5 && !ran && !(i == 1 && e.Method != "") && !(i == 4 && e.Status != 0) || i == 4 && e.Status == 101) {
			t.Errorf("time %d of the exchange: %v", i, at)
		}
		if !at.IsZero() && at.Before(last) {
			t.Errorf("time %d of the exchange, %v, is before the one before it, %v", i, at, last)
		}
		if !at.IsZero() {
			last = at
		}
	}
}

// Events of a pipeline keep what each request was, although the connection has used its head again.
func TestEventsMayBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, _ := play(t, told{send: "GET /1 HTTP/1.1\r\nHost: a\r\nX: one\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\nX: two\r\n\r\n"})
		var got []string
		for _, e := range events {
			got = append(got, strings.TrimSpace(fmt.Sprint(e.Exchange, " ", e.Target, " ", e.Host, " ", e.Fields.Get("X"))))
		}
		one, two := "1 /1 a one", "2 /2 b two"
		if diff := cmp.Diff([]string{"0", one, one, one, two, two, two, "0"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
