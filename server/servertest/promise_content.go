// The promises about messages: where they end, what they hold, and that the answer to them arrives.

package servertest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spillway-go/spillway/server"
)

// smuggled is content that spells a request.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: example.test\r\n\r\n"

// tell answers with what it takes for the request, when it has read as much as the path says.
func tell(g *ground) server.HandlerFunc {
	return func(w *server.Response, r *server.Request) error {
		switch r.RawPath {
		case "/smuggled":
			g.Error("content became a request")
		case "/part":
			io.CopyN(io.Discard, r.Body, 10)
		case "/all":
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return err
			}
		case "/fail":
			panic("as the test wants it")
		case "/early":
			w.Flush()
		case "/refuse":
			return &server.StatusError{Status: 413, Reason: "too large"}
		}
		_, err := w.WriteString(r.RawPath)
		return err
	}
}

func noBodyByteBecomesARequest(g *ground) {
	srv := g.start(tell(g), server.Limits{})
	content := strings.Repeat(smuggled, 20)
	for _, body := range []string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(content), content),
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x;a=b\r\n%s\r\n0\r\nA: b\r\n\r\n", len(content), content),
	} {
		for _, path := range []string{"/none", "/part", "/all", "/fail", "/early", "/refuse"} {
			for _, piece := range []int{len(body) + 1000, 100, 7} {
				c := srv.Dial()
				text := "POST " + path + " HTTP/1.1\r\nHost: example.test\r\n" + body + fmt.Sprintf(get, "/behind")
				for rest := text; rest != ""; rest = rest[min(piece, len(rest)):] {
					c.Send(rest[:min(piece, len(rest))])
				}
				switch first := c.ReadResponse(); {
				case first.Last() && g.over.NoHalfClose: // where the end comes when the client has closed
				case first.Last():
					c.ExpectClosed()
				default:
					g.wantAnswer(c, 200, "/behind")
				}
				c.Close()
			}
		}
	}
}

func pipelinedInOrder(g *ground) {
	const n = 100
	c := g.start(tell(g), server.Limits{}).Dial()
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, get, fmt.Sprint("/", i))
	}
	c.Send(all.String())
	for i := range n {
		g.wantAnswer(c, 200, fmt.Sprint("/", i))
	}
}

// contentIsIntact sends content to a handler that sends it back while it comes.
func contentIsIntact(g *ground) {
	srv := g.start(func(w *server.Response, r *server.Request) error {
		_, err := io.Copy(w, r.Body)
		return err
	}, server.Limits{})
	content := make([]byte, 4<<20)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	for _, length := range []int64{int64(len(content)), -1} {
		req, err := http.NewRequest("POST", srv.URL, bytes.NewReader(content))
		if err != nil {
			g.Fatal(err)
		}
		req.ContentLength = length
		res, err := srv.Client.Do(req)
		if err != nil {
			g.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(got, content) {
			g.Errorf("of %d bytes, %d came back, %v", len(content), len(got), err)
		}
	}
}

func continueIsSent(g *ground) {
	c := g.start(tell(g), server.Limits{}).Dial()
	c.Send("POST /all HTTP/1.1\r\nHost: example.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if res := c.ReadInterim(); res.Status != 100 {
		c.fail("the interim response is %d", res.Status)
	}
	c.Send("hello")
	g.wantAnswer(c, 200, "/all")
}

// large is an upload that is refused before it is read.
var large = Upload{Target: "/refuse", Size: 8 << 20}

func earlyAnswerArrives(g *ground) { tryEarly(g, NewClient) }

func earlyAnswerArrivesLate(g *ground) { tryEarly(g, NewLateClient) }

// tryEarly uploads with several clients at once, and again and again: what is lost in a race is not lost every time.
func tryEarly(g *ground, client newClient) {
	srv := g.start(tell(g), server.Limits{})
	var all sync.WaitGroup
	for i := range 4 {
		c := client(g, srv.DialConn())
		all.Go(func() {
			upload := large
			upload.Chunked = i%2 == 1
			seen := upload.Over(c)
			if seen.Response == nil || seen.Response.Status != 413 || seen.Reset != nil || seen.Sent != large.Size {
				g.Errorf("of the answer to %d of %d bytes came %+v, %v, %v:\n%s", seen.Sent, large.Size, seen.Response, seen.Err,
					seen.Reset, seen.Dialogue)
			}
		})
	}
	all.Wait()
}

// refusalArrives sends heads that are refused, and goes on sending.
func refusalArrives(g *ground) {
	srv := g.start(tell(g), server.Limits{})
	clients := make(map[int]*Client) // by the status that each must get
	for status, head := range map[int]string{
		400: "POST /  HTTP/1.1\r\nHost: example.test\r\n\r\n",
		431: "GET / HTTP/1.1\r\nHost: example.test\r\nA: " + strings.Repeat("a", 80<<10) + "\r\n\r\n",
		501: "POST / HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	} {
		c := NewLateClient(g, srv.DialConn())
		c.Send(head)
		c.SendBody(2 << 20)
		clients[status] = c
	}
	for status, c := range clients {
		if res := c.ReadResponse(); res.Status != status || !res.Last() {
			c.fail("the response is %d, not %d that says close", res.Status, status)
		}
		c.ExpectClosed()
		c.Close()
	}
}

func keptBehindALeftover(g *ground) {
	c := g.start(tell(g), server.Limits{}).Dial()
	for _, path := range []string{"/none", "/part", "/fail", "/early"} {
		status, content := 200, path
		if path == "/fail" {
			status, content = 500, "Internal Server Error\n"
		}
		c.Send("POST " + path + " HTTP/1.1\r\nHost: example.test\r\nContent-Length: 100000\r\n\r\n")
		c.SendBody(100_000)
		g.wantAnswer(c, status, content)
		c.Send(fmt.Sprintf(get, "/next"))
		g.wantAnswer(c, 200, "/next")
	}
}

func cutLooksCut(g *ground) {
	srv := g.start(func(w *server.Response, r *server.Request) error {
		if r.RawPath == "/fixed" {
			w.Set("Content-Length", "100")
		}
		w.WriteString("half of it")
		w.Flush()
		return io.ErrUnexpectedEOF
	}, server.Limits{})
	fixed, chunked := srv.Dial(), srv.Dial()
	fixed.Send(fmt.Sprintf(get, "/fixed"))
	chunked.Send(fmt.Sprintf(get, "/chunked"))
	for _, c := range []*Client{fixed, chunked} {
		if res, err := c.talk.Next("GET", c.Timeout); err == nil || string(res.Body) != "half of it" {
			c.fail("of a response that is cut came %q, %v", res.Body, err)
		}
		c.Close()
	}
}

// nothingReachesTheNext sets deadlines for one exchange, which pass before the next.
func nothingReachesTheNext(g *ground) {
	const soon = 20 * time.Millisecond
	c := g.start(func(w *server.Response, r *server.Request) error {
		if r.RawPath == "/first" {
			r.SetReadDeadline(time.Now().Add(soon))
			w.SetWriteDeadline(time.Now().Add(soon))
		}
		return tell(g)(w, r)
	}, server.Limits{}).Dial()
	for range 3 {
		c.Send(fmt.Sprintf(get, "/first"))
		g.wantAnswer(c, 200, "/first")
		c.Stall(2 * soon)
		c.Send("POST /all HTTP/1.1\r\nHost: example.test\r\nContent-Length: 10\r\n\r\nhello")
		c.Stall(2 * soon)
		c.Send("world")
		g.wantAnswer(c, 200, "/all")
	}
}
