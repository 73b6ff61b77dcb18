// What a response looks like on the wire.

package conn

import (
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn/internal/transport"
	"github.com/spillway-go/spillway/parser"
)

// fieldLines are encoded as they are set: "Name: value\r\n".
type fieldLines struct {
	buf   []byte
	lines []fieldLine
}

// fieldLine is the place of a line in the buffer; a deleted one is empty.
type fieldLine struct{ begin, nameEnd, end int }

func (f *fieldLines) reset() { f.buf, f.lines = f.buf[:0], f.lines[:0] }

func (f *fieldLines) add(name, value string) {
	begin := len(f.buf)
	f.buf = append(f.buf, name...)
	nameEnd := len(f.buf)
	f.buf = append(f.buf, ": "...)
	f.buf = append(f.buf, value...)
	f.buf = append(f.buf, "\r\n"...)
	f.lines = append(f.lines, fieldLine{begin, nameEnd, len(f.buf)})
}

func (f *fieldLines) find(name string, from int) int {
	for i := from; i < len(f.lines); i++ {
		if l := f.lines[i]; l.nameEnd-l.begin == len(name) && parser.EqualFold(string(f.buf[l.begin:l.nameEnd]), name) {
			return i
		}
	}
	return -1
}

func (f *fieldLines) del(name string) {
	for i := f.find(name, 0); i >= 0; i = f.find(name, i) {
		f.lines = append(f.lines[:i], f.lines[i+1:]...)
	}
}

// keep removes the lines whose name it is not true for.
func (f *fieldLines) keep(of func(name string) bool) {
	f.lines = slices.DeleteFunc(f.lines, func(l fieldLine) bool { return !of(string(f.buf[l.begin:l.nameEnd])) })
}

func (f *fieldLines) get(name string) string {
	i := f.find(name, 0)
	if i < 0 {
		return ""
	}
	l := f.lines[i]
	return string(f.buf[l.nameEnd+2 : l.end-2])
}

func (f *fieldLines) appendTo(b []byte) []byte {
	for _, l := range f.lines {
		b = append(b, f.buf[l.begin:l.end]...)
	}
	return b
}

func appendStatusLine(b []byte, status int) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, StatusText(status)...)
	return append(b, "\r\n"...)
}

// sendHead decides the framing and sends the head, once. The output's mu is held.
func (w *response) sendHead() error {
	if w.phase != phaseOpen {
		return w.c.out.err()
	}
	w.phase = phaseHeadSent
	w.decideCoding()
	w.announced = w.c.persistence()
	says := w.announced != None && (w.status != 101 || w.fields.find("Connection", 0) < 0) // which names the upgrade
	if says {
		w.fields.del("Connection") // what it says is not so
	}
	if w.coding == delimited {
		w.c.resetTells.Store(true)
	}
	w.appendHead(says, w.c.req.Minor == 0 && w.announced == None)
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
	out.grab(256 + len(w.fields.buf) + len(w.content))
	b := w.appendFirst(out.buf)
	b = w.fields.appendTo(b)
	switch {
	case w.coding == chunked:
		b = append(b, "Transfer-Encoding: "...)
		if w.codings != "" {
			b = append(append(b, w.codings...), ", "...)
		}
		b = append(b, "chunked\r\n"...)
	case w.declared >= 0 && (w.coding == fixed || w.status == 304 || !w.contentless()):
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, w.declared, 10)
		b = append(b, "\r\n"...)
	}
	switch {
	case closes:
		b = append(b, "Connection: close\r\n"...)
	case tellsKept:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	out.buf = append(b, "\r\n"...)
}

// appendFirst appends the status line and the date, unless the handler has set a date of its own.
func (w *response) appendFirst(b []byte) []byte {
	s := w.c.cfg.stamps.now()
	dated := w.fields.find("Date", 0) >= 0
	if w.status == 200 && !dated && !w.undated {
		return append(b, s.ok...)
	}
	b = appendStatusLine(b, w.status)
	if dated || w.undated {
		return b
	}
	return append(b, s.date...)
}

// decideCoding decides how the content is framed (RFC 9112 §6), from the request, the status and what is known of the
// content's length.
func (w *response) decideCoding() {
	whole := w.final && len(w.trailers.lines) == 0
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

// stamp is what is the same in all responses of one second.
type stamp struct {
	date string // the field line
	ok   string // status line and date of a 200
}

// stamps keeps the stamp of the current second, until shortly before its end. A server has its own, so that servers in
// different time bubbles do not meet.
type stamps struct {
	current atomic.Pointer[stamp]
}

// now returns the stamp of the current second.
func (k *stamps) now() *stamp {
	if s := k.current.Load(); s != nil {
		return s
	}
	const margin = time.Millisecond // for the timer's lateness
	now := time.Now()
	date := "Date: " + now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n" // RFC 9110 §5.6.7
	s := &stamp{date, "HTTP/1.1 200 OK\r\n" + date}
	if left := time.Second - margin - time.Duration(now.Nanosecond()); left > 0 && k.current.CompareAndSwap(nil, s) {
		time.AfterFunc(left, func() { k.current.Store(nil) })
	}
	return s
}

// reasonPhrases are those of RFC 9110 §15 and of the registry that it founds. The codes of other origin are those that
// servers and clients in wide use send.
var reasonPhrases = map[int]string{
	100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
	200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
	205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
	305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
	409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
	414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
	418: "I'm a teapot", 421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked",
	424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required",
	429: "Too Many Requests", 431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Gateway Timeout", 505: "HTTP Version Not Supported", 506: "Variant Also Negotiates",
	507: "Insufficient Storage", 508: "Loop Detected", 510: "Not Extended", 511: "Network Authentication Required",
}

// StatusText returns the reason phrase of a status code, or "" for one that is not registered.
func StatusText(code int) string { return reasonPhrases[code] }

// contentless reports whether a response with this status has no content, whatever its fields say (RFC 9110 §6.4.1).
func contentless(status int) bool { return status < 200 || status == 204 || status == 304 }
