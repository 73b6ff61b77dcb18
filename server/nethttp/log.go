// What net/http's server logs is logged in its words, where it would log it.

package nethttp

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"strings"
)

// logf logs to the http.Server's ErrorLog, or to the native server's log.
func (c *connection) logf(format string, args ...any) {
	if c.log != nil {
		c.log.Error(fmt.Sprintf(format, args...))
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

// errorLog is the native server's log of a server made by New: it says what the native server says in net/http's words.
type errorLog struct{ http *http.Server }

func (l errorLog) Enabled(context.Context, slog.Level) bool { return true }
func (l errorLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l errorLog) WithGroup(string) slog.Handler            { return l }

func (l errorLog) Handle(_ context.Context, r slog.Record) error {
	attrs := make(map[string]any)
	rest := ""
	r.Attrs(func(a slog.Attr) bool {
		attrs[a.Key] = a.Value.Any()
		rest += " " + a.String()
		return true
	})
	switch r.Message {
	case "cannot accept connections for now":
		logTo(l.http, "http: Accept error: %v; retrying in %v", attrs["error"], attrs["pause"])
	case "connection could not be prepared":
		logTo(l.http, "http: panic serving %v: %v\n%v", attrs["remote"], attrs["panic"], attrs["stack"])
	case "TLS handshake failed":
		logTo(l.http, "http: TLS handshake error from %v: %v", attrs["remote"], attrs["error"])
	default:
		if v, is := attrs["panic"]; is {
			logTo(l.http, "http: panic serving %v: %v\n%v", attrs["remote"], v, attrs["stack"])
			break
		}
		logTo(l.http, "http: %s%s", r.Message, rest)
	}
	return nil
}
