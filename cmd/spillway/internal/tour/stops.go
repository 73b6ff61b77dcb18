// The seven stops of the tour, and the two servers that they are played against.

package tour

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live"
)

// stop is a stop, as a dialogue that is played against both servers.
type stop struct {
	name, text, ref string
	faulty, right   string // what is to be seen at each
	wire            string
}

// patience is how long the tour's client waits for anything.
const patience = 3 * time.Second

var stops = []stop{
	{
		"A plain GET", "A request without content leaves nothing over. Every server gets this right; look at how a head ends with an empty line, and how the next one begins right behind it.",
		"RFC 9112 §2.1",
		"Two requests, two answers.", "Two requests, two answers, one connection.",
		follow + follow,
	},
	{
		"What a handler leaves", "The handler answers without reading the eleven bytes of content. The next request comes right behind them.",
		"RFC 9112 §9.3",
		"It forgets the content: the next request begins with hello world, and is answered 400.", "The leftover is thrown away, to its end, and the next request is read where it begins.",
		post("/ignore", "hello world") + "S: <response> 200\n" + follow,
	},
	{
		"An early answer to a large upload", "The client sends 8 MiB and reads when it has sent. The handler refuses with 413 at once and reads nothing.",
		"RFC 9112 §9.6",
		"It closes with bytes unread: the system resets the connection, and the reset destroys the answer.", "It says close, ends its own direction, and lingers: it reads on and throws away, until the client has seen the answer.",
		post("/reject?max=10", "{x*8388608}") + "S: <response> 413\n",
	},
	{
		"A stray body becomes a request", "The content spells a request of its own, which nobody has sent. The handler reads five bytes and leaves the rest.",
		"RFC 9112 §11.2",
		"It takes the rest for a request, and answers it: this is request smuggling.", "What is left is content, whatever it spells: there is one answer to one request.",
		post("/partial?n=5", `helloGET /admin HTTP/1.1\r\nHost: lab\r\n\r\n`) + "S: <response> 200\n",
	},
	{
		"Expect: 100-continue", "The client asks whether it may send its content, and waits for a 100 (Continue).",
		"RFC 9110 §10.1.1",
		"It waits for the content, and the client for the 100: both wait for ever.", "The handler's first read sends the 100.",
		"C: POST /consume HTTP/1.1\nC: Host: lab\nC: Content-Length: 5\nC: Expect: 100-continue\nC:\nS: <response> 100\nC: hello\\\nS: <response> 200\n",
	},
	{
		"A slow upload", "The client sends a byte in a tenth of a second, and has said that ten thousand come.",
		"RFC 9110 §15.5.9",
		"It waits as long as anybody wants: a few hundred such clients, and nobody else is served.", "A client slower than the minimum rate for longer than the grace gets 408. Here the grace is one second.",
		"C: POST /consume HTTP/1.1\nC: Host: lab\nC: Content-Length: 10000\nC:\n" + repeated("C: x\\\n~ 100ms\n", 25) + "S: <response> 408\n",
	},
	{
		"A deadlock that is broken", "The handler sends back what comes, as it comes. The client sends 16 MiB before it reads anything, so that both are soon waiting for the other to read.",
		"RFC 9112 §9.5",
		"Neither moves again: the connection hangs until somebody loses patience.", "When nothing has moved for the StallTimeout, here one second, the content is given up; the client can send to its end, and sees an answer that is cut short, and that it is.",
		post("/echo", "{x*16777216}") + "S: <response> 200\n",
	},
}

func repeated(text string, n int) (all string) {
	for range n {
		all += text
	}
	return all
}

// Tour is the tour's two servers.
type Tour struct {
	Stops []live.Stop

	right  *server.Server
	broken *toy
	both   sync.WaitGroup
}

// Start starts two servers on loopback, which the page watches: spillway with the lab's routes and little patience, and one that
// has every fault.
func Start(page *live.Page) (*Tour, error) {
	t := &Tour{}
	right, broken := page.Watch("spillway"), page.Watch("broken")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Close()
		return nil, err
	}
	t.right = &server.Server{
		Handler: new(lab.Lab).Native(), Trace: right.Trace, TraceIf: right.TraceIf, MaxConns: mostConns,
		Limits: server.Limits{MinReadRate: 240, RateGrace: time.Second, StallTimeout: time.Second, LingerTimeout: 5 * time.Second},
	}
	t.broken = newToy(broken.Listener(other), broken)
	t.both.Go(func() { t.right.Serve(right.Listener(l)) })
	t.both.Go(t.broken.serve)
	at, beside := Target{Addr: l.Addr()}, Target{Addr: other.Addr()}
	for i, s := range stops {
		t.Stops = append(t.Stops, live.Stop{
			Name: s.name, Text: s.text, Ref: s.ref,
			Faulty: beside.play(fmt.Sprintf("faulty-%d", i+1), "A broken server", s.faulty, s.wire, patience),
			Right:  at.play(fmt.Sprintf("right-%d", i+1), "spillway", s.right, s.wire, patience),
		})
	}
	return t, nil
}

// Close ends both servers and all their connections.
func (t *Tour) Close() {
	t.right.Close()
	t.broken.close()
	t.both.Wait()
}
