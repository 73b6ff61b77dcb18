// The errors that a Reader's Read returns, apart from io.EOF: each tells a different end.

package body

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spillway-go/spillway/parser"
)

// ErrClosed is returned by reads after Close, or after the exchange has ended.
var ErrClosed = errors.New("body: read after the exchange has ended")

// ErrBusy is returned by a read while another goroutine is inside one.
var ErrBusy = errors.New("body: read while another read is under way")

// ErrAbandoned is returned by reads of content that was given up, because the client does not take the response while it
// sends more content than the server holds for the handler.
var ErrAbandoned = errors.New("body: content given up, because the client sends it without reading the response")

// errInvalidWrite is io.Copy's, of a writer that says what cannot be.
var errInvalidWrite = errors.New("invalid write result")

// CutError says that the client closed or reset the connection inside the content. It is an io.ErrUnexpectedEOF.
type CutError struct {
	Got  int64 // content bytes received
	Want int64 // content bytes declared, -1 where the content is chunked
	Err  error // the transport's error, nil for a plain end of stream
}

func (e *CutError) Error() string {
	s := "body: peer closed after " + amount(e.Got, e.Want)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns io.ErrUnexpectedEOF, and the transport's error if there is one.
func (e *CutError) Unwrap() []error {
	if e.Err == nil {
		return []error{io.ErrUnexpectedEOF}
	}
	return []error{io.ErrUnexpectedEOF, e.Err}
}

// StatusCode returns 400: there may be a client that has closed only its sending side.
func (e *CutError) StatusCode() int { return 400 }

// SlowError says that the content did not come in time. It wraps the transport's os.ErrDeadlineExceeded, and another
// read may be tried when the deadline has been moved.
type SlowError struct {
	Got  int64 // content bytes received
	Want int64 // content bytes declared, -1 where the content is chunked
	Err  error
}

func (e *SlowError) Error() string {
	return "body: peer too slow after " + amount(e.Got, e.Want) + ": " + e.Err.Error()
}

// Unwrap returns the transport's error.
func (e *SlowError) Unwrap() error { return e.Err }

// StatusCode returns 408 (Request Timeout).
func (e *SlowError) StatusCode() int { return 408 }

// GarbledError says that the content broke its own framing, so that it has no end. It wraps the parser's error.
type GarbledError struct {
	Got int64 // content bytes received
	Err *parser.Error
}

func (e *GarbledError) Error() string {
	return fmt.Sprintf("body: garbled after %d bytes: %v", e.Got, e.Err)
}

// Unwrap returns the parser's error.
func (e *GarbledError) Unwrap() error { return e.Err }

// StatusCode returns the status that the broken rule calls for: 400, 413 or 431.
func (e *GarbledError) StatusCode() int { return e.Err.Status }

// TooLargeError says that the content is, or has become, larger than its limit.
type TooLargeError struct {
	Limit int64 // content bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("body: content of more than %d bytes", e.Limit)
}

// StatusCode returns 413 (Content Too Large).
func (e *TooLargeError) StatusCode() int { return 413 }

func amount(got, want int64) string {
	if want < 0 {
		return fmt.Sprintf("%d bytes of chunked content", got)
	}
	return fmt.Sprintf("%d of %d bytes", got, want)
}

// isTimeout reports whether an error of the source says that a deadline has struck.
func isTimeout(err error) bool {
	var with interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &with) && with.Timeout() && !errors.Is(err, syscall.ETIMEDOUT) // which is the system's last word
}
