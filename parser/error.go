// What is refused, and the bounds beyond which it is.

package parser

import (
	"fmt"
	"strconv"
	"strings"
)

// Error says why a message was refused: it broke a rule of the grammar or one of the [Limits].
type Error struct {
	Status  int    // the response's status code: 400, 413, 414, 417, 431, 501 or 505
	Reason  string // what was wrong; bytes of the peer appear quoted, in ASCII, and cut
	Section string // where the rule stands, for example "RFC 9112 §6.1"

	form string // the reason before anything was put into it; "": it holds nothing of the peer's
}

// Rule is what was broken, whoever broke it with whatever bytes: there are only as many rules as the package has places that
// refuse, so that they can be counted.
type Rule struct {
	Status  int    // of the response
	Reason  string // what was wrong, with … for what differs
	Section string // where the rule stands
}

// Rule returns the rule that was broken.
func (e *Error) Rule() Rule {
	if e.form == "" {
		return Rule{e.Status, e.Reason, e.Section}
	}
	return Rule{e.Status, verbs.Replace(e.form), e.Section}
}

// verbs are what may stand in the form of a reason.
var verbs = strings.NewReplacer("%s", "…", "%d", "…", "%c", "…")

// Error returns the package, the reason and the rule's section in one line.
func (e *Error) Error() string { return "parser: " + e.Reason + " (" + e.Section + ")" }

// StatusCode returns the status that a response to the refused message carries.
func (e *Error) StatusCode() int { return e.Status }

func refuse(status int, section, format string, args ...any) *Error {
	return &Error{Status: status, Reason: fmt.Sprintf(format, args...), Section: section, form: format}
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
