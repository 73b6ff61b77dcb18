// The generator counts what was answered, and notices what was answered wrongly.

package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/bench/cases"

	"github.com/spillway-go/spillway/server/servertest"
)

// tiny is a server: it reads a request and gives it to respond, until that returns false.
func tiny(t *testing.T, respond func(nc net.Conn, n int) bool) string {
	t.Helper()
	return servertest.Serve(t, func(nc *net.TCPConn, in *bufio.Reader) {
		for n := 1; ; n++ {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil || !respond(nc, n) {
				return
			}
		}
	})
}

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"

func say(text string) func(net.Conn, int) bool {
	return func(nc net.Conn, _ int) bool {
		_, err := io.WriteString(nc, text)
		return err == nil
	}
}

// from the third request on, a server that has answered well does something else.
func later(do func(net.Conn) bool) func(net.Conn, int) bool {
	return func(nc net.Conn, n int) bool {
		if n < 3 {
			return say(hello)(nc, n)
		}
		return do(nc)
	}
}

// window is long enough for a few responses on a busy machine.
const window = 150 * time.Millisecond

func measure(c *cases.Case, addr string) (*Result, error) {
	c.Pipeline, c.Windows = max(c.Pipeline, 1), 1
	if c.Active == 0 {
		c.Active = c.Conns
	}
	g, err := New(c, addr, os.Getpid())
	if err != nil {
		return nil, err
	}
	defer g.Close()
	if err := g.Warm(5*time.Millisecond, 2); err != nil {
		return nil, err
	}
	return g.Measure(window)
}

func TestGeneratorCountsWhatWasAnswered(t *testing.T) {
	slow := "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, World!"
	for _, test := range []struct {
		name    string
		c       cases.Case
		respond func(net.Conn, int) bool
	}{
		{"one connection", cases.Case{Conns: 1}, say(hello)},
		{"several", cases.Case{Conns: 9}, say(hello)},
		{"a fifth of them active", cases.Case{Conns: 10, Active: 2}, say(hello)},
		{"pipelined", cases.Case{Conns: 2, Pipeline: 16}, say(hello)},
		{"ahead", cases.Case{Conns: 2, Pipeline: 8, Ahead: true}, say(hello)},
		{"differing", cases.Case{Conns: 2, Browser: true, Vary: true}, say(hello)},
		{"paced", cases.Case{Conns: 4, Rate: 2000}, say(hello)},
		{"announced to close", cases.Case{Conns: 2}, func(nc net.Conn, n int) bool { say(slow)(nc, n); return false }},
		{"until the end", cases.Case{Conns: 1, Route: cases.Refuse}, func(nc net.Conn, n int) bool {
			say("HTTP/1.1 413 no\r\nConnection: close\r\n\r\nno")(nc, n)
			return false
		}},
		{"in pieces", cases.Case{Conns: 1}, func(nc net.Conn, n int) bool {
			for i := range len(hello) {
				if !say(hello[i:i+1])(nc, n) {
					return false
				}
			}
			return true
		}},
		{"a large upload", cases.Case{Conns: 2, Route: cases.Consume, Content: 3 << 20, Chunked: true},
			say("HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\nconsumed 3145728 bytes\n")},
		{"a large response", cases.Case{Conns: 2, Route: cases.Bytes, Reply: 1 << 20},
			say("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("x", 1<<20))},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := measure(&test.c, tiny(t, test.respond))
			if err != nil {
				t.Fatal(err)
			}
			if m.Requests == 0 || m.Total < m.Requests || m.Latency.N() != m.Requests || m.Server <= 0 || m.Self <= 0 {
				t.Errorf("%d requests of %d, %d latencies, %v and %v of processor time", m.Requests, m.Total, m.Latency.N(), m.Server, m.Self)
			}
			if m.Window < window || test.c.Rate > 0 && m.Total > int64(m.Window.Seconds()*2+1)*2000 {
				t.Errorf("%d requests in %v", m.Total, m.Window)
			}
			if closes := strings.Contains(test.name, "close") || strings.Contains(test.name, "end"); closes != (m.Again > 0) {
				t.Errorf("%d new connections", m.Again)
			}
		})
	}
}

func TestGeneratorNoticesWrongAnswers(t *testing.T) {
	for _, test := range []struct {
		name    string
		c       cases.Case
		respond func(net.Conn, int) bool
		want    string
	}{
		{"status", cases.Case{Conns: 2}, later(func(nc net.Conn) bool {
			return say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")(nc, 0)
		}), "status 400 where 200 was due"},
		{"length", cases.Case{Conns: 2}, say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"), "content of 5 bytes where 13 were due"},
		{"no HTTP", cases.Case{Conns: 2}, say("hello\r\n\r\n"), "the status line"},
		{"two responses", cases.Case{Conns: 2}, say(hello + hello), "bytes behind the response"},
		{"close", cases.Case{Conns: 2}, later(func(net.Conn) bool { return false }), "connection closed while a response was due"},
		{"close inside", cases.Case{Conns: 2}, later(func(nc net.Conn) bool { say(hello[:20])(nc, 0); return false }),
			"connection closed while a response was due"},
		{"close inside content", cases.Case{Conns: 1}, later(func(nc net.Conn) bool {
			say(hello[:len(hello)-3])(nc, 0)
			time.Sleep(time.Millisecond)
			return false
		}), "connection closed while a response was received"},
		{"close of a kept connection", cases.Case{Conns: 5, Active: 1}, func(nc net.Conn, n int) bool { say(hello)(nc, n); return n < 3 },
			"connection closed"},
		{"reset", cases.Case{Conns: 2}, later(func(nc net.Conn) bool { nc.(*net.TCPConn).SetLinger(0); return false }), "connection reset"},
		{"close with more due", cases.Case{Conns: 2, Pipeline: 16}, say("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n" +
			"Connection: close\r\n\r\nHello, World!"), "announced to close with 15 more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := measure(&test.c, tiny(t, test.respond))
			var wrong *WrongError
			if !errors.As(err, &wrong) || !strings.Contains(wrong.What, test.want) {
				t.Errorf("measured %v, error %v, want %q", m, err, test.want)
			}
		})
	}
}

func TestGeneratorGoesOnAfterAnEarlyAnswer(t *testing.T) {
	const refusal = "HTTP/1.1 413 no\r\nContent-Length: 2\r\n\r\nno"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := &cases.Case{Conns: 1, Route: cases.Refuse, Content: 4 << 20}
	wire, _ := c.Wire()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		for { // the answer comes first, then the request is read to its end
			if _, err := io.CopyN(io.Discard, nc, 10); err != nil {
				return
			}
			io.WriteString(nc, refusal)
			if _, err := io.CopyN(io.Discard, nc, int64(len(wire)-10)); err != nil {
				return
			}
		}
	}()
	if m, err := measure(c, l.Addr().String()); err != nil || m.Requests == 0 || m.Again != 0 {
		t.Errorf("measured %v, %v", m, err)
	}
}

func TestRunSpeaksInLines(t *testing.T) {
	order, err := json.Marshal(Order{Case: "get-64", Most: 2, Addr: tiny(t, say(hello)), PID: os.Getpid(), Warm: time.Millisecond,
		Window: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Run(strings.NewReader(fmt.Sprintf("%s\nturn\nmeasure\n", order)), &out); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(&out)
	var ready, turned, measured Answer
	if err := errors.Join(lines.Decode(&ready), lines.Decode(&turned), lines.Decode(&measured)); err != nil {
		t.Fatal(err)
	}
	if !ready.Ready || !turned.Ready || measured.Result == nil || measured.Result.Requests == 0 {
		t.Errorf("answers %+v, %+v", ready, measured)
	}
	out.Reset()
	order = bytes.Replace(order, []byte("get-64"), []byte("upload-1k"), 1)
	var answer Answer
	if err := Run(strings.NewReader(string(order)), &out); err != nil || json.Unmarshal(out.Bytes(), &answer) != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	if !strings.Contains(answer.Wrong, "content of 13 bytes") {
		t.Errorf("answer %+v to a wrong server", answer)
	}
}

func TestALoneClientThatIsNotAnsweredHasALatency(t *testing.T) {
	answer := make(chan struct{})
	addr := tiny(t, later(func(nc net.Conn) bool { <-answer; return say(hello)(nc, 0) }))
	g, err := New(&cases.Case{Conns: 1, Active: 1, Pipeline: 1, Crowd: []cases.Case{{Conns: 1}}}, addr, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	time.AfterFunc(2*window, func() { close(answer) })
	m, err := g.Measure(window)
	if err != nil || m.Latency.N() == 0 || m.Latency.Max() < int64(window)/2 {
		t.Errorf("%d latencies, the longest %d ns, of %d requests: %v", m.Latency.N(), m.Latency.Max(), m.Requests, err)
	}
}

func TestARateIsAShareOfTheLimit(t *testing.T) {
	order := &Order{Case: "limit-70", Most: 2, Addr: tiny(t, say(hello)), PID: os.Getpid(), Warm: time.Millisecond, Window: 50 * time.Millisecond}
	g, err := prepare(order)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	m, err := g.Measure(window)
	if err != nil {
		t.Fatal(err)
	}
	if most := float64(g.c.Rate)*m.Window.Seconds()*1.1 + 10; g.c.Rate < 1 || float64(m.Requests) > most {
		t.Errorf("%d requests in %v at %d a second", m.Requests, m.Window, g.c.Rate)
	}
}

func TestContentIsHeld(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const held = 100
	c := &cases.Case{Conns: 1, Active: 1, Pipeline: 1, Idle: true, Held: held, Route: cases.Consume, Content: 500}
	got := make(chan int, 1)
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		wire, _ := c.Wire()
		io.CopyN(io.Discard, nc, int64(len(wire)))
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(c.Text()), c.Text())
		n, _ := io.Copy(io.Discard, nc)
		got <- int(n) - (len(wire) - c.Content)
	}()
	g, err := New(c, l.Addr().String(), os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.makeReady(&Order{}); err != nil {
		t.Fatal(err)
	}
	g.Close()
	if n := <-got; n != held {
		t.Errorf("%d bytes of content were sent, want %d", n, held)
	}
}

func TestRequestsAreSentAhead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := &cases.Case{Conns: 1, Active: 1, Pipeline: 8}
	wire, _ := c.Wire()
	ahead := make(chan error, 1)
	go func() {
		nc, err := l.Accept()
		if err != nil {
			ahead <- err
			return
		}
		defer nc.Close()
		take := func(n int) error { _, err := io.CopyN(io.Discard, nc, int64(n*len(wire))); return err }
		answer := func(n int) { io.WriteString(nc, strings.Repeat(hello, n)) }
		take(8) // the turn with which every connection begins
		answer(8)
		take(8)
		answer(4)
		ahead <- take(4) // which come though four are not answered
		answer(8)
		io.Copy(io.Discard, nc)
	}()
	g, err := New(c, l.Addr().String(), os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	c.Ahead = true
	if err := g.start(); err != nil {
		t.Fatal(err)
	}
	for until := g.now(); len(ahead) == 0; {
		if until += int64(time.Millisecond); until > int64(silence) {
			t.Fatal("nothing is sent ahead")
		}
		if err := g.drive(until); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ahead; err != nil {
		t.Error(err)
	}
}
