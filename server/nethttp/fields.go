// How a handler's http.Header becomes the fields of a response.

package nethttp

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/parser"
)

// framing is what a handler's fields say of the framing.
type framing struct {
	coding, length string
	declared       bool // there is a Content-Length, be it empty or nil
}

// giveHead gives the status, and the header's fields as they are now, in the order of their names, to the native response.
func (x *exchange) giveHead() {
	x.sniff = x.mayHaveContent()
	var f framing
	x.native.GiveHead(int(x.status), phraseOf, func(h conn.Head) {
		for _, key := range x.conn.keysOf(x.header) {
			x.giveField(h, key, x.header[key], &f)
		}
	})
	x.decideFraming(&f)
}

func sortedKeys(keys []string, h http.Header) []string {
	for key := range h {
		keys = append(keys, key)
	}
	if len(keys) > 1 {
		slices.Sort(keys)
	}
	return keys
}

// giveField gives one field. Those that the server has a say in are treated as net/http does.
func (x *exchange) giveField(h conn.Head, key string, values []string, f *framing) {
	switch key {
	case "Content-Length":
		f.length, f.declared = first(values), true
		return
	case "Transfer-Encoding":
		f.coding = first(values)
		return
	case "Content-Type":
		x.sniff = false
		if x.status == http.StatusNotModified {
			return
		}
	case "Content-Encoding":
		x.sniff = x.sniff && first(values) == ""
	case "Date":
		if len(values) == 0 {
			h.OmitDate()
		}
	case "Connection":
		values = x.giveConnection(h, values)
	case "Trailer":
		x.declareTrailers(values)
	default:
		if parser.EqualFold(key, "Content-Length") || parser.EqualFold(key, "Transfer-Encoding") {
			return // not under the name that counts
		}
	}
	if strings.HasPrefix(key, http.TrailerPrefix) {
		x.forced = true
		return
	}
	for _, value := range values {
		if !h.Again(key, trim(value)) { // what has line ends in it is never the same again
			h.Add(key, clean(value))
		}
	}
}

// giveConnection gives the word close, and returns the other values: for an HTTP/1.0 client keep-alive is not among them,
// because the connection says it itself.
func (x *exchange) giveConnection(h conn.Head, values []string) []string {
	if httpguts.HeaderValuesContainsToken(values, "close") {
		h.Close()
		return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
			return httpguts.HeaderValuesContainsToken([]string{v}, "close")
		})
	}
	if x.old && len(values) == 1 && strings.EqualFold(values[0], "keep-alive") {
		return nil
	}
	return values
}

// decideFraming takes in Content-Length and Transfer-Encoding, which a handler may have set in any combination.
func (x *exchange) decideFraming(f *framing) {
	if f.coding != "" {
		x.sniff = false
		x.forced = true
		x.giveCoding(f.coding)
	}
	if f.declared {
		x.declare(f.length)
	}
	if x.declared >= 0 && f.coding != "" && !parser.EqualFold(f.coding, "identity") {
		x.conn.logf("http: WriteHeader called with both Transfer-Encoding of %q and a Content-Length of %d", f.coding, x.declared)
		x.declared = -1
	}
	switch {
	case x.declared >= 0 && x.mayHaveContent():
		x.native.SetContentLength(x.declared)
	case parser.EqualFold(f.coding, "identity"):
		x.native.UntilClose()
	}
}

// giveCoding takes in a transfer coding that the handler has applied. Where that cannot be said to the client the exchange
// fails: the content would be taken for what it is not.
func (x *exchange) giveCoding(coding string) {
	if !parser.EqualFold(coding, "chunked") && !parser.EqualFold(coding, "identity") && x.mayHaveContent() && x.request.Method != "HEAD" {
		x.rarely().failed = x.native.SetCoding(coding)
	}
}

// declare takes in a Content-Length.
func (x *exchange) declare(value string) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err == nil && n >= 0 {
		x.declared = n
		return
	}
	x.forced = true
	if value != "" {
		x.conn.logf("http: invalid Content-Length of %q", value)
		x.header.Del("Content-Length")
	}
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// clean makes one line of a value, without white space around it.
func clean(value string) string {
	if strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0 {
		value = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return ' '
			}
			return r
		}, value)
	}
	return trim(value)
}

// trim returns a value without the white space around it.
func trim(value string) string {
	if n := len(value); n > 0 && (isBlank(value[0]) || isBlank(value[n-1])) {
		return strings.Trim(value, " \t")
	}
	return value
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// declareTrailers takes in the names of the trailers that the handler will set.
func (x *exchange) declareTrailers(lines []string) {
	for _, line := range lines {
		x.forced = true
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if name != "" && !parser.ForbiddenInTrailers(name) {
				rare := x.rarely()
				rare.trailers = append(rare.trailers, name)
			}
		}
	}
}

// sendTrailers gives the trailers to the native response, which leaves them out where its framing has no place for them.
func (x *exchange) sendTrailers() {
	if x.header == nil || !x.begun || x.declared >= 0 {
		return
	}
	var few [16]string
	for _, key := range sortedKeys(few[:0], x.header) {
		if name, ok := strings.CutPrefix(key, http.TrailerPrefix); ok {
			x.sendTrailer(name, x.header[key])
		}
	}
	if x.rare == nil {
		return
	}
	for _, name := range x.rare.trailers {
		x.sendTrailer(name, x.header[name])
	}
}

func (x *exchange) sendTrailer(name string, values []string) {
	for _, value := range values {
		x.native.SetTrailer(name, clean(value))
	}
}

// inform sends an informational response with the fields set so far.
func (x *exchange) inform(code int) {
	var few [16]string
	keys := sortedKeys(few[:0], x.header)
	for _, key := range keys {
		switch key {
		case "Content-Length", "Transfer-Encoding":
			continue
		}
		for _, value := range x.header[key] {
			if key == "Connection" {
				value = withoutClose(value)
			}
			if key != "Connection" || value != "" {
				x.native.Add(key, clean(value))
			}
		}
	}
	x.native.AsStock(phraseOf)
	x.noteFailure(x.native.Inform(code))
	for _, key := range keys {
		x.native.Del(key)
	}
}

// withoutClose returns a Connection field's options without close, which an informational response cannot mean.
func withoutClose(value string) string {
	if !httpguts.HeaderValuesContainsToken([]string{value}, "close") {
		return value
	}
	var rest []string
	for option := range strings.SplitSeq(value, ",") {
		if option = strings.Trim(option, " \t"); !parser.EqualFold(option, "close") {
			rest = append(rest, option)
		}
	}
	return strings.Join(rest, ", ")
}
