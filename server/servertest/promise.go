// Whether a listener keeps what spillway promises: the list of promises, and the ground that they are tried on.

package servertest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
)

// TestListener tests whether a spillway server keeps its promises on a listener, for instance one that wraps another, or
// whose connections are a multiplexer's streams. Each promise is a subtest with a server and a listener of its own; those
// that the carrier says nothing can be rested on are skipped. All run in parallel, and take a few seconds.
func TestListener(t *testing.T, c Carrier) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			if p.needsDeadlines && c.NoDeadlines {
				t.Skip("deadlines do not work on it")
			}
			t.Parallel()
			p.try(&ground{t, c})
		})
	}
}

// promises are what a server keeps on every connection.
var promises = []struct {
	name           string
	try            func(*ground)
	needsDeadlines bool
}{
	{"NoBodyByteBecomesARequest", noBodyByteBecomesARequest, false},
	{"PipelinedRequestsAreAnsweredInOrder", pipelinedInOrder, false},
	{"ContentIsIntact", contentIsIntact, false},
	{"ContinueIsSentWhenTheHandlerReads", continueIsSent, false},
	{"EarlyAnswerArrives", earlyAnswerArrives, false},
	{"EarlyAnswerArrivesAtAClientThatWritesFirst", earlyAnswerArrivesLate, false},
	{"RefusalArrives", refusalArrives, false},
	{"ConnectionIsKeptBehindALeftover", keptBehindALeftover, false},
	{"CutResponseLooksCut", cutLooksCut, false},
	{"NothingOfAnExchangeReachesTheNext", nothingReachesTheNext, false},
	{"DroppedUploadIsNoticed", droppedUploadIsNoticed, false},
	{"ContextEndsWhenTheClientGoes", contextEnds, false},
	{"ContextCanBePolled", contextCanBePolled, false},
	{"WatchingTheClientWithholdsNothing", watchingWithholdsNothing, false},
	{"OneClientCostsAnotherNothing", oneClientCostsAnotherNothing, false},
	{"HijackedConnectionIsWhole", hijackedIsWhole, false},
	{"SilentClientIsCut", silentClientIsCut, true},
	{"SilentClientIsCutAtReadHeaderTimeoutAlone", silentClientIsCutAnyway, true},
	{"HalfAHeadIsRefusedInTime", halfAHeadIsRefused, true},
	{"SlowUploadMeetsTheLimit", slowUploadMeetsTheLimit, true},
	{"SlowReaderMeetsTheLimit", slowReaderMeetsTheLimit, true},
	{"ShutdownEndsIdleConnections", shutdownEndsIdle, false},
	{"ShutdownWaitsForAnExchange", shutdownWaits, false},
	{"CloseEndsEverything", closeEndsEverything, false},
}

// ground is one test on one carrier.
type ground struct {
	testing.TB
	over Carrier
}

// start starts a server. Lingering is short, since a client may leave it to the server to end a connection.
func (g *ground) start(h server.HandlerFunc, limits server.Limits) *Server {
	g.Helper()
	limits.LingerIdle = 500 * time.Millisecond
	quiet := func(s *server.Server) { s.Log = slog.New(slog.DiscardHandler) }
	return Start(g, h, Over(g.over), Limits(limits), Configure(quiet))
}

// await returns what comes from a handler.
func await[T any](g *ground, from <-chan T, what string) (v T) {
	g.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		g.Fatalf("servertest: %s", what)
	}
	return v
}

// wantAnswer reads a response and compares it.
func (g *ground) wantAnswer(c *Client, status int, content string) *Response {
	g.Helper()
	res := c.ReadResponse()
	if res.Status != status || string(res.Body) != content {
		c.fail("the response is %d %q, not %d %q", res.Status, res.Body, status, content)
	}
	return res
}

const get = "GET %s HTTP/1.1\r\nHost: example.test\r\n\r\n"
