// A story in other forms: as a dialogue, which becomes a test, as JSON, and as a Mermaid diagram.

package live

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spillway-go/spillway/server/live/anatomy"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// exports are the forms and their kinds of content.
var exports = map[string]struct {
	kind string
	file string
	make func(r *row) []byte
}{
	"dialogue": {plain, "txt", (*row).dialogue},
	"mermaid":  {plain, "mmd", (*row).mermaid},
	"json":     {"application/json", "json", nil},
}

// story is what the export as JSON has.
type storyView struct {
	Connection row        `json:"connection"`
	Steps      []stepView `json:"steps"`
}

func (p *Page) export(id int64, as string) Reply {
	form, ok := exports[as]
	if !ok {
		return problem(400, "a story is exported as dialogue, json or mermaid")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rows {
		if r.ID != id || r.own {
			continue
		}
		var out Reply
		if form.make != nil {
			out = reply(200, form.kind, form.make(r))
		} else {
			v := storyView{Connection: *r, Steps: []stepView{}}
			for _, st := range r.story.steps {
				v.Steps = append(v.Steps, st.view())
			}
			out = asJSON(v)
		}
		out.Fields = append(out.Fields, [2]string{"Content-Disposition", fmt.Sprintf(`attachment; filename="connection-%d.%s"`, id, form.file)})
		return out
	}
	return problem(404, "no such connection")
}

// longPause is how long nothing happens, for the dialogue to say so.
const longPause = 20 // milliseconds

// dialogue writes the story in the notation of package dialogue: C: and S: for what was sent, ~ for time that passes, ! for what an
// exchange left, and # for all else. What was not kept of content is written as so many bytes x, so that it can be played again.
func (r *row) dialogue() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# connection %d of %s, from %s\n", r.Conn, dialogue.EncodeRow([]byte(r.Server)), dialogue.EncodeRow([]byte(r.Remote)))
	if !r.Recorded {
		b.WriteString("# its bytes were not recorded: it began before anybody looked\n")
	}
	before, gone := 0.0, false
	for i, st := range r.story.steps {
		if i == firstSteps && st.N > i {
			fmt.Fprintf(&b, "# %d steps are not kept\n", st.N-i)
		}
		if st.At-before >= longPause {
			fmt.Fprintf(&b, "~ %.0fms\n", st.At-before)
		}
		before = st.Until
		switch st.Kind {
		case "in":
			st.lines(&b, "C: ")
		case "out":
			st.lines(&b, "S: ")
		case "fin":
			b.WriteString("C: <FIN>\n")
		case "rst":
			b.WriteString("C: <RST>\n")
			gone = true
		case "closed":
			if !gone {
				b.WriteString("S: <FIN>\n")
			}
			fmt.Fprintf(&b, "# %s\n", st.Text)
		case "settled":
			fmt.Fprintf(&b, "! %s\n", dialogue.EncodeRow([]byte(st.Told)))
		default:
			fmt.Fprintf(&b, "# %s\n", dialogue.EncodeRow([]byte(st.Text)))
		}
	}
	return b.Bytes()
}

// lines writes a step's bytes.
func (st *step) lines(b *bytes.Buffer, side string) {
	var kept []byte
	flush := func() {
		for _, line := range dialogue.Encode(kept) {
			b.WriteString(strings.TrimRight(side+line, " ") + "\n")
		}
		kept = nil
	}
	for _, p := range st.Pieces {
		kept = append(kept, p.first...)
		if more := p.Len - len(p.first) - len(p.last); more > 0 {
			flush()
			what := "content"
			if p.Kind != anatomy.Content {
				what = "bytes that are no content"
			}
			fmt.Fprintf(b, "# %d bytes of %s were not kept\n%s{x*%d}\\\n", more, what, side, more)
		}
		kept = append(kept, p.last...)
	}
	flush()
	if st.Dropped > 0 {
		fmt.Fprintf(b, "# %d pieces more\n", st.Dropped)
	}
}

// mermaid writes the story as a sequence diagram of Mermaid.
func (r *row) mermaid() []byte {
	var b bytes.Buffer
	b.WriteString("sequenceDiagram\n    participant C as client\n    participant S as server\n")
	for _, st := range r.story.steps {
		switch st.Kind {
		case "in":
			fmt.Fprintf(&b, "    C->>S: %s\n", st.mermaid())
		case "out":
			fmt.Fprintf(&b, "    S->>C: %s\n", st.mermaid())
		default:
			fmt.Fprintf(&b, "    Note over S: %s\n", harmless(strings.TrimSpace(st.Text+" "+st.Section)))
		}
	}
	return b.Bytes()
}

func (st *step) mermaid() string {
	const most = 8
	var all []string
	for _, p := range st.view().Pieces {
		for i, line := range p.Lines {
			if i == most {
				all = append(all, "…")
				break
			}
			all = append(all, harmless(cut(line)))
		}
		if p.More > 0 {
			all = append(all, fmt.Sprintf("… %d bytes more", p.More))
		}
	}
	return strings.Join(all, "<br/>")
}

// harmless writes whatever Mermaid could take for its own by number.
func harmless(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r >= 0x80 || r == ' ' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || strings.ContainsRune(".,/=_-*()!?+", r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
