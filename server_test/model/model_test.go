// The model: every small case of a request with content, run through the real loop. The content spells a request, which no
// handler may ever see; what must happen instead stands in the tables of this file, written by hand.

package model_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// modelContent stands in the first request's content. Whoever takes it for a request is lost.
const modelContent = "GET /smuggled HTTP/1.1\r\nHost: models\r\n\r\n"

// modelReads is how many bytes of the content the first request's handler reads; the last is more than there is, so that
// it reads to the end.
var modelReads = [...]int{0, 1, 20, 39, 40, 41}

// modelFraming is a way to frame the content.
type modelFraming struct {
	name     string
	start    string                 // the method, and the field that frames
	parts    []string               // framing and content in turn
	left     [len(modelReads)]int64 // the bytes of the wire that are left if the handler has read so much
	trailers int                    // bytes of the trailer section, which is taken in one piece
}

var modelFramings = []*modelFraming{
	{name: "no content", start: "GET", parts: []string{""}},
	{name: "content of no bytes", start: "POST Content-Length: 0", parts: []string{""}},
	{
		name: "fixed", start: "POST Content-Length: 40", parts: []string{"", modelContent},
		left: [...]int64{40, 39, 20, 1, 0, 0},
	},
	{
		name: "chunked", start: "POST Transfer-Encoding: chunked", parts: []string{"28\r\n", modelContent, "\r\n0\r\n\r\n"},
		left:     [...]int64{51, 46, 27, 8, 7, 0},
		trailers: 2,
	},
	{
		name: "chunked byte by byte", start: "POST Transfer-Encoding: chunked", parts: modelChunkEach(modelContent),
		left:     [...]int64{245, 241, 127, 13, 7, 0},
		trailers: 2,
	},
	{
		name: "chunked with extensions and trailers", start: "PUT Transfer-Encoding: chunked", parts: []string{
			"14;a=\"GET /smuggled HTTP/1.1\"\r\n", modelContent[:20], "\r\n14 ; b\r\n", modelContent[20:],
			"\r\n0;c\r\nA: GET /smuggled HTTP/1.1\r\n\r\n",
		},
		left:     [...]int64{117, 85, 66, 37, 36, 0},
		trailers: 29,
	},
}

// modelChunkEach makes a chunk of each byte.
func modelChunkEach(content string) []string {
	parts := []string{"1\r\n"}
	for _, c := range strings.Split(content, "") {
		parts = append(parts, c, "\r\n1\r\n")
	}
	parts[len(parts)-1] = "\r\n0\r\n\r\n"
	return parts
}

// wire is the message body.
func (f *modelFraming) wire() string { return strings.Join(f.parts, "") }

// needs is how many bytes of the wire must have come before a handler can have read what it reads.
func (f *modelFraming) needs(read int) int { return len(f.wire()) - int(f.left[read]) }

// thrown is how many bytes of the wire behind those have been thrown away when so many have come.
func (f *modelFraming) thrown(came, read int) int64 {
	return int64(min(came, len(f.wire())-f.trailers) - f.needs(read))
}

// had is how much of the content stands in so many bytes of the wire.
func (f *modelFraming) had(bytes int) (n int) {
	for i, p := range f.parts {
		p = p[:max(0, min(bytes, len(p)))]
		bytes -= len(p)
		n += i % 2 * len(p)
	}
	return n
}

// The numbers of the table, counted.
func TestModelFramings(t *testing.T) {
	for _, f := range modelFramings[2:] {
		for i, read := range modelReads {
			at := 0 // where the handler stands
			for f.had(at) < read && at < len(f.wire()) {
				at++
			}
			if left := int64(len(f.wire()) - at); f.left[i] != left {
				t.Errorf("%s, %d read: left %d, not %d", f.name, read, left, f.left[i])
			}
		}
	}
}

// modelClient is what the first request says of the connection.
type modelClient struct {
	name, version, connection string
	closes                    bool // no other request may follow
}

var modelClients = []*modelClient{
	{name: "1.1", version: "HTTP/1.1"},
	{name: "1.1 close", version: "HTTP/1.1", connection: "Connection: close\r\n", closes: true},
	{name: "1.0", version: "HTTP/1.0", closes: true},
	{name: "1.0 keep-alive", version: "HTTP/1.0", connection: "Connection: keep-alive\r\n"},
}

// modelHandler is what the first request's handler does beside reading.
type modelHandler string

const (
	modelAnswers modelHandler = "answers"
	modelFlushes modelHandler = "sends the head of its response before it reads"
	modelEchoes  modelHandler = "sends the head of its response when it has read a byte"
	modelWatches modelHandler = "wants to know when the client has gone" // so that the server reads ahead
	modelFails   modelHandler = "returns an error"
	modelPanics  modelHandler = "panics"
	modelStrays  modelHandler = "returns at once and leaves a goroutine that reads"
)

// modelBehind is what the client sends behind the first request, and what the handlers see of it.
type modelBehind struct {
	name, wire string
	seen       []string
	closes     bool
	dripped    []string // what is seen where each byte comes by itself and that is less, because a response closes; nil: no less
}

var modelBehinds = []*modelBehind{
	{name: "nothing"},
	{name: "a GET", wire: "GET /second HTTP/1.1\r\nHost: a\r\n\r\n", seen: []string{"GET /second"}},
	{
		name: "a POST that is read", wire: "POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + modelContent +
			"GET /third HTTP/1.1\r\nHost: a\r\n\r\n",
		seen: []string{"POST /second", "GET /third"},
	},
	{
		name: "a POST that is not", wire: "POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n" + modelContent +
			"\r\n0\r\n\r\nGET /third HTTP/1.1\r\nHost: a\r\n\r\n",
		seen: []string{"POST /unread", "GET /third"}, dripped: []string{"POST /unread"},
	},
	{
		name: "a GET that closes", wire: "GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /third HTTP/1.1\r\nHost: a\r\n\r\n",
		seen: []string{"GET /second"}, closes: true,
	},
}

// modelCase is one run.
type modelCase struct {
	framing *modelFraming
	client  *modelClient
	expects bool
	read    int   // index of modelReads
	budget  int64 // for what is left; its time is modelDrain
	handler modelHandler
	behind  *modelBehind
	pieces  []modelPiece
	content int  // how much of the content the pieces hold
	drips   bool // each piece is one byte
	fin     bool // the client closes its side behind the last piece
	lazy    bool // the client reads only when it has sent everything and waited
	bare    bool // the server's end has the methods of net.Conn alone, so that it cannot half-close
}

// modelPiece is bytes that the client sends at a time, or as soon as it is asked for them by a 100 (Continue).
type modelPiece struct {
	at    time.Duration
	asked bool
	bytes string
}

// The times that a case can meet, and those that none does.
const (
	modelDrain  = 5 * time.Second
	modelQuiet  = 15 * time.Second // how long the client waits behind the last piece
	modelLinger = 30 * time.Second
	modelIdle   = time.Minute
)

func (c *modelCase) String() string {
	s := fmt.Sprintf("%s, %s, the handler reads %d and %s, budget %d of %d, behind it %s", c.framing.name, c.client.name,
		modelReads[c.read], c.handler, c.budget, c.framing.left[c.read], c.behind.name)
	for _, p := range c.pieces[:min(len(c.pieces), 3)] {
		s += fmt.Sprintf(", at %v %q", p.at, p.bytes)
	}
	if c.fin {
		s += ", FIN"
	}
	if c.bare {
		s += ", on a bare connection"
	}
	return s
}

// head is the first request's head.
func (c *modelCase) head() string {
	method, fields, _ := strings.Cut(c.framing.start, " ")
	if fields != "" {
		fields += "\r\n"
	}
	if c.expects {
		fields += "Expect: 100-continue\r\n"
	}
	return method + " /first " + c.client.version + "\r\nHost: a\r\n" + c.client.connection + fields + "\r\n"
}

// first is the first request as the handlers see it.
func (c *modelCase) first() string {
	method, _, _ := strings.Cut(c.framing.start, " ")
	return method + " /first"
}

// all is what the client sends.
func (c *modelCase) all() string { return c.head() + c.framing.wire() + c.behind.wire }

// sends makes these the pieces that the client sends.
func (c *modelCase) sends(pieces ...modelPiece) {
	sent := 0
	for _, p := range pieces {
		sent += len(p.bytes)
	}
	c.pieces, c.content = pieces, c.framing.had(sent-len(c.head()))
}

// whole sends everything at once.
func (c *modelCase) whole() { c.sends(modelPiece{bytes: c.all()}) }

// byteByByte sends a byte in each millisecond.
func (c *modelCase) byteByByte() {
	pieces := []modelPiece{}
	for i, b := range strings.Split(c.all(), "") {
		pieces = append(pieces, modelPiece{at: time.Duration(i) * time.Millisecond, bytes: b})
	}
	c.sends(pieces...)
	c.drips = true
}

// inTwo sends so many bytes at once, and the rest later.
func (c *modelCase) inTwo(n int, later time.Duration) {
	c.sends(modelPiece{bytes: c.all()[:n]}, modelPiece{at: later, bytes: c.all()[n:]})
}

// cut sends so many bytes, and a FIN.
func (c *modelCase) cut(n int) {
	c.sends(modelPiece{bytes: c.all()[:n]})
	c.fin = true
}

// sentBy returns when so many bytes have been sent, or all that ever are.
func (c *modelCase) sentBy(n int) time.Duration {
	for _, p := range c.pieces {
		if n -= len(p.bytes); n <= 0 {
			return p.at
		}
	}
	return c.pieces[len(c.pieces)-1].at
}

// modelOutcome is what becomes of the first request's leftover, and then of the connection.
type modelOutcome struct {
	leftover  string
	thrown    int64 // bytes of the wire; -1 where it depends on how they came
	announced bool  // the response says Connection: close
	end       string
}

// open reports whether the connection goes on.
func (o *modelOutcome) open() bool { return o.end == "reuse" }

// flushesFirst reports whether the head of the response is sent before any content is read.
func (c *modelCase) flushesFirst() bool {
	return c.handler == modelFlushes || c.handler == modelEchoes && modelReads[c.read] == 0
}

// came is how many bytes of the message body have come when the first n of them have.
func (c *modelCase) came(n int) int {
	by, came := c.sentBy(len(c.head())+n), 0
	for _, p := range c.pieces {
		if p.at <= by {
			came += len(p.bytes)
		}
	}
	return min(came-len(c.head()), len(c.framing.wire()))
}

// lastMayCome reports whether the handler has read a chunk to its end, and the header of another has not come behind it: then
// the last chunk is taken for what comes next.
func (c *modelCase) lastMayCome() bool {
	wire, needs := c.framing.wire(), c.framing.needs(c.read)
	for at := 0; at < needs; {
		header, _, _ := strings.Cut(wire[at:], "\r\n")
		size, _ := strconv.ParseInt(strings.TrimRight(strings.Split(header, ";")[0], " "), 16, 0)
		if at += len(header) + len("\r\n") + int(size); at == needs {
			behind, _, _ := strings.Cut(wire[at+len("\r\n"):], "\r\n")
			return strings.HasPrefix(behind, "0") || c.came(needs) < at+len("\r\n")+len(behind)+len("\r\n")
		}
		at += len("\r\n")
	}
	return false
}

// wants is the oracle for bytes that come in time: the first row that fits says what must happen.
func (c *modelCase) wants() modelOutcome {
	left, whole := c.framing.left[c.read], int64(len(c.framing.wire()))
	chunked := strings.HasSuffix(c.framing.start, "chunked")
	streams := c.handler == modelFlushes || c.handler == modelEchoes // the head of the response is sent before its end
	unframed := streams && c.client.version == "HTTP/1.0"            // only the end of the connection ends the response
	// The head of the response tells what is known then. Of chunks it is known only when their end has come; what has come
	// is thrown away before that, if the handler has returned.
	ended := c.came(c.framing.needs(c.read)) == int(whole)
	skimmed := chunked && !streams && left > 0
	foreseen := left > c.budget && !streams || skimmed && !ended
	if skimmed && !ended && !c.client.closes && c.budget > 0 && c.lastMayCome() {
		foreseen = false
	}
	switch {
	case !c.flushesFirst(): // a handler that has begun to read may read all
	case chunked:
		foreseen = whole > c.budget || c.came(0) < int(whole)
	default:
		foreseen = whole > c.budget
	}
	for _, row := range []struct {
		when bool
		modelOutcome
	}{
		{c.client.closes && left == 0, modelOutcome{"nothing", 0, true, "linger (client asked)"}},
		{c.client.closes && skimmed && !foreseen, modelOutcome{"drained", left, true, "linger (client asked)"}},
		{c.client.closes && skimmed, modelOutcome{"too long", -1, true, "linger (client asked)"}},
		{c.client.closes, modelOutcome{"too long", 0, true, "linger (client asked)"}},
		{unframed && left == 0, modelOutcome{"nothing", 0, true, "linger (unframed)"}},
		{unframed, modelOutcome{"too long", 0, true, "linger (unframed)"}},
		{foreseen && left == 0, modelOutcome{"nothing", 0, true, "linger (leftover too long)"}}, // it is bound by its word
		{left == 0, modelOutcome{"nothing", 0, false, "reuse"}},
		{foreseen && skimmed, modelOutcome{"too long", -1, true, "linger (leftover too long)"}},
		{foreseen, modelOutcome{"too long", 0, true, "linger (leftover too long)"}},
		{true, modelOutcome{"drained", left, false, "reuse"}}, // it is bound by its word here too, whatever the budget
	} {
		if row.when {
			return row.modelOutcome
		}
	}
	panic("no row")
}

// follows is what must happen when the first request has the outcome.
func (c *modelCase) follows(o modelOutcome) modelStory {
	s := modelStory{seen: []string{c.first()}, answers: []string{"200 " + c.first()}, outcome: o, closed: "by the server"}
	if c.handler == modelFails || c.handler == modelPanics {
		s.answers = []string{"500 Internal Server Error"}
	}
	s.at = c.sentBy(len(c.head()) + c.framing.needs(c.read)) // the response does not wait for what is left
	switch {
	case c.lazy:
		s.at = c.sentBy(len(c.all())) + modelQuiet
	case c.flushesFirst():
		s.at = c.sentBy(len(c.head()))
	case c.handler == modelEchoes && c.framing.wire() != "":
		s.at = c.sentBy(len(c.head()) + c.framing.needs(1))
	}
	if !o.open() {
		return s
	}
	seen, closes := c.behind.seen, c.behind.closes
	if c.drips && c.behind.dripped != nil {
		seen, closes = c.behind.dripped, true
	}
	for _, request := range seen {
		s.seen, s.answers = append(s.seen, request), append(s.answers, "200 "+request)
	}
	switch {
	case closes:
	case c.fin:
		s.closed = "by the client"
	default:
		s.closed = "not at all"
	}
	return s
}
