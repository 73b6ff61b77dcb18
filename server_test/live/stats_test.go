// The counters are right, whatever has happened.

package live_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

func TestStats(t *testing.T) {
	sockets.Clean(t)
	live := sockets.Serve(t, &server.Server{})
	want := server.Stats{}
	check := func(what string) {
		t.Helper()
		var got server.Stats
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if got = live.Stats(); cmp.Equal(got, want, cmpopts.IgnoreFields(server.Stats{}, "Received", "Sent", "Responses", "Refusals")) {
				return
			}
		}
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
	check("at first")
	c := sockets.Dial(t, live.Addr)
	want.Open, want.Idle, want.Accepted = 1, 1, 1
	parked := 0
	if sockets.Parks {
		parked = 1
	}
	want.Parked = parked
	check("connected")
	c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
	c.WantAnswer("GET", 200, "")
	want.Exchanges, want.Leftovers[body.LeftoverNothing] = 1, 1
	check("an exchange")
	c.Send(1000, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
	c.WantAnswer("POST", 200, "")
	want.Parked, want.Exchanges, want.Leftovers[body.LeftoverDrained], want.Discarded = 0, 2, 1, 1000
	check("drained")
	c.Send(0, "GET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n")
	want.Idle, want.Exchanges = 0, 3
	check("in an exchange")
	c.WantAnswer("GET", 200, "")
	want.Idle, want.Leftovers[body.LeftoverNothing] = 1, 2
	check("behind it")
	c.Send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
	c.WantAnswer("POST", 200, "")
	want.Idle, want.Lingering, want.Exchanges, want.Leftovers[body.LeftoverTooLong] = 0, 1, 4, 1
	check("lingering")
	c.Close()
	want.Open, want.Lingering, want.Closes[conn.ReasonLeftoverTooLong] = 0, 0, 1
	check("closed")

	// Each of these ends a connection of its own for its own reason.
	for _, test := range []struct {
		send     string
		leftover body.Leftover
		reason   conn.Reason
	}{
		{"GET / HTTP/1.1\r\n\r\n", 0, conn.ReasonRefused},
		{"GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", body.LeftoverNothing, conn.ReasonClientAsked},
		{"POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", body.LeftoverUnasked, conn.ReasonLeftoverUnasked},
		{"POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", body.LeftoverGarbled, conn.ReasonLeftoverGarbled},
		{"POST /consume HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", body.LeftoverGarbled, conn.ReasonLeftoverGarbled},
		{"GET /stream?n=100&chunk=10 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", body.LeftoverNothing, conn.ReasonUnframed},
	} {
		c := sockets.Dial(t, live.Addr)
		c.Send(0, "%s", test.send)
		if strings.Contains(test.send, "HTTP/1.0") {
			io.Copy(io.Discard, c.In)
		} else {
			c.Answer("GET")
			c.WantEnd()
		}
		c.Close()
		want.Accepted++
		want.Closes[test.reason]++
		if strings.HasPrefix(test.send, "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer") {
			want.Discarded++ // the x
		}
		if test.reason != conn.ReasonRefused {
			want.Exchanges++
			want.Leftovers[test.leftover]++
		}
		check(test.send)
	}
	c = sockets.Dial(t, live.Addr)
	c.Close()
	want.Accepted++
	want.Closes[conn.ReasonClientClosed]++
	check("closed without a word")
}
