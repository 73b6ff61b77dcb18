// Package explain prints how spillway reads what a client sends, and how others would: what each byte is, what another reading
// would take for a request, and the first byte where readers differ.
package explain

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spillway-go/spillway/server/live/anatomy"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const (
	shownFirst = 1 << 10 // bytes of a piece of content that are printed
	shownLast  = 64
	mostText   = 100 // characters of a line that are printed
)

// Explain prints how b is read.
func Explain(out io.Writer, b []byte) error {
	w := bufio.NewWriter(out)
	own := annotate(w, b)
	differ(w, b, own)
	return w.Flush()
}

// annotate prints what spillway takes each byte for, and returns it.
func annotate(w io.Writer, b []byte) (own []span) {
	var conv anatomy.Conversation
	fmt.Fprintln(w, "   byte  what it is  as spillway reads it")
	at := 0
	fresh := true
	for _, p := range conv.Client(b) {
		kind := p.Kind.String()
		text := b[at : at+p.Len]
		own = append(own, ownSpans(p, text, at, fresh)...)
		fresh = p.Ends
		printPiece(w, at, kind, text)
		at += p.Len
		remark := p.Note
		switch {
		case p.Error != nil:
			remark = fmt.Sprintf("refused, %d: %s (%s)", p.Error.Status, p.Error.Reason, p.Error.Section)
		case p.Kind == anatomy.Behind:
			remark = "behind the last request: thrown away"
		case p.Kind == anatomy.Head && p.Note != "":
			remark = fmt.Sprintf("the head of request %d ends: %s", p.Message, p.Note)
		}
		if remark != "" {
			fmt.Fprintf(w, "%21s└ %s\n", "", plain(remark))
		}
		if p.Ends {
			fmt.Fprintf(w, "%21s└ request %d ends\n", "", p.Message)
		}
	}
	if kind, inside := conv.Incomplete(); inside {
		fmt.Fprintf(w, "%7d  the end, inside %s: more must come\n", at, kind)
	} else {
		fmt.Fprintf(w, "%7d  the end\n", at)
	}
	return own
}

// ownSpans returns a piece as other readers would say it. A head that is refused is one all the same, up to its empty line.
func ownSpans(p anatomy.Piece, text []byte, at int, fresh bool) []span {
	kind := p.Kind.String()
	if p.Kind != anatomy.Refused || !fresh {
		return []span{{at: at, kind: kind, message: p.Message}}
	}
	end := len(text)
	for _, empty := range []string{"\n\r\n", "\n\n"} {
		if i := bytes.Index(text, []byte(empty)); i >= 0 {
			end = min(end, i+len(empty))
		}
	}
	return []span{{at: at, kind: "head", message: p.Message}, {at: at + end, kind: kind, message: p.Message}}
}

// printPiece prints bytes, a line for each that they have, with the offset of each.
func printPiece(w io.Writer, at int, kind string, text []byte) {
	cutAt, more := len(text), 0
	if len(text) > shownFirst+shownLast {
		cutAt, more = shownFirst, len(text)-shownFirst-shownLast
	}
	printLines(w, at, kind, text[:cutAt])
	if more > 0 {
		fmt.Fprintf(w, "%7s  %-10s  … %d bytes more\n", "", kind, more)
		printLines(w, at+cutAt+more, kind, text[cutAt+more:])
	}
}

func printLines(w io.Writer, at int, kind string, text []byte) {
	for len(text) > 0 {
		n := len(text)
		if i := bytes.Index(text, []byte("\r\n")); i >= 0 {
			n = i + 2
		}
		for _, line := range dialogue.Encode(text[:n]) {
			fmt.Fprintf(w, "%7d  %-10s  %s\n", at, kind, cut(line))
		}
		at += n
		text = text[n:]
	}
}

// plain makes text that a client may have had a hand in safe to print.
func plain(text string) string { return cut(dialogue.EncodeRow([]byte(text))) }

func cut(text string) string {
	if r := []rune(text); len(r) > mostText {
		return string(r[:mostText]) + "…"
	}
	return text
}

// differ prints what other readers make of b, where that is something else.
func differ(w io.Writer, b []byte, own []span) {
	type group struct {
		names []string
		spans []span
	}
	var groups []group
	first := len(b)
	base := readers[0].read(b)
	for i := range readers {
		spans := readers[i].read(b)
		at := difference(own, spans, len(b))
		if at == len(b) || i > 0 && difference(base, spans, len(b)) == len(b) {
			continue // what makes this reader another one does not matter here
		}
		first = min(first, at)
		j := slices.IndexFunc(groups, func(g group) bool { return difference(g.spans, spans, len(b)) == len(b) })
		if j < 0 {
			groups, j = append(groups, group{spans: spans}), len(groups)
		}
		groups[j].names = append(groups[j].names, readers[i].name)
	}
	if len(groups) == 0 {
		fmt.Fprintln(w, "\nEvery reader that was tried reads the same.")
		return
	}
	fmt.Fprintf(w, "\nThe first byte where readers differ is byte %d: %s\n", first, plain(string(b[first:min(len(b), first+40)])))
	for _, g := range groups {
		at := difference(own, g.spans, len(b))
		fmt.Fprintf(w, "\nA reader that %s\n", strings.Join(g.names, ",\nor that "))
		fmt.Fprintf(w, "  takes byte %d for %s; spillway takes it for %s.\n", at, of(g.spans, at), of(own, at))
		for _, s := range g.spans {
			if s.request != "" && (s.at >= at || of(own, s.at) != "a head") {
				fmt.Fprintf(w, "  takes byte %d for the beginning of a request: %s\n", s.at, plain(s.request))
			}
		}
	}
}

// of says what a byte is.
func of(spans []span, at int) string {
	kind := "nothing"
	for _, s := range spans {
		if s.at <= at {
			kind = s.kind
		}
	}
	switch kind {
	case "head":
		return "a head"
	case "refused":
		return "what is refused"
	case "behind":
		return "what stands behind the last request"
	case "other":
		return "another protocol"
	}
	return kind
}

// difference returns the first byte that two readings do not take for the same, or end.
func difference(a, b []span, end int) int {
	at := func(spans []span, i *int, pos int) span {
		for *i+1 < len(spans) && spans[*i+1].at <= pos {
			*i++
		}
		return spans[*i]
	}
	var marks []int
	for _, s := range append(slices.Clone(a), b...) {
		marks = append(marks, s.at)
	}
	slices.Sort(marks)
	i, j := 0, 0
	for _, pos := range marks {
		if pos >= end {
			break
		}
		if x, y := at(a, &i, pos), at(b, &j, pos); x.kind != y.kind || x.message != y.message && x.kind != "refused" {
			return pos
		}
	}
	return end
}
