// Status lines, and the date that stands behind them.

package format

import (
	"strconv"
	"sync/atomic"
	"time"
)

const ok = "HTTP/1.1 200 OK\r\n"

// AppendStatusLine appends a status line (RFC 9112 §4), with the reason phrase that phrase returns; nil: StatusText.
func AppendStatusLine(b []byte, status int, phrase func(status int) string) []byte {
	if phrase == nil {
		phrase = StatusText
	}
	if status == 200 {
		return append(b, ok...)
	}
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, phrase(status)...)
	return append(b, "\r\n"...)
}

// Stamp is what is the same in all responses of one second.
type Stamp struct {
	Date string // the field line
	OK   string // status line and date of a 200
}

// Stamps keeps the Stamp of the current second, until shortly before its end. A server has its own, so that servers in
// different time bubbles do not meet.
type Stamps struct {
	current atomic.Pointer[Stamp]
}

// Now returns the Stamp of the current second.
func (k *Stamps) Now() *Stamp {
	if s := k.current.Load(); s != nil {
		return s
	}
	const margin = time.Millisecond // for the timer's lateness
	now := time.Now()
	date := "Date: " + now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n" // RFC 9110 §5.6.7
	s := &Stamp{date, ok + date}
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

// Contentless reports whether a response with this status has no content, whatever its fields say (RFC 9110 §6.4.1).
func Contentless(status int) bool { return status < 200 || status == 204 || status == 304 }
