// Cookies of requests.

package cookie

import (
	"iter"
	"strings"

	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server"
)

// Get returns the value of the first cookie with this name, whose case counts, and whether there is one.
func Get(r *server.Request, name string) (value string, ok bool) {
	for n, v := range All(r) {
		if n == name {
			return v, true
		}
	}
	return "", false
}

// All returns the names and values of a request's cookies in the order received. Values are without the quotes that may stand
// around them. What is malformed is left out.
func All(r *server.Request) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for line := range r.Fields.Values("Cookie") {
			for name, value := range pairs(line) {
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

// pairs returns the cookies of one field line.
func pairs(line string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			name = strings.Trim(name, " \t")
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			if parser.IsToken(name) && isReadable(value) && !yield(name, value) {
				return
			}
		}
	}
}

// isReadable reports whether a value is taken from a request: clients send more than may be set.
func isReadable(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f || c == '"' || c == ';' || c == '\\' {
			return false
		}
	}
	return true
}
