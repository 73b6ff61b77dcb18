// A dialogue as a value: what the client sends and what it waits for, read from the notation of package dialogue.

package replay

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server/live/anatomy"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// Script is a dialogue that can be played. All that the server sends in it is what it once sent: of that, only how many responses
// there were, and with which status, is wanted again.
type Script struct {
	steps []step
	bytes int // that are sent
}

type step struct {
	kind    stepKind
	data    []byte        // send; await: what the server once sent
	wait    time.Duration // pause
	methods []string      // send: of the requests that begin in it
	want    []int         // await: the statuses of the responses, 0 for any
}

type stepKind uint8

const (
	send stepKind = iota
	halfClose
	abort
	await
	awaitEnd
	pause
)

const (
	mostBytes = 64 << 20              // that a script may send
	mostLines = 1 << 20               // of a script
	mostPause = time.Minute           // one pause
	shortest  = 20 * time.Millisecond // a pause that only the times in front of lines tell of
)

var (
	clock   = regexp.MustCompile(`^ *(\d+\.\d{1,6}) (C:|S:|#|!|~)`)
	section = regexp.MustCompile(`^-- (\S+) --$`)
)

// Parse reads a dialogue: C: and S: lines, ~ and a duration for time that passes, # and ! for remarks, and in front of each the time
// in seconds, perhaps. Of a file with sections, as transcripts have, the one that is called wire counts. "S: <response>" and a
// status, perhaps, stand for any such response.
func Parse(text string) (*Script, error) {
	s := &Script{}
	last := -1.0
	inWire, sectioned := false, strings.Contains("\n"+text, "\n-- wire --")
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if n++; n > mostLines {
			return nil, fmt.Errorf("more than %d lines", mostLines)
		}
		if m := section.FindStringSubmatch(line); m != nil && sectioned {
			inWire = m[1] == "wire"
			continue
		}
		if sectioned && !inWire {
			continue
		}
		if m := clock.FindStringSubmatch(line); m != nil {
			now, _ := strconv.ParseFloat(m[1], 64)
			if passed := time.Duration((now - last) * float64(time.Second)); last >= 0 && passed >= shortest && m[2] == "C:" {
				s.pause(min(passed, mostPause))
			}
			last, line = now, line[len(m[0])-len(m[2]):]
		}
		if err := s.add(strings.TrimLeft(line, " \t")); err != nil {
			return nil, fmt.Errorf("line %d, %.60q: %w", n, line, err)
		}
	}
	if s.bytes == 0 {
		return nil, fmt.Errorf("no line begins with C:, so the client sends nothing")
	}
	s.finish()
	return s, nil
}

func (s *Script) pause(d time.Duration) { s.steps = append(s.steps, step{kind: pause, wait: d}) }

func (s *Script) add(line string) error {
	side, text, _ := strings.Cut(line, " ")
	switch {
	case line == "" || side[0] == '#' || side[0] == '!':
		return nil
	case side == "~":
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > mostPause {
			return fmt.Errorf("no duration up to %v", mostPause)
		}
		s.pause(d)
		return nil
	case side != "C:" && side != "S:":
		return fmt.Errorf("none of C:, S:, ~, # and ! stands in front")
	case strings.HasPrefix(text, "<RST>") && side == "C:":
		s.steps = append(s.steps, step{kind: abort})
		return nil
	case text == "<FIN>" && side == "C:":
		s.steps = append(s.steps, step{kind: halfClose})
		return nil
	case side == "S:" && (text == "<FIN>" || strings.HasPrefix(text, "<RST>")):
		s.steps = append(s.steps, step{kind: awaitEnd})
		return nil
	case side == "S:" && strings.HasPrefix(text, "<response>"):
		status, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(text, "<response>")))
		s.steps = append(s.steps, step{kind: await, want: []int{status}})
		return nil
	}
	return s.addBytes(side, text)
}

// addBytes adds a line of what a side sends. Lines that stand together go together.
func (s *Script) addBytes(side, text string) error {
	data, open, err := dialogue.Decode(text, nil)
	if err != nil {
		return err
	}
	if !open {
		data = append(data, "\r\n"...)
	}
	kind := send
	if side == "S:" {
		kind = await
	}
	return s.addData(kind, data)
}

// addData adds bytes to the step before, if that is of the same kind.
func (s *Script) addData(kind stepKind, data []byte) error {
	if kind == send {
		s.bytes += len(data)
	}
	if s.bytes > mostBytes {
		return fmt.Errorf("the client sends more than %d bytes", mostBytes)
	}
	if n := len(s.steps); n == 0 || s.steps[n-1].kind != kind || s.steps[n-1].want != nil {
		s.steps = append(s.steps, step{kind: kind})
	}
	last := &s.steps[len(s.steps)-1]
	last.data = append(last.data, data...)
	return nil
}

// finish finds the requests in what the client sends, and the responses in what the server once sent.
func (s *Script) finish() {
	var conv anatomy.Conversation
	var line bytes.Buffer // of a status line, as far as it is known
	message := 0
	for i := range s.steps {
		st := &s.steps[i]
		switch {
		case st.kind == send:
			for _, p := range conv.Client(st.data) {
				if p.Method != "" || p.Error != nil { // what is refused is answered too
					st.methods = append(st.methods, cmp.Or(p.Method, "GET"))
				}
			}
		case st.kind == await && st.want == nil:
			b := st.data
			for _, p := range conv.Server(b) {
				if p.Message > message {
					message = p.Message
					line.Reset()
				}
				if p.Kind == anatomy.Head {
					line.Write(b[:p.Len])
				}
				if p.Ends || p.Kind == anatomy.Other {
					st.want = append(st.want, statusOf(line.String()))
				}
				b = b[p.Len:]
			}
			st.data = nil
		}
	}
}

func statusOf(head string) int {
	_, rest, _ := strings.Cut(head, " ")
	n, _ := strconv.Atoi(rest[:min(3, len(rest))])
	return n
}
