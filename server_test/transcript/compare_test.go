// What the server did in a step, and what the transcript says of it, are brought into one form.

package transcript_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// account is what one connection did in a step: S lines and ! lines are told apart, the order between them is not.
type account struct {
	stream string // marks stand behind a NUL and before a LF
	events []string
}

func (a *account) add(stream, event string) {
	if mark, ok := strings.CutPrefix(stream, "\x00<"); ok {
		stream = "\x00\x00<" + mark + "\n"
	}
	a.stream += stream
	if event != "" {
		a.events = append(a.events, event)
	}
}

// accounts are by connection. What comes from a goroutine that does not wait for the connection, nor it for that, comes last.
func accounts(outputs []output) map[int]*account {
	all := make(map[int]*account)
	for _, late := range []bool{false, true} {
		for _, o := range outputs {
			if late != apart(o.event) {
				continue
			}
			if all[o.conn] == nil {
				all[o.conn] = &account{}
			}
			all[o.conn].add(o.stream, o.event)
		}
	}
	return all
}

// apart reports whether an event is of a goroutine that has outlived its handler, or of a Shutdown that has ended connections: it
// does not wait for their handlers. One that returns nil has waited.
func apart(event string) bool {
	return strings.HasPrefix(event, "goroutine: ") || strings.HasPrefix(event, "shutdown: ") && event != "shutdown: <nil>"
}

func describeAll(all map[int]*account) string {
	var b strings.Builder
	for _, conn := range sortedKeys(all) {
		fmt.Fprintf(&b, "%d: %q %q\n", conn, all[conn].stream, all[conn].events)
	}
	return b.String()
}

func describe(outputs []output) string { return describeAll(accounts(outputs)) }

func describeExpected(lines []line) string {
	all := make(map[int]*account)
	for _, l := range lines {
		if l.kind == comment {
			continue
		}
		if all[l.conn] == nil {
			all[l.conn] = &account{}
		}
		stream := string(l.data)
		if l.mark != "" {
			stream = "\x00" + l.mark
		}
		all[l.conn].add(stream, l.say)
	}
	return describeAll(all)
}

// early reports whether something happened before the step was over.
func early(outputs []output, now time.Duration) bool {
	return slices.ContainsFunc(outputs, func(o output) bool { return o.at != now })
}

// rewriteStep writes a step as it was played. Time that has passed is cut where something happened.
func rewriteStep(before, now time.Duration, inputs, expected []line, outputs []output) []string {
	var lines []string
	waited := now > before
	for _, l := range inputs {
		if l.kind != wait || !waited {
			lines = append(lines, l.text)
		}
	}
	for _, l := range expected {
		if l.kind == comment && strings.HasPrefix(l.text, "#") {
			lines = append(lines, l.text)
		}
	}
	for at := before; ; {
		var here []output
		for len(outputs) > 0 && outputs[0].at <= at {
			here, outputs = append(here, outputs[0]), outputs[1:]
		}
		lines = append(lines, write(here)...)
		next := now
		if len(outputs) > 0 {
			next = min(outputs[0].at, now)
			if outputs[0].at > now { // cannot be: everything is settled
				next = now
			}
		}
		if at >= now {
			break
		}
		lines = append(lines, "~ "+shortDuration(next-at))
		at = next
	}
	if n := len(expected); n > 0 && expected[n-1].text == "" {
		lines = append(lines, "")
	}
	return lines
}

// write writes what happened at one time.
func write(outputs []output) []string {
	var lines []string
	all := accounts(outputs)
	for _, conn := range sortedKeys(all) {
		for part := range strings.SplitSeq(all[conn].stream, "\x00\x00") {
			if strings.HasPrefix(part, "<FIN>\n") || strings.HasPrefix(part, "<RST>\n") {
				lines = append(lines, prefix("S", conn)+" "+part[:5])
				part = part[6:]
			}
			for _, text := range encode([]byte(part)) {
				lines = append(lines, strings.TrimRight(prefix("S", conn)+" "+text, " "))
			}
		}
		for _, e := range all[conn].events {
			lines = append(lines, prefix("!", conn)+" "+e)
		}
	}
	return lines
}

// shortDuration writes 3s and not 3.000s, 1m and not 1m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func sortedKeys(m map[int]*account) []int {
	var keys []int
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
