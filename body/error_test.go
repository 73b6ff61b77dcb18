// What the errors of reads say and wrap.

package body_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/parser"
)

// coded is what a server makes a response of.
type coded interface {
	error
	StatusCode() int
}

// Each end of the content has its own error, with its own text and status.
func TestErrors(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	const chunked = parser.Chunked
	few := limits
	few.ChunkExtBytes, few.ChunkOverheadBytes, few.TrailerBytes, few.Fields = 8, 20, 20, 2
	for _, row := range []struct {
		what    string
		framing parser.Framing
		wire    string
		then    error
		limit   int64
		status  int
		want    string
	}{
		{"cut", 11, "hel", io.EOF, 99, 400, "body: peer closed after 3 of 11 bytes"},
		{"cut before anything", 11, "", io.EOF, 99, 400, "body: peer closed after 0 of 11 bytes"},
		{"cut inside a chunk", chunked, "b\r\nhel", io.EOF, 99, 400, "body: peer closed after 3 bytes of chunked content"},
		{"cut behind the content", chunked, "5\r\nhello\r\n0\r\n", io.EOF, 99, 400, "body: peer closed after 5 bytes of chunked content"},
		{"reset", 11, "hel", reset, 99, 400, "body: peer closed after 3 of 11 bytes: read tcp: read: connection reset by peer"},
		{"slow", 11, "hel", os.ErrDeadlineExceeded, 99, 408, "body: peer too slow after 3 of 11 bytes: i/o timeout"},
		{
			"slow inside a chunk's header", chunked, "5\r\nhello\r\n5", os.ErrDeadlineExceeded, 99, 408,
			"body: peer too slow after 5 bytes of chunked content: i/o timeout",
		},
		{"too large", 11, "hel", io.EOF, 10, 413, "body: content of more than 10 bytes"},
		{"too large in the end", chunked, "b\r\nhello world", io.EOF, 10, 413, "body: content of more than 10 bytes"},
		{"garbled", chunked, "hello", io.EOF, 99, 400, `body: garbled after 0 bytes: parser: "h" is not a chunk size (RFC 9112 §7.1)`},
		{
			"garbled behind a chunk", chunked, "3\r\nhello", io.EOF, 99, 400,
			`body: garbled after 3 bytes: parser: "l" where a chunk's content ends (RFC 9112 §7.1)`,
		},
		{
			"garbled trailers", chunked, "5\r\nhello\r\n0\r\nA\r\n", io.EOF, 99, 400,
			`body: garbled after 5 bytes: parser: the field line "A" has no colon (RFC 9112 §5)`,
		},
		{
			"a long extension", chunked, "5;abcdefgh\r\nhello\r\n", io.EOF, 99, 413,
			"body: garbled after 0 bytes: parser: chunk extensions of more than 8 bytes (RFC 9112 §7.1.1)",
		},
		{
			"much framing", chunked, "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n1\r\n ", io.EOF, 99, 413,
			"body: garbled after 5 bytes: parser: chunk framing exceeds the content by more than 20 bytes (RFC 9112 §7.1.1)",
		},
		{
			"a long trailer section", chunked, "5\r\nhello\r\n0\r\nA: 0123456789012345\r\n\r\n", io.EOF, 99, 431,
			"body: garbled after 5 bytes: parser: trailer section of more than 20 bytes (RFC 6585 §5)",
		},
		{
			"many trailers", chunked, "5\r\nhello\r\n0\r\nA:\r\nB:\r\nC:\r\n\r\n", io.EOF, 99, 431,
			"body: garbled after 5 bytes: parser: more than 2 field lines (RFC 6585 §5)",
		},
	} {
		t.Run(row.what, func(t *testing.T) {
			for pieces := range waysToSend(row.wire) {
				r := body.NewReader(sends(t, pieces...).ends(row.then), row.framing, false, &few)
				r.Limit(row.limit)
				_, err := copyAll(r)
				var e coded
				if !errors.As(err, &e) || e.StatusCode() != row.status || e.Error() != row.want {
					t.Fatalf("%q: %v\n   want %d %s", pieces, err, row.status, row.want)
				}
			}
		})
	}
}

// The kinds can be told apart, and what lies beneath can be found.
func TestErrorsIsAndAs(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	late := &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	bad := &parser.Error{Status: 400, Reason: "bad", Section: "RFC 9112 §7.1"}
	for _, row := range []struct {
		err error
		is  string
	}{
		{&body.CutError{Got: 3, Want: 11}, "unexpected EOF, cut"},
		{&body.CutError{Got: 3, Want: 11, Err: reset}, "unexpected EOF, reset, cut"},
		{&body.SlowError{Got: 3, Want: 11, Err: late}, "timeout, net timeout, slow"},
		{&body.GarbledError{Got: 3, Err: bad}, "parser, garbled"},
		{&body.TooLargeError{Limit: 3}, "large"},
		{body.ErrClosed, "closed"},
		{body.ErrBusy, "busy"},
		{body.ErrAbandoned, "abandoned"},
	} {
		got := ""
		note := func(name string, is bool) {
			if is && got != "" {
				got += ", "
			}
			if is {
				got += name
			}
		}
		for _, err := range []error{row.err, fmt.Errorf("wrapped: %w", row.err)} {
			got = ""
			var cut *body.CutError
			var slow *body.SlowError
			var garbled *body.GarbledError
			var large *body.TooLargeError
			var parserError *parser.Error
			var netError net.Error
			note("EOF", errors.Is(err, io.EOF))
			note("unexpected EOF", errors.Is(err, io.ErrUnexpectedEOF))
			note("reset", errors.Is(err, syscall.ECONNRESET))
			note("timeout", errors.Is(err, os.ErrDeadlineExceeded))
			note("net timeout", errors.As(err, &netError) && netError.Timeout())
			note("parser", errors.As(err, &parserError))
			note("cut", errors.As(err, &cut))
			note("slow", errors.As(err, &slow))
			note("garbled", errors.As(err, &garbled))
			note("large", errors.As(err, &large))
			note("closed", errors.Is(err, body.ErrClosed))
			note("busy", errors.Is(err, body.ErrBusy))
			note("abandoned", errors.Is(err, body.ErrAbandoned))
			if got != row.is {
				t.Errorf("%v is %s, want %s", err, got, row.is)
			}
		}
	}
}
