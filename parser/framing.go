// Where a request's content ends is decided here, from its head alone (RFC 9112 §6.3).

package parser

import (
	"errors"
	"strconv"
	"strings"
)

// Chunked is the Framing of content in the chunked transfer coding, whose length shows only at its end.
const Chunked Framing = -1

// Framing is how a request's content is delimited: a number of bytes, or Chunked. Zero means that there is none.
type Framing int64

// FramingOf decides how the request's content is delimited. Errors are *Error with status 400 or 501; after one, no
// byte of the connection can be trusted to begin a request.
func FramingOf(h *Head) (Framing, error) {
	length, coded := h.has(contentLengthField), h.has(transferEncodingField)
	switch {
	case length && coded:
		return 0, refuse(400, "RFC 9112 §6.1", "Content-Length and Transfer-Encoding in one request")
	case coded:
		if h.Minor == 0 {
			return 0, refuse(400, "RFC 9112 §6.1", "Transfer-Encoding in an HTTP/1.0 request")
		}
		if h.Method == "CONNECT" {
			return 0, refuse(400, "RFC 9110 §9.3.6", "Transfer-Encoding in a CONNECT request")
		}
		if err := checkCodings(h.list(transferEncodingField)); err != nil {
			return 0, err
		}
		return Chunked, nil
	case length:
		if n := h.known[contentLengthField].lines; n > 1 {
			return 0, refuse(400, "RFC 9112 §6.3", "%d Content-Length fields", n)
		}
		n, err := parseLength(h.value(contentLengthField))
		if err == nil && n > 0 && h.Method == "CONNECT" {
			return 0, refuse(400, "RFC 9110 §9.3.6", "content in a CONNECT request")
		}
		return n, err
	}
	return 0, nil
}

// parseLength parses a Content-Length: 1*DIGIT, no list, no sign, at most an int64 (RFC 9110 §8.6).
func parseLength(s string) (Framing, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	switch {
	case err == nil:
		return Framing(n), nil
	case s == "":
		return 0, refuse(400, "RFC 9110 §8.6", "an empty Content-Length")
	case errors.Is(err, strconv.ErrRange):
		return 0, refuse(400, "RFC 9110 §8.6", "Content-Length %s is out of range", quote(s))
	}
	return 0, refuse(400, "RFC 9110 §8.6", "Content-Length %s is not a number", quote(s))
}

// checkCodings accepts the list of transfer codings that is exactly "chunked" (RFC 9112 §6.1, §7).
func checkCodings(list string) error {
	if EqualFold(list, "chunked") {
		return nil
	}
	codings := strings.Split(list, ",")
	unknown := ""
	for i, coding := range codings {
		coding = strings.Trim(coding, " \t")
		name, params, parameterised := strings.Cut(coding, ";")
		name = strings.TrimRight(name, " \t")
		if !isAll(name, isToken, 0) || parameterised && strings.Trim(params, " \t") == "" {
			return refuse(400, "RFC 9112 §7", "malformed Transfer-Encoding %s", quote(list))
		}
		if !EqualFold(name, "chunked") {
			unknown = name
			continue
		}
		if parameterised || i != len(codings)-1 {
			return refuse(400, "RFC 9112 §6.1", "Transfer-Encoding %s: chunked must come once, last and bare", quote(list))
		}
	}
	return refuse(501, "RFC 9112 §6.1", "transfer coding %s", quote(unknown))
}
