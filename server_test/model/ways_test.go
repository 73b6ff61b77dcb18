// The model's cases, by how the bytes come.

package model_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

func TestModel(t *testing.T) {
	began := modelRuns.Load()
	t.Run("every", func(t *testing.T) {
		t.Run("case at once", func(t *testing.T) { modelWhole(t, modelCase{}) })
		t.Run("case at once, bare", func(t *testing.T) { modelWhole(t, modelCase{bare: true}) })
		t.Run("case at once, read late", func(t *testing.T) { modelWhole(t, modelCase{lazy: true}) })
		t.Run("case at once, with FIN, read late", func(t *testing.T) { modelWhole(t, modelCase{fin: true, lazy: true}) })
		t.Run("case byte by byte", modelDrip)
		t.Run("split", modelSplit)
		t.Run("split, too late", modelTooLate)
		t.Run("cut", modelCut)
		t.Run("garbled content", modelGarbled)
		t.Run("expectation", modelExpects)
		t.Run("stray read", modelStray)
	})
	t.Logf("%d cases", modelRuns.Load()-began)
}

// modelSample returns what reports whether to leave a case out. Under the race detector, where a case costs ten times as
// much, that is so for five of seven, and always the same ones.
func modelSample() func() bool {
	n := 0
	return func() bool {
		n++
		return sockets.Race && n%7 > 1
	}
}

// modelBudgets are those at which the outcome could change.
func modelBudgets(left int64) []int64 {
	budgets := []int64{0, 1, left - 1, left, left + 1, 1000}
	slices.Sort(budgets)
	budgets = slices.Compact(budgets)
	return slices.DeleteFunc(budgets, func(b int64) bool { return b < 0 })
}

// modelCases yields every framing with every read, budget and client.
func modelCases(yield func(c modelCase) bool) {
	for _, f := range modelFramings {
		for read := range modelReads {
			for _, budget := range modelBudgets(f.left[read]) {
				for _, client := range modelClients {
					if strings.Contains(f.start, "chunked") && client.version == "HTTP/1.0" {
						continue // refused (RFC 9112 §6.1)
					}
					if !yield(modelCase{framing: f, client: client, read: read, budget: budget, handler: modelAnswers, behind: modelBehinds[0]}) {
						return
					}
				}
			}
		}
	}
}

// modelUploads yields every framing of content with every read and the budgets around what is left, for a plain client
// that sends a GET behind it.
func modelUploads(yield func(c modelCase) bool) {
	for c := range modelCases {
		left := c.framing.left[c.read]
		if c.framing.wire() == "" || c.client != modelClients[0] || c.budget != left && c.budget != left-1 {
			continue
		}
		c.behind = modelBehinds[1]
		if !yield(c) {
			return
		}
	}
}

// All that the client sends comes at once.
func modelWhole(t *testing.T, like modelCase) {
	t.Parallel()
	skip := modelSample()
	for c := range modelCases {
		for _, c.handler = range []modelHandler{modelAnswers, modelFlushes, modelEchoes, modelWatches, modelFails, modelPanics} {
			for _, c.behind = range modelBehinds {
				if skip() {
					continue
				}
				c := c
				c.whole()
				c.lazy, c.fin, c.bare = like.lazy, like.fin, like.bare
				c.check(t, c.follows(c.wants()))
			}
		}
	}
}

// Every byte comes by itself.
func modelDrip(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for c := range modelCases {
		for _, c.handler = range []modelHandler{modelAnswers, modelFlushes, modelEchoes, modelWatches} {
			for _, c.behind = range modelBehinds[1:4] {
				if skip() {
					continue
				}
				c := c
				c.byteByByte()
				c.check(t, c.follows(c.wants()))
			}
		}
	}
}

// later is a second, or less than a connection that cannot half-close waits for the rest of what it does not want.
func (c *modelCase) later() time.Duration {
	if c.bare {
		return time.Second / 2
	}
	return time.Second
}

// All bytes from any on come later.
func modelSplit(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for c := range modelUploads {
		for _, c.handler = range []modelHandler{modelAnswers, modelWatches} {
			for i := 1; i < len(c.all()); i++ {
				if skip() {
					continue
				}
				c := c
				c.bare = i%2 == 0
				c.inTwo(i, c.later())
				c.check(t, c.follows(c.wants()))
			}
		}
	}
}

// All bytes from any of the message body on come when the time for draining is over.
func modelTooLate(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for c := range modelUploads {
		for _, c.handler = range []modelHandler{modelAnswers, modelEchoes} {
			for came := range len(c.framing.wire()) {
				if skip() {
					continue
				}
				c := c
				c.inTwo(len(c.head())+came, modelDrain+time.Second)
				want := c.wants()
				if came >= c.framing.needs(c.read) && !want.announced { // else the handler waits, and it has time
					want = modelOutcome{"too slow", c.framing.thrown(came, c.read), false, "linger (leftover too slow)"}
				}
				c.check(t, c.follows(want))
			}
		}
	}
}

// The client closes its side inside the message body. It still gets its answer.
func modelCut(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for c := range modelUploads {
		for _, c.handler = range []modelHandler{modelAnswers, modelEchoes, modelWatches} {
			for came := range len(c.framing.wire()) {
				if skip() {
					continue
				}
				c := c
				c.bare = came%2 == 0
				c.cut(len(c.head()) + came)
				want := c.wants()
				switch {
				case came < c.framing.needs(c.read): // the handler has seen it, perhaps when the head had been sent
					promised := c.handler == modelEchoes && came >= c.framing.needs(1)
					want = modelOutcome{"cut", 0, !promised, "close (leftover cut)"}
				case !want.announced:
					want = modelOutcome{"cut", c.framing.thrown(came, c.read), false, "close (leftover cut)"}
				}
				c.check(t, c.follows(want))
			}
		}
	}
}

// The content breaks its own framing behind 20 bytes, and goes on with a request.
func modelGarbled(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for _, fault := range []string{
		"", "\r\n", "\n", "\r", "\r\n0x1\r\n", "\r\n14\n", "\r\n14\r", "\r\n\r\n", "\r\n-1\r\n\r\n", "\r\n14;\r\n", "\r\n14;a=\x00\r\n",
		"\r\n10000000000000000\r\n", "\r\n00000000000000000\r\n\r\n", "\r\n0\r\n", "\r\n0\r\nA: b\r\n", "\r\n0\r\n ", "\r\n0\r\n\n", "\r\n0\n\n",
	} {
		f := &modelFraming{
			name: "garbled", start: "POST Transfer-Encoding: chunked",
			parts: []string{"14\r\n", modelContent[:20], fault + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"},
		}
		for read := range modelReads {
			for _, handler := range []modelHandler{modelAnswers, modelFlushes, modelEchoes} {
				for _, budget := range []int64{0, 1, 19, 20, 1000} {
					for _, behind := range modelBehinds[:2] {
						if skip() {
							continue
						}
						c := modelCase{framing: f, client: modelClients[0], read: read, budget: budget, handler: handler, behind: behind, bare: budget%2 == 0}
						c.whole()
						c.garbled(t)
						c.byteByByte()
						c.garbled(t)
					}
				}
			}
		}
	}
}

// garbled is one case. Whether the fault is found in time, and how many bytes were thrown away before, depends on the fault
// where the budget is small; nothing else does.
func (c *modelCase) garbled(t *testing.T) {
	r := c.run(t)
	got, err := r.story()
	found := modelReads[c.read] > 20                                  // by the handler
	promised := c.handler == modelEchoes && modelReads[c.read] > 0 || // by a head that was sent when only one byte had been read
		c.handler == modelAnswers && modelReads[c.read] == 20 && c.drips && c.budget > 0 // or when a chunk had been read and the fault had not come
	want := []string{"garbled"}
	switch {
	case found || promised: // what is promised is thrown away whatever the budget
	case c.handler != modelAnswers || c.drips: // nobody has seen the fault
		want = []string{"too long"}
	case c.budget < 1000:
		want = []string{"too long", "garbled"}
	}
	var garbled *body.GarbledError
	switch {
	case err != nil:
	case r.had != modelContent[:min(20, modelReads[c.read])] || errors.As(r.readErr, &garbled) != found:
		err = fmt.Errorf("the handler read %q, %v", r.had, r.readErr)
	case len(got.seen) != 1 || len(got.answers) != 1 || got.closed != "by the server":
		err = errors.New("the connection goes on")
	case got.outcome.announced == promised || !strings.HasPrefix(got.outcome.end, "linger (leftover"):
		err = errors.New("it ends in a wrong way")
	case !slices.Contains(want, got.outcome.leftover):
		err = fmt.Errorf("the leftover is %q", want)
	}
	c.report(t, got, err)
}

// The client expects 100 (Continue). It does not wait for it, or for a second, or for ever.
func modelExpects(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for c := range modelCases {
		if c.client.version == "HTTP/1.0" {
			continue // whose expectations do not count (RFC 9110 §10.1.1)
		}
		for _, c.handler = range []modelHandler{modelAnswers, modelFails, modelPanics} {
			for _, c.behind = range modelBehinds[:2] {
				for _, patience := range []string{"none", "a second", "eternal"} {
					if skip() {
						continue
					}
					c := c
					c.expects, c.bare = true, c.budget%2 == 0
					c.expect(t, patience)
				}
			}
		}
	}
}

func (c *modelCase) expect(t *testing.T, patience string) {
	head, rest := c.head(), c.all()[len(c.head()):]
	if c.framing.wire() == "" {
		patience = "none"
	}
	switch patience {
	case "none":
		c.whole()
	case "a second":
		c.sends(modelPiece{bytes: head}, modelPiece{at: c.later(), bytes: rest})
	case "eternal":
		c.sends(modelPiece{bytes: head}, modelPiece{asked: true, bytes: rest})
	}
	want := c.follows(c.wants())
	switch {
	case patience == "none": // what it expects has been overtaken by what it sent
	case c.read > 0:
		want.asked = 1
	case c.client.closes:
		want = c.follows(modelOutcome{"unasked", 0, true, "linger (client asked)"})
	default:
		want = c.follows(modelOutcome{"unasked", 0, true, "linger (leftover unasked)"})
	}
	c.check(t, want)
}

// A goroutine goes on reading when the handler has returned. How far it comes, nobody knows; but it comes to no byte behind
// the content.
func modelStray(t *testing.T) {
	t.Parallel()
	skip := modelSample()
	for c := range modelUploads {
		for _, c.budget = range []int64{0, 1, 50, 1000} {
			for _, c.behind = range modelBehinds {
				if skip() {
					continue
				}
				c := c
				c.handler, c.read = modelStrays, 0
				c.whole()
				c.stray(t)
				c.byteByByte()
				c.stray(t)
			}
		}
	}
}

func (c *modelCase) stray(t *testing.T) {
	got, err := c.run(t).story()
	want := c.follows(got.outcome)
	switch o := got.outcome; {
	case err != nil:
	case got.String() != want.String():
		err = errors.New("want " + want.String())
	case !o.open() && (o.end != "linger (leftover too long)" || c.budget == 1000 && c.framing.name == "fixed"):
		err = errors.New("the connection could have been kept")
	}
	c.report(t, got, err)
}
