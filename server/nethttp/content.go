// The content as net/http's handlers know it: an io.ReadCloser with net/http's errors.

package nethttp

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/spillway-go/spillway/body"
)

// content is the Body of a request that has one.
type content struct {
	reader  *body.Reader
	request *http.Request
	closed  atomic.Bool
	mu      sync.Mutex // one read at a time
}

// Read reads content. After Close, or after the handler has returned, it returns http.ErrBodyReadAfterClose.
func (c *content) Read(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.reader.Read(p)
	if err != nil {
		err = c.failed(err)
	}
	return n, err
}

// WriteTo is for io.Copy.
func (c *content) WriteTo(w io.Writer) (int64, error) {
	if c.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.reader.WriteTo(w)
	if err == nil {
		c.takeTrailers()
	} else {
		err = c.failed(err)
	}
	return n, err
}

// Close ends the reading. What becomes of the rest is not decided here.
func (c *content) Close() error {
	c.closed.Store(true)
	return nil
}

// failed returns the error that net/http has for one of package body.
func (c *content) failed(err error) error {
	switch e := err.(type) {
	case *body.CutError:
		if e.Err == nil {
			return io.ErrUnexpectedEOF
		}
		return e.Err
	case *body.SlowError:
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
	for name, value := range c.reader.Trailers().All() {
		if c.request.Trailer == nil {
			c.request.Trailer = make(http.Header)
		}
		key := canonical(name)
		c.request.Trailer[key] = append(c.request.Trailer[key], value)
	}
	c.reader.Trailers().Reset()
}

var maxBytesReader = reflect.TypeOf(http.MaxBytesReader(nil, nil, 0))

// maxBytesLimitHit reports whether r is an http.MaxBytesReader that has met its limit. It would tell its server so, if
// packages other than net/http could be told; but a read of nothing tells whether it has.
func maxBytesLimitHit(r io.Reader) bool {
	if reflect.TypeOf(r) != maxBytesReader {
		return false
	}
	_, err := r.Read(nil)
	var over *http.MaxBytesError
	return errors.As(err, &over)
}
