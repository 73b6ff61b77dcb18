// The content as a handler has it.

package body

import (
	"io"

	"github.com/spillway-go/spillway/parser"
)

// Content is a request's content. It streams: nothing of it is held back, and nothing is read that was not asked for. Its
// methods may be called from any goroutine; a Read beside another returns ErrBusy. When the handler has returned, what was
// not read is settled, and reads return ErrClosed.
type Content struct{ reader *Reader }

var (
	_ io.Reader   = (*Content)(nil)
	_ io.WriterTo = (*Content)(nil)
)

// Read reads content into p. The first Read sends 100 (Continue) if the client waits for it (RFC 9110 §10.1.1). It returns
// io.EOF at the content's end, with the last bytes where that is known by then, and otherwise a *CutError, *SlowError,
// *GarbledError, *TooLargeError, ErrAbandoned, ErrClosed or ErrBusy. All but the *SlowError and ErrBusy are final.
func (c *Content) Read(p []byte) (int, error) { return c.reader.Read(p) }

// WriteTo writes the content to w as it comes, for io.Copy. It returns the first error of Read, other than io.EOF, or of w.
func (c *Content) WriteTo(w io.Writer) (int64, error) { return c.reader.WriteTo(w) }

// Limit refuses content of more than n bytes. If more is declared, the next Read returns a *TooLargeError and nothing is
// read; if the content is chunked, n bytes are read first. A limit can be lowered and not raised.
func (c *Content) Limit(n int64) { c.reader.Limit(n) }

// Remaining returns how many bytes are still to be read, or -1 while that is unknown, as it is for chunked content until its
// end.
func (c *Content) Remaining() int64 { return c.reader.Remaining() }

// Received returns how many bytes have been read.
func (c *Content) Received() int64 { return c.reader.Received() }

// Trailers returns the trailer fields (RFC 9110 §6.5). There are none before Read has returned io.EOF.
func (c *Content) Trailers() parser.Fields { return c.reader.Trailers() }
