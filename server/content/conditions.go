// Conditions: whether a request is to be carried out on the content as it is now (RFC 9110 §13).

package content

import (
	"iter"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
)

// precondition evaluates a request's conditions in the order of RFC 9110 §13.2.2. It returns 0 where the request is to be
// carried out, else 304 or 412.
func precondition(r *server.Request, etag string, modified time.Time) (status int) {
	reads := r.Method == "GET" || r.Method == "HEAD"
	if r.Fields.Get("If-Match") != "" {
		if !matches(r.Fields.Values("If-Match"), etag, strongly) {
			return 412
		}
	} else if at, ok := date(r.Fields.Get("If-Unmodified-Since")); ok && isTime(modified) && newer(modified, at) {
		return 412
	}
	if r.Fields.Get("If-None-Match") != "" {
		switch {
		case !matches(r.Fields.Values("If-None-Match"), etag, weakly):
			return 0
		case reads:
			return 304
		}
		return 412
	}
	if at, ok := date(r.Fields.Get("If-Modified-Since")); ok && reads && isTime(modified) && !newer(modified, at) {
		return 304
	}
	return 0
}

// ifRange evaluates If-Range (RFC 9110 §13.1.5): it reports whether the Range counts.
func ifRange(field, etag string, modified time.Time) bool {
	if field == "" {
		return true
	}
	if tag, _, ok := entityTag(field); ok {
		return strongly(tag, etag)
	}
	at, ok := date(field)
	return ok && isTime(modified) && at.Unix() == modified.Unix()
}

// matches reports whether one of the entity tags in some field lines is that of the content, by a comparison. A star
// stands for any. What stands behind something malformed is not looked at.
func matches(lines iter.Seq[string], etag string, same func(a, b string) bool) bool {
	for line := range lines {
		for {
			line = strings.TrimLeft(line, " \t,")
			if strings.HasPrefix(line, "*") {
				return true
			}
			tag, rest, ok := entityTag(line)
			if !ok {
				break
			}
			if same(tag, etag) {
				return true
			}
			line = rest
		}
	}
	return false
}

// entityTag returns the entity tag that s begins with (RFC 9110 §8.8.3), and what follows.
func entityTag(s string) (tag, rest string, ok bool) {
	opaque := strings.TrimPrefix(s, "W/")
	if !strings.HasPrefix(opaque, `"`) {
		return "", "", false
	}
	end := strings.IndexByte(opaque[1:], '"') + 1
	if end == 0 {
		return "", "", false
	}
	for i := range end {
		if c := opaque[i]; c <= ' ' || c == 0x7f {
			return "", "", false
		}
	}
	n := len(s) - len(opaque) + end + 1
	return s[:n], s[n:], true
}

// strongly and weakly compare entity tags (RFC 9110 §8.8.3.2).
func strongly(a, b string) bool { return a == b && strings.HasPrefix(a, `"`) }

func weakly(a, b string) bool {
	return b != "" && strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// timeFormat is the one in which dates are sent (RFC 9110 §5.6.7).
const timeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// date reads a date in any of the three formats that there have been (RFC 9110 §5.6.7).
func date(field string) (time.Time, bool) {
	if field == "" {
		return time.Time{}, false
	}
	for _, format := range []string{timeFormat, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(format, field); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// newer compares the time of a modification with a field's, which has whole seconds.
func newer(modified, than time.Time) bool { return modified.Truncate(time.Second).After(than) }

// isTime reports whether a time of modification is one: file systems have zero, of either kind, where they know none.
func isTime(t time.Time) bool { return !t.IsZero() && !t.Equal(time.Unix(0, 0)) }
