// A connection's story: steps, and how they are kept within bounds, whatever the connection does.

package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live/anatomy"
)

const (
	firstSteps = 32       // steps kept of a story's beginning
	lastSteps  = 32       // and of its end
	mostPieces = 10       // pieces of one step
	keptHead   = 2 << 10  // bytes kept of a head
	keptFirst  = 256      // of another piece's beginning
	keptLast   = 32       // and of its end
	mostHeld   = 64 << 10 // bytes that a story may hold before it keeps only keptLast of each piece

	together = 2 * time.Millisecond  // what comes sooner behind bytes of the same side belongs to the same step
	flowing  = 50 * time.Millisecond // likewise, in the middle of content
)

// story is what a connection has done. It is guarded by the page's mutex.
type story struct {
	row   *row // nil: no event has named it yet
	began time.Time
	conv  *anatomy.Conversation // nil: no bytes are seen
	steps []*step
	next  int // the number of the next step
	held  int // bytes
	in    int64
	out   int64
	over  bool // nothing more is noted
}

// step is one thing that happened.
type step struct {
	N       int     // its number
	Kind    string  // in, out, fin, rst, head, responded, settled, closed, note
	At      float64 // milliseconds since the connection's beginning
	Until   float64 // of the last byte
	Bytes   int64
	Pieces  []piece
	Dropped int    // pieces that are not kept
	Text    string // in words
	Told    string // settled: the event, as traces and transcripts have it
	Section string // of the standard
	Stray   bool   // it tells of bytes that belong to no request
	Grave   bool   // it tells why the connection ends

	version uint64
}

// piece is some bytes of one kind.
type piece struct {
	anatomy.Piece
	first, last []byte // of the piece's bytes; last is what comes at the end and is not in first
}

func newStory(began time.Time) *story { return &story{began: began} }

func (s *story) since(t time.Time) float64 { return float64(t.Sub(s.began).Microseconds()) / 1e3 }

// add appends a step, and drops one from the middle where there are too many.
func (s *story) add(st *step, version uint64) {
	st.N, st.version = s.next, version
	s.next++
	s.steps = append(s.steps, st)
	if len(s.steps) > firstSteps+lastSteps {
		for _, p := range s.steps[firstSteps].Pieces {
			s.held -= len(p.first) + len(p.last)
		}
		s.steps = slices.Delete(s.steps, firstSteps, firstSteps+1)
	}
}

// event adds what an event tells.
func (s *story) event(e server.Event, version uint64) {
	if s.over {
		return
	}
	st := &step{At: s.since(e.Time), Until: s.since(e.Time)}
	switch e.Kind {
	case server.EventAccepted:
		st.Kind, st.Text = "note", "accepted"
	case server.EventHeadParsed:
		st.Kind, st.Text = "head", fmt.Sprintf("request %d: its handler runs: %s %s", e.Exchange, cut(e.Method), cut(e.Target))
	case server.EventResponded:
		st.Kind, st.Text = "responded", fmt.Sprintf("request %d: response %d", e.Exchange, e.Status)
		if e.Refusal != nil {
			st.Text = fmt.Sprintf("refused, %d: %s", e.Status, cut(e.Refusal.Reason))
			st.Section, st.Grave = e.Refusal.Section, true
		}
	case server.EventSettled:
		s.settled(st, e)
	case server.EventClosed:
		st.Kind, st.Text, st.Grave, st.Section = "closed", fmt.Sprintf("closed: %v", e.Reason), e.Reason != server.ReasonClientClosed, e.Reason.Section()
	}
	s.add(st, version)
}

// settled tells what was left over, what became of it, and the verdict.
func (s *story) settled(st *step, e server.Event) {
	st.Kind = "settled"
	_, st.Told, _ = strings.Cut(e.String(), fmt.Sprintf(" exchange %d: ", e.Exchange))
	if !e.Times.HandlerBegun.IsZero() && e.ContentLength != 0 {
		st.Text = fmt.Sprintf("request %d: the handler has read %d bytes; leftover: %v", e.Exchange, e.ContentReceived, e.Leftover)
		if e.Thrown > 0 {
			st.Text += fmt.Sprintf(", %d bytes thrown away", e.Thrown)
		}
		st.Text += fmt.Sprintf("; verdict: %v", e.Verdict)
		st.Stray = e.Leftover != server.LeftoverNothing
	} else {
		st.Text = fmt.Sprintf("request %d: verdict: %v", e.Exchange, e.Verdict)
	}
	if e.Reason != server.ReasonNone {
		st.Text += ": " + e.Reason.Text()
		st.Section, st.Grave = e.Reason.Section(), true
		if s.conv != nil {
			s.conv.Last()
		}
	}
}

// tell adds a step that is no event and has no bytes.
func (s *story) tell(kind, text string, now time.Time, version uint64) {
	s.add(&step{Kind: kind, Text: text, At: s.since(now), Until: s.since(now), Grave: kind == "rst"}, version)
}

// data adds bytes that came in or went out.
func (s *story) data(kind string, now time.Time, b []byte, version uint64) {
	if s.over || s.conv == nil {
		return
	}
	read, count := s.conv.Client, &s.in
	if kind == "out" {
		read, count = s.conv.Server, &s.out
	}
	*count += int64(len(b))
	st := s.goesOn(kind, now)
	if st == nil {
		st = &step{Kind: kind, At: s.since(now)}
		s.add(st, version)
	}
	for _, p := range read(b) {
		s.addPiece(st, p, b[:p.Len])
		b = b[p.Len:]
		st.Bytes += int64(p.Len)
	}
	st.Until, st.version = s.since(now), version
}

// goesOn returns the step to which bytes of this side belong that come now, or nil if they begin another.
func (s *story) goesOn(kind string, now time.Time) *step {
	if len(s.steps) == 0 {
		return nil
	}
	last := s.steps[len(s.steps)-1]
	soon := together
	if n := len(last.Pieces); n > 0 && !last.Pieces[n-1].Ends && last.Pieces[n-1].Kind == anatomy.Content {
		soon = flowing
	}
	if last.Kind != kind || s.since(now)-last.Until > float64(soon)/1e6 {
		return nil
	}
	return last
}

// addPiece adds bytes to a step, within what may be held.
func (s *story) addPiece(st *step, p anatomy.Piece, b []byte) {
	n := len(st.Pieces)
	if n > 0 && st.Dropped == 0 {
		last := &st.Pieces[n-1]
		if p.Error != nil && last.Kind == anatomy.Head && last.Message == p.Message && last.Note == "" {
			last.Kind, last.Error, p.Error = p.Kind, p.Error, nil // the head's beginning came before what is wrong with it
		}
		if last.Kind == p.Kind && last.Message == p.Message && last.Note == "" && !last.Ends && p.Error == nil {
			s.extend(last, p, b)
			return
		}
	}
	if n >= mostPieces {
		st.Dropped++
		return
	}
	st.Pieces = append(st.Pieces, piece{Piece: anatomy.Piece{Kind: p.Kind, Message: p.Message, Error: p.Error}})
	s.extend(&st.Pieces[n], p, b)
}

// extend adds bytes to a piece.
func (s *story) extend(to *piece, p anatomy.Piece, b []byte) {
	to.Len += p.Len
	to.Note, to.Ends = p.Note, p.Ends
	s.held -= len(to.first) + len(to.last)
	most := keptFirst
	switch {
	case s.held > mostHeld:
		most = keptLast
	case p.Kind == anatomy.Head || p.Kind == anatomy.Refused:
		most = keptHead
	}
	if len(to.last) == 0 {
		n := min(len(b), max(0, most-len(to.first)))
		to.first = slices.Clip(append(to.first, b[:n]...))
		b = b[n:]
	}
	to.last = append(to.last, b[max(0, len(b)-keptLast):]...)
	to.last = slices.Clone(to.last[max(0, len(to.last)-keptLast):])
	s.held += len(to.first) + len(to.last)
}
