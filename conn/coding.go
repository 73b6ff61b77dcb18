// Transfer codings that a handler has applied itself are sent only where the client can tell, and has asked for them.

package conn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/parser"
)

// SetCoding says that the content that the handler writes is in these transfer codings, for example "gzip": they stand before
// chunked in the Transfer-Encoding field, and a Content-Length does not count any more. It returns an error if one of them is
// none, or is chunked, or if the client does not accept it in a TE field (RFC 9110 §10.1.4), as no HTTP/1.0 client does.
func (a Adapter) SetCoding(codings string) error {
	res, err := a.lock()
	if err != nil {
		return err
	}
	defer a.out.mu.Unlock()
	if err := res.open(); err != nil {
		return err
	}
	for coding := range strings.SplitSeq(codings, ",") {
		coding = strings.Trim(coding, " \t")
		switch {
		case !parser.IsToken(coding) || parser.EqualFold(coding, "chunked"):
			return fmt.Errorf("conn: %.40q is no transfer coding for content (RFC 9112 §7)", coding)
		case a.req.Minor == 0 || !accepts(a.req.Head, coding):
			return fmt.Errorf("conn: transfer coding %.40q, for which the client has not asked (RFC 9112 §7.4)", coding)
		}
	}
	res.codings, res.declared = codings, -1
	return nil
}

// accepts reports whether the TE field lists the coding, with a weight that is not 0.
func accepts(h *parser.Head, coding string) bool {
	for value := range h.Values("TE") {
		for element := range parser.Elements(value) {
			name, weight, _ := strings.Cut(element, ";")
			if parser.EqualFold(strings.TrimRight(name, " \t"), coding) {
				return !weighsNothing(weight)
			}
		}
	}
	return false
}

// weighsNothing reports whether parameters end in a weight of 0 (RFC 9110 §12.4.2).
func weighsNothing(parameters string) bool {
	last := strings.Trim(parameters[strings.LastIndexByte(parameters, ';')+1:], " \t")
	if len(last) < 2 || !parser.EqualFold(last[:2], "q=") {
		return false
	}
	q, err := strconv.ParseFloat(last[2:], 64)
	return err != nil || q == 0
}
