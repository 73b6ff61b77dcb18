// The record: what was sent and received, when, and how each direction ended.

package dialogue

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Side is who did something.
type Side uint8

// The sides.
const (
	Client Side = iota
	Server
)

// String returns the letter with which the notation begins a side's lines.
func (s Side) String() string { return string("CS"[s]) }

// Kind is what was done.
type Kind uint8

// The kinds of events.
const (
	Data   Kind = iota // bytes
	End                // an end of stream: FIN
	Reset              // the connection was reset; From says who did it
	Remark             // what the client did that the wire does not show
)

// Event is one step of a dialogue.
type Event struct {
	At     time.Duration // since the connection was opened
	Until  time.Duration // Data: when the last byte of it was sent or received
	From   Side
	Kind   Kind
	Offset int64  // Data: where the first byte stands in what From has sent
	Bytes  int64  // Data: how many
	First  []byte // Data: the first of them, at most Kept
	Text   string // Remark, Reset: in words
}

const (
	Kept       = 1024 // bytes that an Event keeps
	mostEvents = 400  // events that a Record keeps; the last ones are merged beyond that
)

// Record is a dialogue. All methods may be called concurrently.
type Record struct {
	began time.Time

	mu     sync.Mutex
	events []Event
	count  [2]int64 // bytes sent by each side
}

// Events returns a copy of what has happened so far.
func (r *Record) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Bytes returns how many bytes a side has sent.
func (r *Record) Bytes(from Side) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count[from]
}

// Remark notes something that the wire does not show.
func (r *Record) Remark(format string, args ...any) {
	r.add(Event{From: Client, Kind: Remark, Text: fmt.Sprintf(format, args...)})
}

// data notes bytes. Those that follow others of the same side at once belong to the same event.
func (r *Record) data(from Side, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.began)
	offset := r.count[from]
	r.count[from] += int64(len(p))
	if n := len(r.events); n > 0 {
		last := &r.events[n-1]
		if last.Kind == Data && last.From == from && (n >= mostEvents || now-last.Until < together(last)) {
			last.First = append(last.First, p[:min(len(p), Kept-len(last.First))]...)
			last.Bytes += int64(len(p))
			last.Until = now
			return
		}
	}
	r.append(Event{From: from, Offset: offset, Bytes: int64(len(p)), First: bytes.Clone(p[:min(len(p), Kept)])}, now)
}

// unsay takes back the last n bytes of what the client was about to send.
func (r *Record) unsay(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[Client] -= int64(n)
	for i := len(r.events) - 1; i >= 0; i-- {
		if e := &r.events[i]; e.From == Client && e.Kind == Data {
			e.Bytes -= int64(n)
			e.First = e.First[:min(int64(len(e.First)), e.Bytes)]
			if e.Bytes == 0 {
				r.events = slices.Delete(r.events, i, i+1)
			}
			return
		}
	}
}

// together is how soon behind an event's last byte another belongs to the same event.
func together(e *Event) time.Duration {
	if e.Bytes >= Kept {
		return 50 * time.Millisecond
	}
	return 2 * time.Millisecond
}

func (r *Record) add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.append(e, time.Since(r.began))
}

// append adds an event that happened now. r.mu is held.
func (r *Record) append(e Event, now time.Duration) {
	e.At, e.Until = now, now
	if len(r.events) < mostEvents+8 { // a few more for the end
		r.events = append(r.events, e)
	}
}

// TimeOf returns when the byte at an offset of what a side has sent went over the wire.
func (r *Record) TimeOf(from Side, offset int64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var at time.Duration
	for _, e := range r.events {
		if e.From == from && e.Kind == Data && e.Offset <= offset {
			at = e.At
		}
	}
	return at
}

// String returns the dialogue in the notation, each step with its time in seconds.
func (r *Record) String() string {
	var b strings.Builder
	for _, e := range r.Events() {
		at := fmt.Sprintf("%8.3f", e.At.Seconds())
		for _, line := range e.Lines() {
			fmt.Fprintf(&b, "%s %s\n", at, line)
			at = "        "
		}
	}
	return b.String()
}

// Lines returns the event in the notation.
func (e Event) Lines() []string {
	side := e.From.String() + ": "
	switch e.Kind {
	case End:
		return []string{side + "<FIN>"}
	case Reset:
		return []string{strings.TrimRight(side+"<RST> "+e.Text, " ")}
	case Remark:
		return []string{"# " + e.Text}
	}
	var all []string
	for _, text := range Encode(e.First) {
		all = append(all, strings.TrimRight(side+text, " "))
	}
	if more := e.Bytes - int64(len(e.First)); more > 0 {
		all = append(all, fmt.Sprintf("# … and %d bytes more", more))
	}
	return all
}
