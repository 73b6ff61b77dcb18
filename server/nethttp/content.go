// The content as net/http's handlers know it: an io.ReadCloser with net/http's errors.

package nethttp

import (
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/spillway-go/spillway/body"
)

// content is the Body of a request that has one.
type content struct {
	reader  *body.Reader
	request *http.Request
	context *requestContext
	coding  [1]string // the request's TransferEncoding
	closed  atomic.Bool
	limited atomic.Bool // the last read may have met the limit of an http.MaxBytesReader
	mu      sync.Mutex  // one read at a time
	ended   bool        // the end was reached, and the trailers are taken
	late    error       // of the deadline that a read has met: moving it does not help, as http.ResponseController says
}

// Read reads content. After Close, or after the handler has returned, it returns http.ErrBodyReadAfterClose.
func (c *content) Read(p []byte) (int, error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.mu.Unlock()
	n, err := c.reader.Read(p)
	if err != nil {
		err = c.failed(err)
	}
	limited := err == nil && 0 < n && n == len(p) && n < cap(p) && calledByMaxBytesReader()
	if limited != c.limited.Load() { // which costs less than to store
		c.limited.Store(limited)
	}
	return n, err
}

// enter begins a read, with c.mu held, or returns why there can be none.
func (c *content) enter() error {
	if c.closed.Load() {
		return http.ErrBodyReadAfterClose
	}
	c.mu.Lock()
	late := c.late
	if late != nil {
		c.mu.Unlock()
	}
	return late
}

// WriteTo writes the content to w as it comes, for io.Copy. A w that reads by itself does so; for io.Discard, and for others,
// nothing is held while the client is waited for, and a larger buffer than io.Copy's is filled when much has come.
func (c *content) WriteTo(w io.Writer) (int64, error) {
	if from, ok := w.(io.ReaderFrom); ok && w != io.Discard {
		return from.ReadFrom(c)
	}
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.mu.Unlock()
	c.limited.Store(false)
	p := pour{content: c, to: w}
	n, err := c.reader.WriteTo(&p)
	switch {
	case p.failed:
	case err == nil:
		c.takeTrailers()
	default:
		err = c.failed(err)
	}
	return n, err
}

// pour is what the content's reader writes to in WriteTo. The content's lock is not held while the writer runs, so that others
// may read meanwhile.
type pour struct {
	content *content
	to      io.Writer
	failed  bool // the error is not one of reading
}

// Write writes to the writer.
func (p *pour) Write(b []byte) (n int, err error) {
	c := p.content
	c.mu.Unlock()
	defer func() { // deferred, because the writer may panic
		if c.mu.Lock(); err == nil {
			err = c.late // of another's read
		}
		p.failed = err != nil || n != len(b)
	}()
	return p.to.Write(b)
}

// Close ends the reading, also one that waits in another goroutine. What becomes of the rest is not decided here.
func (c *content) Close() error {
	c.closed.Store(true)
	c.reader.Close()
	return nil
}

// failed returns the error that net/http has for one of package body.
func (c *content) failed(err error) error {
	switch e := err.(type) {
	case *body.CutError:
		c.context.gone() // so that who looks at both finds that the client has gone
		if e.Err == nil {
			return io.ErrUnexpectedEOF
		}
		return e.Err
	case *body.SlowError:
		c.late = e.Err
		return e.Err
	case *body.TooLargeError:
		return &http.MaxBytesError{Limit: e.Limit}
	}
	switch err {
	case io.EOF:
		c.takeTrailers()
	case body.ErrClosed:
		return http.ErrBodyReadAfterClose
	}
	return err
}

// takeTrailers fills in the request's trailers at the end of the content.
func (c *content) takeTrailers() {
	if c.ended {
		return
	}
	c.ended = true
	for name, value := range c.reader.Trailers().All() {
		if c.request.Trailer == nil {
			c.request.Trailer = make(http.Header)
		}
		key := canonical(name)
		c.request.Trailer[key] = append(c.request.Trailer[key], value)
	}
}

// overLimit reports whether an http.MaxBytesReader has met its limit with content left unread. It would tell its server so,
// if packages other than net/http could be told. But what it does below can be seen: it asks for one byte more than it may
// give, in a slice that it has cut for that, and when it gets that byte, it never reads again.
func (c *content) overLimit() bool { return c.limited.Load() && !c.reader.Ended() }

// calledByMaxBytesReader reports whether an http.MaxBytesReader has called content.Read, itself or through a few wrappers.
func calledByMaxBytesReader() bool {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for more := true; more; {
		var frame runtime.Frame
		if frame, more = frames.Next(); frame.Function == "net/http.(*maxBytesReader).Read" {
			return true
		}
	}
	return false
}
