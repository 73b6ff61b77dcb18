// How a response is framed, and what its head says.

package conn

import (
	"strconv"

	"github.com/spillway-go/spillway/conn/internal/format"
	"github.com/spillway-go/spillway/conn/internal/transport"
)

// sendHead decides the framing and sends the head, once. The output's mu is held.
func (w *response) sendHead() error {
	if w.phase != phaseOpen {
		return w.c.out.err()
	}
	w.phase = phaseHeadSent
	w.decideCoding()
	w.announced = w.c.persistence()
	says := w.announced != ReasonNone && (w.status != 101 || !w.fields.Has("Connection")) // which names the upgrade
	if says {
		w.fields.Del("Connection") // what it says is not so
	}
	if w.coding == delimited {
		w.c.marks.add(resetTells)
	}
	w.appendHead(says, w.c.req.Minor == 0 && w.announced == ReasonNone)
	return w.c.out.err()
}

// sendHijackedHead sends the head behind which the connection is the handler's.
func (w *response) sendHijackedHead() {
	w.coding = nothing
	w.appendHead(false, false)
}

// appendHead appends the head to the output.
func (w *response) appendHead(closes, tellsKept bool) {
	out := &w.c.out
	out.grab(256 + w.fields.Bytes() + len(w.content))
	b := w.appendFirst(out.buf)
	if w.coding != chunked && w.declared >= 0 && (w.coding == fixed || w.status == 304 || !w.contentless()) {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, w.declared, 10)
		b = append(b, "\r\n"...)
	}
	if w.sniffed != "" {
		b = append(append(append(b, "Content-Type: "...), w.sniffed...), "\r\n"...)
	}
	connection := ""
	switch {
	case closes:
		connection = "Connection: close\r\n"
	case tellsKept:
		connection = "Connection: keep-alive\r\n"
	}
	if w.stock {
		b = w.appendCoding(append(b, connection...))
	} else {
		b = append(w.appendCoding(b), connection...)
	}
	out.buf = append(b, "\r\n"...)
}

// appendCoding appends the Transfer-Encoding, if there is one.
func (w *response) appendCoding(b []byte) []byte {
	if w.coding != chunked {
		return b
	}
	b = append(b, "Transfer-Encoding: "...)
	if w.codings != "" {
		b = append(append(b, w.codings...), ", "...)
	}
	return append(b, "chunked\r\n"...)
}

// appendFirst appends the status line and the handler's fields, and the date, unless they have one: before them, where it is
// at hand together with the status line, or behind them.
func (w *response) appendFirst(b []byte) []byte {
	s := w.c.cfg.stamps.Now()
	dated := !w.undated && !w.fields.Has("Date")
	if dated && !w.stock && w.status == 200 {
		return w.fields.AppendTo(append(b, s.OK...))
	}
	b = format.AppendStatusLine(b, w.status, w.phrase)
	if dated && !w.stock {
		b = append(b, s.Date...)
	}
	b = w.fields.AppendTo(b)
	if dated && w.stock {
		b = append(b, s.Date...)
	}
	return b
}

// decideCoding decides how the content is framed (RFC 9112 §6), from the request, the status and what is known of the
// content's length.
func (w *response) decideCoding() {
	whole := w.final && !w.trailed
	switch {
	case w.contentless():
		w.coding = nothing
	case w.c.req.Method == "HEAD":
		w.coding = nothing
		if whole && w.declared < 0 && w.written > 0 {
			w.declared = w.written
		}
	case w.codings != "":
		w.coding = chunked
	case w.declared >= 0:
		w.coding = fixed
	case w.untilClose:
		w.coding = delimited
	case whole:
		w.coding, w.declared = fixed, int64(len(w.content))
	case w.c.req.Minor == 0:
		w.coding = delimited
	default:
		w.coding = chunked
	}
}

// sendContent sends what was buffered and p, as one chunk where the content is chunked. The output's mu is held.
func (w *response) sendContent(p []byte) error {
	n, out := len(w.content)+len(p), &w.c.out
	if n == 0 || w.coding == nothing {
		w.dropContent()
		return out.err()
	}
	if w.coding == chunked {
		out.grab(20 + len(w.content))
		out.buf = strconv.AppendInt(out.buf, int64(n), 16)
		out.buf = append(out.buf, "\r\n"...)
	}
	if len(w.content) > 0 {
		out.send(w.content)
		w.dropContent()
	}
	if len(p) > 0 {
		out.send(p)
	}
	if w.coding == chunked {
		out.buf = append(out.buf, "\r\n"...)
	}
	return out.err()
}

// dropContent gives the content's buffer back.
func (w *response) dropContent() {
	if w.content != nil {
		transport.PutBuffer(w.content)
		w.content = nil
	}
}
