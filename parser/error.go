// What is refused, and the bounds beyond which it is.

package parser

import (
	"fmt"
	"strconv"
)

// Error says why a message was refused: it broke a rule of the grammar or one of the [Limits].
type Error struct {
	Status  int    // the response's status code: 400, 413, 414, 417, 431, 501 or 505
	Reason  string // what was wrong; bytes of the peer appear quoted, in ASCII, and cut
	Section string // where the rule stands, for example "RFC 9112 §6.1"
}

// Error returns the package, the reason and the rule's section in one line.
func (e *Error) Error() string { return "parser: " + e.Reason + " (" + e.Section + ")" }

// StatusCode returns the status that a response to the refused message carries.
func (e *Error) StatusCode() int { return e.Status }

func refuse(status int, section, format string, args ...any) *Error {
	return &Error{Status: status, Reason: fmt.Sprintf(format, args...), Section: section}
}

// quote makes bytes of the peer fit for an error and a log line: escaped, in ASCII, at most 40 of them.
func quote[T string | []byte](peer T) string {
	const most = 40
	if len(peer) > most {
		return strconv.QuoteToASCII(string(peer[:most])) + "…"
	}
	return strconv.QuoteToASCII(string(peer))
}

// Limits bounds what one request may make the parser hold or read. Each is compared in one place. A zero field means
// that nothing of the kind is allowed; [DefaultLimits] is a sensible set.
type Limits struct {
	HeadBytes          int   // request line and field lines together, with their CRLFs and the empty lines around: 431
	TargetBytes        int   // the request-target: 414
	Fields             int   // field lines in a head or in a trailer section: 431
	TrailerBytes       int   // the trailer section, with its CRLFs and its empty line: 431
	ChunkExtBytes      int   // chunk extensions of one message, with their white space: 413
	ChunkOverheadBytes int64 // by how much a message's chunk framing may exceed its content: 413
}

// DefaultLimits returns 64 KiB for the head, 16 KiB each for the target, the trailer section and the chunk extensions,
// 256 field lines, and 1 MiB of chunk overhead.
func DefaultLimits() Limits {
	return Limits{
		HeadBytes:          64 << 10,
		TargetBytes:        16 << 10,
		Fields:             256,
		TrailerBytes:       16 << 10,
		ChunkExtBytes:      16 << 10,
		ChunkOverheadBytes: 1 << 20,
	}
}
