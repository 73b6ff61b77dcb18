// A transcript as a value: its sections and its lines. The notation for bytes is that of package dialogue.

package transcript_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// script is a parsed transcript.
type script struct {
	setup
	before string // all of the file up to the dialogue
	lines  []line
}

// line is one line of the dialogue.
type line struct {
	text string // as written
	kind lineKind
	conn int           // send, receive, event, action: which connection, from 1
	data []byte        // send, receive
	mark string        // send, receive: "<FIN>" or "<RST>" in place of data
	say  string        // event, action: what it says
	wait time.Duration // wait
}

type lineKind uint8

const (
	comment lineKind = iota // or an empty line
	send
	receive
	event
	action
	wait
)

func (k lineKind) isInput() bool { return k == send || k == action || k == wait }

// resets reports whether the server resets a connection in the dialogue.
func (s *script) resets() bool {
	for _, l := range s.lines {
		if l.kind == receive && l.mark == "<RST>" {
			return true
		}
	}
	return false
}

// withoutHalfClose returns the transcript as it is where the server cannot half-close: the <FIN> of a connection that lingers
// comes when that is closed.
func (s *script) withoutHalfClose() *script {
	other := *s
	other.lines = nil
	for i, l := range s.lines {
		lingers := func(l line) bool { return l.kind == event && strings.HasPrefix(l.say, "closed: linger") }
		same := func(other line) bool { return other.conn == l.conn }
		if l.mark == "<FIN>" && l.kind == receive && slices.ContainsFunc(s.lines[i:], func(l line) bool { return same(l) && lingers(l) }) {
			continue
		}
		other.lines = append(other.lines, l)
		if lingers(l) {
			at := slices.IndexFunc(s.lines[:i], func(l line) bool { return same(l) && l.kind == receive && l.mark == "<FIN>" })
			if at >= 0 {
				other.lines = append(other.lines, s.lines[at])
			}
		}
	}
	return &other
}

func (s *script) wireLines() []string {
	var all []string
	for _, l := range s.lines {
		all = append(all, l.text)
	}
	return all
}

// parseScript parses a file: prose, then a server section, then the dialogue, each behind a "-- name --" line.
func parseScript(text string) (*script, error) {
	s := &script{}
	section, setup := "", ""
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if section != "wire" {
			s.before += l + "\n"
		}
		if name, ok := strings.CutPrefix(l, "-- "); ok && strings.HasSuffix(name, " --") {
			section = strings.TrimSuffix(name, " --")
			if section != "server" && section != "wire" {
				return nil, fmt.Errorf("%d: a section named %q", i+1, section)
			}
			continue
		}
		switch section {
		case "server":
			setup += l + "\n"
		case "wire":
			parsed, err := parseLine(l)
			if err != nil {
				return nil, fmt.Errorf("%d: %v", i+1, err)
			}
			s.lines = append(s.lines, parsed)
		}
	}
	if section != "wire" {
		return nil, fmt.Errorf("0: no wire section")
	}
	if strings.HasPrefix(s.before, "-- ") {
		return nil, fmt.Errorf("1: no word of prose")
	}
	var err error
	s.setup, err = parseSetup(setup)
	return s, err
}

var linePattern = regexp.MustCompile(`^(?:([CS])(\d*):|(!)(\d*)|([~*])|#.*|)(?: (.*))?$`)

func parseLine(text string) (line, error) {
	l := line{text: text, conn: 1}
	m := linePattern.FindStringSubmatch(text)
	if m == nil || text != strings.TrimRight(text, " ") {
		return l, fmt.Errorf("not a line of a dialogue: %q", text)
	}
	if number := m[2] + m[4]; number != "" {
		l.conn, _ = strconv.Atoi(number)
	}
	var err error
	switch m[1] + m[3] + m[5] {
	case "C":
		l.kind, l.data = send, nil
	case "S":
		l.kind = receive
	case "!":
		l.kind, l.say = event, m[6]
	case "*":
		l.kind, l.say = action, m[6]
	case "~":
		l.kind = wait
		l.wait, err = time.ParseDuration(m[6])
	}
	if l.kind == send || l.kind == receive {
		if m[6] == "<FIN>" || m[6] == "<RST>" {
			l.mark = m[6]
			return l, nil
		}
		var open bool
		l.data, open, err = dialogue.Decode(m[6], nil)
		if !open {
			l.data = append(l.data, "\r\n"...)
		}
	}
	return l, err
}

var statusLine = regexp.MustCompile(`HTTP/1\.1 \d{3} `)

// encode writes bytes in the notation. A response begins on a line of its own.
func encode(data []byte) []string {
	var all []string
	for len(data) > 0 {
		n := len(data)
		if at := statusLine.FindIndex(data[1:]); at != nil {
			n = 1 + at[0]
		}
		all = append(all, dialogue.Encode(data[:n])...)
		data = data[n:]
	}
	return all
}

// prefix is how a line of a connection begins.
func prefix(kind string, conn int) string {
	if conn > 1 {
		kind += strconv.Itoa(conn)
	}
	if kind[0] == '!' {
		return kind
	}
	return kind + ":"
}

func TestTranscriptNotation(t *testing.T) {
	for _, tt := range []struct{ text, bytes, again string }{
		{``, "\r\n", ``},
		{`\`, "", ``},
		{`a\x00\r\n\t\\b`, "a\x00\r\n\t\\b\r\n", `a\x00`},
		{`{x*40}`, strings.Repeat("x", 40) + "\r\n", `{x*40}`},
		{`{ab\r\n*2}\`, "ab\r\nab\r\n", `ab`},
		{`{"a":{"b":[1*2]}}`, `{"a":{"b":[1*2]}}` + "\r\n", `{"a":{"b":[1*2]}}`},
		{`\{x*40}`, "{x*40}\r\n", `\{x*40}`},
		{`é\xe9`, "é\xe9\r\n", `é\xe9`},
		{`a\x20`, "a \r\n", `a\x20`},
		{`{\x00*33}\`, strings.Repeat("\x00", 33), `{\x00*33}\`},
	} {
		l, err := parseLine(strings.TrimRight("S: "+tt.text, " "))
		if err != nil || string(l.data) != tt.bytes {
			t.Errorf("%s is %q, %v; want %q", tt.text, l.data, err, tt.bytes)
		}
		if lines := encode(l.data); len(lines) > 0 && lines[0] != tt.again {
			t.Errorf("%q is written %q, want %q first", tt.bytes, lines, tt.again)
		}
	}
	for _, bad := range []string{"S hello", "C: \\y", "C: \\x0", "X: a", "~ 3", "! a ", "C"} {
		if l, err := parseLine(bad); err == nil {
			t.Errorf("%q is %+v", bad, l)
		}
	}
}
