// Ranges of bytes: which a request asks for (RFC 9110 §14), and several of them in one response.

package content

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server"
)

// mostRanges is how many a request may ask for. Each costs a seek and a part's head, whatever its length.
const mostRanges = 64

// span is a range of bytes that lies within the content.
type span struct{ from, length int64 }

// of returns the value of Content-Range.
func (s span) of(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.from, s.from+s.length-1, size)
}

// wanted returns the ranges that a request asks for, none for the whole, or the error that says that there are none such.
func wanted(r *server.Request, etag string, it *item) ([]span, error) {
	field := r.Fields.Get("Range")
	if field == "" || r.Method != "GET" || !ifRange(r.Fields.Get("If-Range"), etag, it.modified) {
		return nil, nil
	}
	spans, ok := parseRanges(field, it.size)
	if !ok {
		return nil, &server.StatusError{
			Status: 416, Reason: fmt.Sprintf("none of the ranges %.40q can be had", field),
			Fields: []server.Field{{Name: "Content-Range", Value: fmt.Sprintf("bytes */%d", it.size)}},
		}
	}
	total := int64(0)
	for _, s := range spans {
		total += s.length // at most 64 times the size, of which the first beyond it ends the loop
		if total > it.size {
			return nil, nil
		}
	}
	return spans, nil
}

// parseRanges reads the value of Range. It returns no ranges where that is to be ignored, and false where it is not to be
// satisfied.
func parseRanges(field string, size int64) (spans []span, ok bool) {
	unit, set, found := strings.Cut(field, "=")
	if !found || !parser.EqualFold(unit, "bytes") {
		return nil, true
	}
	asked := 0
	for element := range strings.SplitSeq(set, ",") {
		if element = strings.Trim(element, " \t"); element == "" {
			continue
		}
		asked++
		s, ok := parseRange(element, size)
		if !ok || asked > mostRanges {
			return nil, false
		}
		if s.length > 0 {
			spans = append(spans, s)
		}
	}
	if size == 0 {
		return nil, true // some clients ask for a range of whatever it is, and an empty one is all of it
	}
	return spans, len(spans) > 0 || asked == 0
}

// parseRange reads one int-range or suffix-range (RFC 9110 §14.1.1). A range of no length lies outside the content.
func parseRange(element string, size int64) (s span, ok bool) {
	first, last, found := strings.Cut(element, "-")
	if !found || first+last == "" || !digits(first) || !digits(last) {
		return span{}, false
	}
	if first == "" {
		n := min(number(last), size)
		return span{size - n, n}, true
	}
	from, to := number(first), int64(math.MaxInt64)
	if last != "" {
		to = number(last)
	}
	switch {
	case from > to:
		return span{}, false
	case from >= size:
		return span{}, true
	}
	return span{from, min(to, size-1) - from + 1}, true
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// number returns the value of digits, or the greatest there is.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return n
}

// parts sends several ranges as multipart/byteranges (RFC 9110 §14.6). Their length is known before.
func parts(w *server.Response, it *item, spans []span) error {
	boundary := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	heads := make([]string, len(spans))
	end := "\r\n--" + boundary + "--\r\n"
	length := int64(len(end))
	for i, s := range spans {
		heads[i] = fmt.Sprintf("\r\n--%s\r\nContent-Range: %s\r\nContent-Type: %s\r\n\r\n", boundary, s.of(it.size), w.Get("Content-Type"))
		if i == 0 {
			heads[i] = heads[i][2:]
		}
		length += int64(len(heads[i])) + s.length
	}
	if err := w.Set("Content-Type", "multipart/byteranges; boundary="+boundary); err != nil {
		return err
	}
	if err := w.SetContentLength(length); err != nil {
		return err
	}
	if err := w.SetStatus(206); err != nil {
		return err
	}
	for i, s := range spans {
		if _, err := w.WriteString(heads[i]); err != nil {
			return err
		}
		if err := send(w, it, s); err != nil {
			return err
		}
	}
	_, err := w.WriteString(end)
	return err
}
