// What net/http's server logs is logged in its words, where it would log it.

package nethttp

import (
	"bytes"
	"fmt"
	"log"
	"net/http"
	"path"
	"runtime"
	"strings"
)

// logf logs to the http.Server's ErrorLog, or to the native server's log.
func (c *connection) logf(format string, args ...any) {
	if log := c.native.Log(); c.guest && log != nil {
		log.Error(fmt.Sprintf(format, args...))
		return
	}
	logTo(c.http, format, args...)
}

func logTo(s *http.Server, format string, args ...any) {
	if s.ErrorLog != nil {
		s.ErrorLog.Printf(format, args...)
	} else {
		log.Printf(format, args...)
	}
}

// complain logs what a handler did wrong, and where.
func (c *connection) complain(what string) {
	frame := caller()
	c.logf("http: %s from %s (%s:%d)", what, frame.Function, path.Base(frame.File), frame.Line)
}

// caller returns the first function on the stack that is neither of this package nor of net/http.
func caller() (frame runtime.Frame) {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for more := true; more; {
		frame, more = frames.Next()
		if !strings.HasPrefix(frame.Function, "net/http.") && !strings.HasPrefix(frame.Function, thisPackage) {
			break
		}
	}
	return frame
}

const thisPackage = "github.com/spillway-go/spillway/server/nethttp."

// speakerLog is what a server of HTTP/2 logs to: the log that the http.Server has by then, for programs set it when they serve
// already. A quiet one leaves out what clients do wrong. Such lines are known by their beginnings.
type speakerLog struct {
	http  *http.Server
	quiet bool
}

// Write logs a line, or leaves it out.
func (l speakerLog) Write(line []byte) (int, error) {
	if !l.quiet || !isClients(line) {
		logTo(l.http, "%s", line)
	}
	return len(line), nil
}

// isClients reports whether a line of an HTTP/2 server's says what a client did wrong.
func isClients(line []byte) bool {
	for _, begin := range []string{
		"http2: server: error reading preface", "http2: server connection error", "http2: server closing client connection",
		"http2: received GOAWAY", "timeout waiting for",
	} {
		if bytes.HasPrefix(line, []byte(begin)) {
			return true
		}
	}
	return false
}

// errorLog is the native server's log of a server made by New: it says what the native server says in net/http's words.
type errorLog struct{ *adapter }

// Debug logs what clients do wrong, as net/http does.
func (l errorLog) Debug(msg string, pairs ...any) {
	if !l.quiet {
		l.Error(msg, pairs...)
	}
}

// Warn logs what may be over soon.
func (l errorLog) Warn(msg string, pairs ...any) { l.Error(msg, pairs...) }

// Error logs what is wrong.
func (l errorLog) Error(msg string, pairs ...any) {
	of, rest := make(map[any]any), ""
	for i := 0; i+1 < len(pairs); i += 2 {
		of[pairs[i]] = pairs[i+1]
		rest += fmt.Sprintf(" %v=%v", pairs[i], pairs[i+1])
	}
	switch msg {
	case "cannot accept connections for now":
		logTo(l.http, "http: Accept error: %v; retrying in %v", of["error"], of["pause"])
	case "connection could not be prepared":
		logTo(l.http, "http: panic serving %v: %v\n%v", of["remote"], of["panic"], of["stack"])
	case "TLS handshake failed":
		logTo(l.http, "http: TLS handshake error from %v: %v", of["remote"], of["error"])
	default:
		if v, is := of["panic"]; is {
			logTo(l.http, "http: panic serving %v: %v\n%v", of["remote"], v, of["stack"])
			return
		}
		logTo(l.http, "http: %s%s", msg, rest)
	}
}
