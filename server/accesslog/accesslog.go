// Package accesslog writes a line for every request that a server has had, also for those that were refused before any handler
// saw them, that were aborted, and whose connection was hijacked:
//
//	srv.Trace = accesslog.New(slog.Default()).Trace
//
// Lines are written by a goroutine of the log's, behind a queue, so that no connection ever waits for them. Where they cannot be
// written as fast as requests come, they are dropped, and counted.
package accesslog

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"

	"github.com/spillway-go/spillway/server"
)

// Log is an access log. Its fields must not change once it is used; its methods may be called from any goroutine. The zero Log
// writes to slog.Default.
type Log struct {
	Logger   *slog.Logger // where the lines go, as records of level Info; nil: slog.Default
	Combined io.Writer    // if there is one, the lines go there, in the Combined Log Format of Apache and nginx, and not to the Logger

	// Every is how much is logged of what went well, that is, with a status below 400 and a connection that could be kept or was the
	// client's to end: one of so many; 0: all. All else is always logged.
	Every int
	// Queue is how many lines may wait to be written, of 16 MiB of heads together; 0: 4096.
	Queue int

	mu      sync.Mutex
	waiting []line // from first on
	first   int
	bytes   int           // of these
	running bool          // a goroutine writes
	empty   chan struct{} // closed when nothing waits and nothing runs; nil: nobody asks
	good    int           // exchanges that went well, since the last that was logged
	dropped int64
}

// line is an event that waits to be written, and about how many bytes of the client's it keeps in memory.
type line struct {
	server.Event
	bytes int
}

// mostBytes is how many bytes of clients' may wait: these choose how long their heads are.
const mostBytes = 16 << 20

// New returns a Log that writes to l; nil means slog.Default.
func New(l *slog.Logger) *Log { return &Log{Logger: l} }

// Trace takes note of an event. It is what Server.Trace is set to; server.TraceAll sets several.
func (l *Log) Trace(e server.Event) {
	if e.Kind != server.EventSettled {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Every > 1 && wentWell(e) {
		if l.good++; l.good < l.Every {
			return
		}
		l.good = 0
	}
	most, bytes := l.Queue, bytesOf(e)
	if most <= 0 {
		most = 4096
	}
	if len(l.waiting)-l.first >= most || l.bytes+bytes > mostBytes {
		l.dropped++
		return
	}
	if l.first >= most { // what was taken has left as much room as there can be wanted
		l.waiting, l.first = slices.Delete(l.waiting, 0, l.first), 0
	}
	l.waiting = append(l.waiting, line{e, bytes})
	l.bytes += bytes
	if !l.running {
		l.running = true
		go l.writeAll()
	}
}

// wentWell reports whether nothing about an exchange is of special interest.
func wentWell(e server.Event) bool {
	switch e.Reason {
	case server.ReasonNone, server.ReasonClientAsked, server.ReasonHijacked, server.ReasonShutdown, server.ReasonMaxRequests, server.ReasonMaxAge:
		return e.Status > 0 && e.Status < 400
	}
	return false
}

// Dropped returns how many lines were lost, because the queue was full or writing them failed.
func (l *Log) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Flush waits until what was noted so far has been written, and returns ctx's error if that does not happen before ctx is done.
// Call it when the server has shut down.
func (l *Log) Flush(ctx context.Context) error {
	l.mu.Lock()
	if !l.running {
		l.mu.Unlock()
		return nil
	}
	if l.empty == nil {
		l.empty = make(chan struct{})
	}
	empty := l.empty
	l.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeAll writes until nothing waits. It ends then, so that a Log that nobody needs any more is nobody's goroutine.
func (l *Log) writeAll() {
	whole := false
	defer func() {
		if !whole { // a handler or a writer has ended the goroutine, which costs the line that it was given
			l.drop()
			go l.writeAll()
		}
	}()
	for e, ok := l.next(); ok; e, ok = l.next() {
		if !l.write(e) {
			l.drop()
		}
	}
	whole = true
}

// next takes what waits longest. Where nothing does, whoever asks is to write no more.
func (l *Log) next() (e server.Event, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == len(l.waiting) {
		l.waiting, l.first, l.running = l.waiting[:0], 0, false
		if l.empty != nil {
			close(l.empty)
			l.empty = nil
		}
		return e, false
	}
	taken := l.waiting[l.first]
	l.waiting[l.first] = line{}
	l.first++
	l.bytes -= taken.bytes
	return taken.Event, true
}

func (l *Log) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped++
}

func bytesOf(e server.Event) int {
	n := len(e.Method) + len(e.Target) + len(e.RequestLine)
	for name, value := range e.Fields.All() {
		n += len(name) + len(value)
	}
	return n
}

// write writes a line, and reports whether that has worked. A handler or a writer that panics costs its line.
func (l *Log) write(e server.Event) (written bool) {
	defer func() {
		if recover() != nil {
			written = false
		}
	}()
	if l.Combined != nil {
		_, err := l.Combined.Write(appendCombined(nil, e))
		return err == nil
	}
	logger := l.Logger
	if logger == nil {
		logger = slog.Default()
	}
	ctx, handler := context.Background(), logger.Handler()
	if !handler.Enabled(ctx, slog.LevelInfo) {
		return true
	}
	r := slog.NewRecord(e.Time, slog.LevelInfo, "request", 0)
	r.AddAttrs(attrs(e)...)
	return handler.Handle(ctx, r) == nil
}
