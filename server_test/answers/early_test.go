// A response always arrives: whatever the client is still sending when the server has made up its mind.

package answers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// liveEarly are requests that are answered before their content is read. The %d is the content's length.
var liveEarly = []struct {
	name   string
	head   string
	status int
}{
	{"rejected", "POST /reject?max=4096 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 413},
	{"ignored", "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"panic", "POST /fail HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 500},
	{"bytes", "POST /bytes?n=300000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"bad request line", "POST /ignore  HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 400},
	{"connection close", "POST /ignore HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", 200},
}

// liveRudeEarly are the ways of refusing that servers tend to forget.
var liveRudeEarly = []struct {
	name   string
	head   string
	status int
}{
	{"unknown coding", "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nX: %d\r\n\r\n", 501},
	{"two framings", "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n", 400},
	{"strange expectation", "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: %d\r\n\r\n", 417},
	{"sent before the 100", "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", 200},
	{"long target", "POST /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 414},
	{"large head", "POST / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 70<<10) + "\r\nContent-Length: %d\r\n\r\n", 431},
	{"HTTP/1.0", "POST /ignore HTTP/1.0\r\nContent-Length: %d\r\n\r\n", 200},
	{"partly read", "POST /partial?n=1000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nX: %d\r\n\r\n", 404},
	{"HEAD", "HEAD /bytes?n=300000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"not HTTP", "\x16\x03\x01%d\r\n\r\n", 400},
}

// A client that writes all of its request before it reads anything gets the response whole, meets no reset and no broken
// pipe, and sees the stream end cleanly.
func TestEarlyAnswerIsReadAfterAllIsWritten(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, size := range []int64{1e6, 10e6, 100e6} {
			times := 20
			switch {
			case over.Name != sockets.Plain && size > 10e6:
				continue
			case over.Name != sockets.Plain:
				times = 2
			case size > 10e6 && !sockets.Long:
				times = 3
			}
			for _, early := range liveEarly {
				t.Run(fmt.Sprintf("%s/%dMB", early.name, size/1e6), func(t *testing.T) {
					// A response that does not fit the buffers waits so long for a client that reads nothing.
					live := sockets.Over(t, over, &server.Server{Limits: server.Limits{StallTimeout: 100 * time.Millisecond}})
					var took []time.Duration
					for range times {
						began := time.Now()
						writeThenRead(live, live.Dial(t), early.head, early.status, size)
						took = append(took, time.Since(began))
					}
					liveWantNoHaste(t, live, times)
					median, most := sockets.Median(took)
					t.Logf("%d × %d MB: 0 resets; median %v, most %v", times, size/1e6, median, most)
				})
			}
		}
	})
}

func TestEveryRefusalIsReadAfterAllIsWritten(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, early := range liveRudeEarly {
			t.Run(early.name, func(t *testing.T) {
				live := sockets.Over(t, over, &server.Server{})
				for range 3 {
					writeThenRead(live, live.Dial(t), early.head, early.status, 5e6)
				}
				liveWantNoHaste(t, live, 3)
			})
		}
	})
}

func writeThenRead(l *sockets.Server, c *sockets.Client, head string, status int, size int64) {
	c.Helper()
	c.Send(size, head, size)
	method, _, _ := strings.Cut(head, " ")
	res := c.WantAnswer(method, status, "")
	if !res.Close {
		c.Errorf("the response does not say Connection: close")
	}
	l.WantEndOf(c)
	c.Close()
}

// liveWantNoHaste checks that every connection ended because its client had closed, and not before.
func liveWantNoHaste(t *testing.T, live *sockets.Server, n int) {
	t.Helper()
	for _, e := range live.WaitEvents(t, int(conn.EventClosed), n) {
		if e.Verdict != conn.VerdictLinger {
			t.Errorf("connection %d ended with %v (%v)", e.Conn, e.Verdict, e.Reason)
		}
	}
}

// A client that withholds the content until it has the answer is answered at once. Where the leftover then fits the
// drain budget, the connection serves the next request.
func TestAnswerDoesNotWaitForWithheldContent(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, test := range []struct {
			path   string
			status int
			size   int64
			kept   bool
		}{
			{"/ignore", 200, 1000, true},
			{"/ignore", 200, 256 << 10, true},
			{"/ignore", 200, 256<<10 + 1, false},
			{"/reject?max=10", 413, 200e3, true},
			{"/reject?max=10", 413, 1e6, false},
			{"/fail", 500, 1000, true},
			{"/bytes?n=1000000", 200, 1000, true},
		} {
			t.Run(fmt.Sprintf("%s with %d bytes", test.path[1:], test.size), func(t *testing.T) {
				live := sockets.Over(t, over, &server.Server{})
				c := live.Dial(t)
				c.Send(0, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", test.path, test.size)
				res := c.WantAnswer("POST", test.status, "")
				if res.Close == test.kept {
					t.Errorf("Connection: close is %v", res.Close)
				}
				time.Sleep(50 * time.Millisecond)
				c.Send(test.size, "")
				if !test.kept {
					live.WantEndOf(c)
					return
				}
				c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
				c.WantAnswer("GET", 200, "Hello, World!")
			})
		}
	})
}

// The same with Expect: the client is never told to continue. If it sends the content anyway, that is not taken for a
// request, and the connection ends in the lingering way.
func TestAnswerToWithheldContentWithExpect(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		live := sockets.Over(t, over, &server.Server{})
		for _, sends := range []bool{false, true} {
			c := live.Dial(t)
			c.Send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
			if res := c.WantAnswer("POST", 200, "ignored\n"); !res.Close {
				t.Error("the connection is kept, although nobody knows whether content will come")
			}
			if sends {
				c.Send(1000, "")
			}
			live.WantEndOf(c)
			c.Close()
		}
	})
}

// Both sides write before they read: 10 MB in each direction, and no deadlock.
func TestBothSidesWriteFirst(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		for _, size := range []int64{100e3, 10e6} {
			t.Run(fmt.Sprint(size), func(t *testing.T) {
				live := sockets.Over(t, over, &server.Server{Limits: server.Limits{StallTimeout: time.Second}})
				c := live.Dial(t)
				c.Send(size, "POST /bytes?n=10000000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
				if _, content := c.Answer("POST"); len(content) != 10e6 {
					t.Fatalf("%d bytes of content", len(content))
				}
				c.Close()
			})
		}
	})
}

// Shutdown waits for those that linger, within their time.
func TestShutdownWaitsForLingering(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		live := sockets.Over(t, over, &server.Server{})
		c := live.Dial(t)
		c.Send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
		c.WantAnswer("POST", 200, "ignored\n")
		ended := make(chan error, 1)
		go func() { ended <- live.Shutdown(context.Background()) }()
		time.Sleep(50 * time.Millisecond)
		c.Send(1000000, "")
		live.WantEndOf(c)
		c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
