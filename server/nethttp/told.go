// What is told of exchanges that another protocol has had, HTTP/2 above all, so that logs and metrics have them too.

package nethttp

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server"
)

// streamWriter is what an HTTP/2 server gives handlers to write to.
type streamWriter interface {
	http.ResponseWriter
	http.Flusher
	http.Pusher
	http.CloseNotifier //lint:ignore SA1019 handlers may still look for it
	io.StringWriter
	FlushError() error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	EnableFullDuplex() error
}

// stream is an exchange that is told of. A handler may read and write it from several goroutines.
type stream struct {
	streamWriter
	io.ReadCloser // the request's content

	event          server.Event
	status         atomic.Int64
	received, sent atomic.Int64
}

// tell returns what a handler is to be given in place of w, and what tells of the exchange when the handler has returned, or has
// panicked.
func (h alpnHandler) tell(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, func(returned bool)) {
	writer, ok := w.(streamWriter)
	if h.conn.trace == nil || !ok {
		return w, func(bool) {}
	}
	now := time.Now()
	s := &stream{streamWriter: writer, ReadCloser: r.Body, event: server.Event{
		Kind: server.EventSettled, Conn: h.native.ID(), Remote: h.native.RemoteAddr(), Local: h.native.LocalAddr(),
		Exchange: int(h.conn.streams.Add(1)), Method: r.Method, Target: r.RequestURI, Host: r.Host, Proto: r.Proto,
		Fields: fieldsOf(r), ContentLength: r.ContentLength, Times: server.Times{FirstByte: now, Head: now, HandlerBegun: now},
	}}
	if r.TLS != nil {
		s.event.TLS = server.TLSVersion(r.TLS.Version)
	}
	r.Body = (*streamBody)(s)
	return s, func(returned bool) { h.conn.guard(func() { h.conn.trace(s.end(r, returned)) }) }
}

// end returns what is told of an exchange that is over. The connection goes on, whatever has become of it.
func (s *stream) end(r *http.Request, returned bool) server.Event {
	e := s.event
	e.Time = time.Now()
	e.Times.HandlerEnded, e.Times.Settled = e.Time, e.Time
	e.Status, e.ContentReceived, e.ContentSent = int(s.status.Load()), s.received.Load(), s.sent.Load()
	switch {
	case !returned:
		e.Reason = server.ReasonTruncated
	case r.Context().Err() != nil:
		e.Reason = server.ReasonClientGone
	case e.Status == 0:
		e.Status = http.StatusOK
	}
	return e
}

// WriteHeader notes the final status.
func (s *stream) WriteHeader(status int) {
	if status >= 200 {
		s.status.CompareAndSwap(0, int64(status))
	}
	s.streamWriter.WriteHeader(status)
}

// Write counts content. That of a response to HEAD is not sent.
func (s *stream) Write(p []byte) (int, error) {
	n, err := s.streamWriter.Write(p)
	return s.wrote(n), err
}

// WriteString is Write for a string.
func (s *stream) WriteString(p string) (int, error) {
	n, err := s.streamWriter.WriteString(p)
	return s.wrote(n), err
}

func (s *stream) wrote(n int) int {
	s.status.CompareAndSwap(0, http.StatusOK)
	if s.event.Method != http.MethodHead {
		s.sent.Add(int64(n))
	}
	return n
}

// streamBody is a stream as its request's Body.
type streamBody stream

// Read counts content.
func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.received.Add(int64(n))
	return n, err
}

// Close closes the request's content.
func (b *streamBody) Close() error { return b.ReadCloser.Close() }

// fieldsOf returns a request's fields in the order of their names; none where the parser of HTTP/1 would take offence.
func fieldsOf(r *http.Request) parser.Fields {
	var text bytes.Buffer
	text.WriteString("GET / HTTP/1.1\r\nHost: " + r.Host + "\r\n")
	r.Header.Write(&text)
	text.WriteString("\r\n")
	lim := parser.DefaultLimits()
	lim.HeadBytes, lim.Fields = text.Len()+1, text.Len()
	var head parser.Head
	if n, err := head.Parse(text.Bytes(), &lim); n == 0 || err != nil {
		return parser.Fields{}
	}
	return head.Fields()
}
