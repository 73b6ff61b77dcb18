// Variants: files that have been compressed before, for clients that accept them (RFC 9110 §12.5.3).

package content

import (
	"io/fs"
	"strings"

	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server"
)

// codings are those looked for, the best first.
var codings = []struct{ name, suffix string }{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}

// variant returns the name, the coding and the facts of the file to be sent for another: itself, where there is no variant that
// the client likes as much.
func (d *Dir) variant(r *server.Request, name string, info fs.FileInfo) (string, string, fs.FileInfo) {
	if r.Fields.Get("Accept-Encoding") == "" {
		return name, "", info
	}
	found, coding, best, original := name, "", 0, info.ModTime()
	for _, c := range codings {
		q := weight(r, c.name)
		if q <= best {
			continue
		}
		of, err := d.stat(name + c.suffix)
		if err != nil || of.IsDir() || of.ModTime().Before(original) {
			continue
		}
		found, coding, best, info = name+c.suffix, c.name, q, of
	}
	return found, coding, info
}

// weight returns how much the client wants a coding, in thousandths: 0 is not at all.
func weight(r *server.Request, coding string) int {
	any := 0
	for line := range r.Fields.Values("Accept-Encoding") {
		for element := range strings.SplitSeq(line, ",") {
			name, parameter, _ := strings.Cut(element, ";")
			switch name = strings.Trim(name, " \t"); {
			case parser.EqualFold(name, coding), coding == "gzip" && parser.EqualFold(name, "x-gzip"):
				return quality(parameter)
			case name == "*":
				any = quality(parameter)
			}
		}
	}
	return any
}

// quality reads a weight (RFC 9110 §12.4.2), which is 1 where there is none, and 0 where it is malformed.
func quality(parameter string) int {
	name, value, found := strings.Cut(strings.Trim(parameter, " \t"), "=")
	if !found || !parser.EqualFold(name, "q") {
		if parameter == "" {
			return 1000
		}
		return 0
	}
	whole, fraction, _ := strings.Cut(value, ".")
	switch {
	case len(fraction) > 3 || !digits(fraction):
		return 0
	case whole == "1" && strings.Trim(fraction, "0") == "":
		return 1000
	case whole == "0" && fraction != "":
		return int(number((fraction + "000")[:3]))
	}
	return 0
}
