// What one seed of the fault test draws: the requests, what their handlers do, and how the client behaves.

package faults_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// faultPlan is the dialogue of one connection.
type faultPlan struct {
	seed     uint64
	faults   servertest.Faults
	link     servertest.Link
	bare     bool // the server's end has the methods of net.Conn alone
	patient  bool // no limit of the server is shorter than what the faults can cost
	limits   server.Limits
	requests []*faultRequest

	pipelines bool // the client waits for no response before it sends on
	lazy      bool // it reads when it has sent everything
	piece     int  // bytes that it sends at a time
	leaves    faultLeaving
	at        int  // how many bytes it sends before it leaves
	shutdown  bool // the server is shut down while the dialogue goes on
}

// faultLeaving is how a client leaves before its time.
type faultLeaving string

const (
	faultStays      faultLeaving = "stays"
	faultCloses     faultLeaving = "closes"
	faultHalfCloses faultLeaving = "half-closes"
	faultResets     faultLeaving = "resets"
	faultStalls     faultLeaving = "stalls"
)

// faultRequest is one request, and what its handler does.
type faultRequest struct {
	number  int
	method  string
	framing string // none, fixed, chunked
	content string
	expects bool // 100 (Continue)
	closes  bool

	reads   int // bytes of content that the handler reads; -1: to the end
	answer  faultAnswer
	size    int           // bytes of the response's content, where it is not an echo
	thinks  time.Duration // before it answers
	hurries time.Duration // a deadline that it sets for its reads and writes; 0: none
	watches bool          // it watches the client while it thinks
}

// faultAnswer is how a handler answers.
type faultAnswer string

const (
	faultWrites     faultAnswer = "writes"
	faultDeclares   faultAnswer = "writes what it declared"
	faultFlushes    faultAnswer = "flushes before it reads"
	faultEchoes     faultAnswer = "sends the content back"
	faultPanics     faultAnswer = "panics"
	faultFails      faultAnswer = "fails"
	faultPanicsLate faultAnswer = "panics behind its head"
	faultFailsLate  faultAnswer = "fails behind its head"
)

// before reports whether the handler gives up before anything of its response is sent, and late whether behind the head.
func (a faultAnswer) before() bool { return a == faultPanics || a == faultFails }
func (a faultAnswer) late() bool   { return a == faultPanicsLate || a == faultFailsLate }

// chance returns true once in n times, and pick one of several.
func chance(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// newFaultPlan draws a plan.
func newFaultPlan(seed uint64) *faultPlan {
	rng := rand.New(rand.NewPCG(seed, 2))
	p := &faultPlan{
		seed: seed, faults: servertest.RandomFaults(seed), bare: chance(rng, 2), patient: !chance(rng, 4),
		pipelines: chance(rng, 2), piece: pick(rng, 1<<20, 1<<20, 1000, 100, 1+rng.IntN(20)), leaves: faultStays,
		shutdown: chance(rng, 8),
	}
	// The server holds a sync.Mutex while it writes, and another of its goroutines may wait for that: a write must not need
	// time, which would stand still in the bubble then.
	p.faults.StalledWrite = 0
	switch rng.IntN(3) {
	case 0:
		p.link = servertest.Link{Delay: time.Duration(1 + rng.Int64N(int64(50*time.Millisecond))), Buffer: 1 << 20}
	case 1:
		p.link.Buffer = 1 + rng.IntN(4000)
	}
	if p.patient {
		const long = 24 * time.Hour
		p.limits = server.Limits{
			ReadHeaderTimeout: long, IdleTimeout: long, DrainTimeout: long, MinReadRate: -1, MinWriteRate: -1,
			LingerTimeout: 2 * time.Hour, LingerIdle: time.Hour,
		}
	}
	if chance(rng, 3) {
		p.limits.DrainBytes = 1 + rng.Int64N(200)
	}
	total := 0
	for i := range 1 + rng.IntN(5) {
		p.requests = append(p.requests, newFaultRequest(rng, i))
		total += len(p.requests[i].wire())
	}
	p.lazy = (p.link.Buffer == 0 || p.link.Delay > 0) && total < 20_000 && p.pipelines && chance(rng, 3)
	if chance(rng, 4) {
		p.leaves, p.at = pick(rng, faultCloses, faultHalfCloses, faultResets, faultStalls), rng.IntN(total+1)
	}
	return p
}

func newFaultRequest(rng *rand.Rand, number int) *faultRequest {
	q := &faultRequest{number: number, method: pick(rng, "POST", "POST", "PUT", "GET"), framing: pick(rng, "none", "fixed", "chunked")}
	if q.framing == "none" {
		q.method = pick(rng, "GET", "GET", "HEAD", "DELETE")
	} else {
		size := pick(rng, rng.IntN(20), rng.IntN(500), rng.IntN(5000))
		if chance(rng, 20) {
			size = rng.IntN(100_000)
		}
		spells := fmt.Sprintf("GET /hidden?%d HTTP/1.1\r\nHost: a\r\n\r\n", number)
		q.content = strings.Repeat(spells, size/len(spells)+1)[:size]
	}
	q.expects = q.content != "" && chance(rng, 6)
	q.closes = chance(rng, 12)
	q.reads = pick(rng, -1, -1, 0, rng.IntN(len(q.content)+1))
	q.answer = pick(rng, faultWrites, faultWrites, faultDeclares, faultFlushes, faultEchoes, faultEchoes)
	if chance(rng, 6) {
		q.answer = pick(rng, faultPanics, faultFails, faultPanicsLate, faultFailsLate)
	}
	if q.answer == faultEchoes {
		q.reads = -1
	}
	q.size = pick(rng, rng.IntN(30), rng.IntN(3000), rng.IntN(10_000))
	if chance(rng, 3) {
		q.thinks = time.Duration(rng.Int64N(int64(time.Second)))
	}
	if chance(rng, 10) {
		q.hurries = time.Duration(1 + rng.Int64N(int64(2*time.Second)))
	}
	q.watches = chance(rng, 5)
	return q
}

// head is the request's head.
func (q *faultRequest) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s /%d HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\n", q.method, q.number, q.number)
	if q.closes {
		b.WriteString("Connection: close\r\n")
	}
	if q.expects {
		b.WriteString("Expect: 100-continue\r\n")
	}
	switch q.framing {
	case "fixed":
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(q.content))
	case "chunked":
		b.WriteString("Transfer-Encoding: chunked\r\n")
	}
	return b.String() + "\r\n"
}

// body is the request's message body. Chunks have sizes that depend on where they begin only.
func (q *faultRequest) body() string {
	if q.framing != "chunked" {
		return q.content
	}
	var b strings.Builder
	for rest := q.content; rest != ""; {
		n := min(len(rest), 1+len(rest)*7%1500)
		fmt.Fprintf(&b, "%x;a=b\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	return b.String() + "0\r\nA: b\r\n\r\n"
}

func (q *faultRequest) wire() string { return q.head() + q.body() }

// unread reports whether the handler does not read the message body to its end before the response's head is sent: then
// the head may say that the connection ends.
func (q *faultRequest) unread() bool {
	return q.framing != "none" && (q.reads >= 0 || q.answer == faultFlushes || q.answer == faultEchoes || q.answer.before() || q.answer.late())
}

// response is the content of the whole response.
func (q *faultRequest) response() string {
	switch q.answer {
	case faultEchoes:
		return q.content
	case faultPanics, faultFails:
		return "Internal Server Error\n"
	}
	of := fmt.Sprintf("response %d, ", q.number)
	return strings.Repeat(of, q.size/len(of)+1)[:q.size]
}

// String tells the plan in a few lines.
func (p *faultPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: link %+v, bare %t, patient %t, drains %d, pipelines %t, lazy %t, pieces of %d, %s at %d, shutdown %t\n",
		p.seed, p.link, p.bare, p.patient, p.limits.DrainBytes, p.pipelines, p.lazy, p.piece, p.leaves, p.at, p.shutdown)
	for _, q := range p.requests {
		fmt.Fprintf(&b, "  %d: %s, %s content of %d; expects %t, closes %t; the handler reads %d, %s %d, thinks %v, hurries %v, watches %t\n",
			q.number, q.method, q.framing, len(q.content), q.expects, q.closes, q.reads, q.answer, q.size, q.thinks, q.hurries, q.watches)
	}
	fmt.Fprintf(&b, "  faults %+v\n", p.faults)
	return b.String()
}
