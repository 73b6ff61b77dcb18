// Package probe sends a catalogue of scenarios to an HTTP/1.1 server and says how the server keeps its connections.
//
// A [Scenario] is data: what the client does, in the notation of package dialogue, and which oracle judges what came of
// it. Each group of them has a file whose name begins with group. To add one, write it there.
package probe

import (
	"fmt"
	"slices"
	"time"
)

// Scenario is one thing to try.
type Scenario struct {
	ID    string // a name for ever: once published it stays, whatever becomes of the others
	Group string // set from the group that lists it
	Name  string // a few words
	Level Level  // what the standard makes of it; set from the group where it is empty
	Why   string // why it matters, in a sentence
	Ref   string // the section of the standard

	// Content is what $content, $size, $hex and $chunked stand for, as one line of notation.
	Content string

	// Wire is the dialogue. C: lines are sent, together where they stand together; "C: <FIN>" and "C: <RST>" end the
	// connection; "~ 100ms" waits. "S: <response>" waits for the answer to the next request, and may be followed by what
	// its status and content must begin with; "S: <interim>" waits for an interim response or the answer; "S: <early>" takes
	// an answer that comes before the request's end, if it comes soon. A client that has been told that the connection
	// ends, or sees it, sends no more after an S: line.
	//
	// $host, $get and $post stand for where the server is; $hidden for a target that only a request hidden in content
	// has, and $smuggled for that request, which is called $behind where it stands behind malformed content; $chunked is
	// $content in the chunked coding, in chunks of 1 KiB and with the last one; $hex is its size as a chunk has it.
	Wire string

	// Ask is the target that Alive asks for on another connection, $get if it is empty; Want is what the answer's status
	// and content must begin with, anything if it is empty, and Never what they must not begin with.
	Ask, Want, Never string

	Oracle Oracle
	Waits  bool          // Framing: the server may wait for more
	Not    []int         // Keep: statuses that no answer may have; Alike: that the second may not have where the first has another
	Each   time.Duration // the client sends byte by byte, one in this time
	Late   bool          // the client reads nothing before the first S: line
	Within time.Duration // how long an S: line, or the end, may take; 0: the probe's patience
	Lab    bool          // it needs the routes of spillway serve
	Slow   bool          // it takes long by its nature

	many bool   // set from the group: it is one of many, and listed only if it is not as it should be
	kind string // with others of the same kind, it is one of many
}

// Oracle says what a server should have done.
type Oracle uint8

// The oracles.
const (
	Keep      Oracle = iota // every request is valid: all are answered, in order, on the connection
	Once                    // the first request is the last: one answer, then the end
	Refuse                  // the head is invalid: it is refused
	Drop                    // a line of the head is invalid: the head is refused, or read as if the line were not there
	Framing                 // the framing is invalid: whatever the answer, the connection ends behind it
	Ambiguous               // the framing can be read in two ways: whatever the answer, the connection ends behind it
	Conflict                // as Ambiguous, and the request must not be answered as if it were valid
	Either                  // the request may be refused; else it can be read in one way only
	Alike                   // as Either for the second request, which else is answered as the first one was
	Ends                    // the client stops inside a request: the server lets go of the connection
	Said                    // as Keep, and the client has ended its direction: the server may close instead of answering
	Alive                   // the client destroys the connection: the server answers on another one
	Limit                   // too much: it is refused, and the client can read that
	Bounded                 // nobody wants the content, and it is too much to be thrown away: the connection ends behind the answer
	Early                   // as Bounded, if the answer came before most of the content
	Small                   // nobody wants the content, and it is little: all requests are answered on the connection
	Old                     // as Once for an HTTP/1.0 client, which also gets nothing that it cannot read
)

// group is a named list of scenarios.
type group struct {
	name      string
	many      bool  // only what is not as it should be is listed
	level     Level // of scenarios that say nothing else
	scenarios []Scenario
}

// groups is the catalogue, in the order of the report.
var groups = []group{
	{name: "leftover content", level: Must, scenarios: leftovers},
	{name: "early answers to uploads", level: Should, scenarios: uploads},
	{name: "expect: 100-continue", level: Must, scenarios: expects},
	{name: "pipelining", level: Must, scenarios: pipelining},
	{name: "persistence", level: Must, scenarios: persistence},
	{name: "in pieces", level: Must, scenarios: pieces},
	{name: "odd requests", level: Must, scenarios: odd},
	{name: "ambiguous framing", level: Must, scenarios: ambiguous},
	{name: "malformed chunks", level: Should, scenarios: chunks},
	{name: "malformed heads", level: Must, scenarios: heads},
	{name: "lengths, many", many: true, level: Must, scenarios: lengths()},
	{name: "codings, many", many: true, level: Must, scenarios: codings()},
	{name: "chunk sizes, many", many: true, level: Must, scenarios: chunkSizes()},
	{name: "chunk ends, many", many: true, level: Must, scenarios: chunkEnds()},
	{name: "head ends, many", many: true, level: Must, scenarios: headEnds()},
	{name: "fields in trailer sections, many", many: true, level: Must, scenarios: trailerFields()},
	{name: "content for every method, many", many: true, level: Must, scenarios: contentEverywhere()},
	{name: "bytes around framing fields, many", many: true, level: Must, scenarios: bytesAround()},
	{name: "ends", level: Should, scenarios: ends},
	{name: "limits", level: Policy, scenarios: limits},
	{name: "slow clients", level: Policy, scenarios: slow},
	{name: "the lab's routes", level: Must, scenarios: labRoutes},
}

// Catalogue returns the scenarios that need no more than what is there.
func Catalogue(lab, slow bool) []Scenario {
	var all []Scenario
	for _, g := range groups {
		for _, s := range g.scenarios {
			if s.Lab && !lab || s.Slow && !slow {
				continue
			}
			s.Group, s.many = g.name, g.many
			if s.Level == "" {
				s.Level = g.level
			}
			all = append(all, s)
		}
	}
	return all
}

// check finds what is wrong with the catalogue itself.
func check(all []Scenario) error {
	seen := map[string]bool{}
	for _, s := range all {
		if s.ID == "" || s.Name == "" || s.Why == "" || s.Ref == "" || seen[s.ID] || seen[s.Group+": "+s.Name] {
			return fmt.Errorf("scenario %q, %q of %q, lacks an ID or a name of its own, a reason or a reference", s.ID, s.Name, s.Group)
		}
		if !slices.Contains(levels, s.Level) {
			return fmt.Errorf("scenario %q has the level %q", s.ID, s.Level)
		}
		seen[s.ID], seen[s.Group+": "+s.Name] = true, true
	}
	return nil
}

// next is the request that shows whether the connection can still be used.
const next = `
C: GET $get HTTP/1.1
C: Host: $host
C:
S: <response>`

// post is the head of a request whose content has a declared length.
const post = `
C: POST $post HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:`

// postChunked is the head of a request whose content is chunked.
const postChunked = `
C: POST $post HTTP/1.1
C: Host: $host
C: Transfer-Encoding: chunked
C:`

// answer waits for a response.
const answer = `
S: <response>`

// whole sends the content with its declared length, waits for the answer, and tries the connection.
const whole = post + `
C: $content\` + answer + next

// wholeChunked does the same in the chunked coding.
const wholeChunked = postChunked + `
C: $chunked\` + answer + next
