// Forms of pairs: application/x-www-form-urlencoded.

package form

import (
	"fmt"
	"io"
	"mime"
	"net/url"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// Limits bounds what a form may hold. Each zero field means its default, each negative one turns a limit off.
type Limits struct {
	Bytes       int64 // content in all; 0: 1 MiB for Parse, and what the server allows for Parts
	Pairs       int   // names with values, for Parse; 0: 1000
	Parts       int   // for Parts; 0: 1000
	HeaderBytes int64 // of a part's head, and of what stands before it that is no part, beside up to 4 KiB that are read ahead; 0: 16 KiB
	PartBytes   int64 // content of one part; 0: no limit but Bytes
	TextBytes   int64 // what Part.Text returns; 0: 64 KiB
}

// or returns a limit, or its default, or, where it is off, the greatest that there is.
func or[N int | int64](limit, byDefault N) N {
	const most = 1<<31 - 1
	switch {
	case limit == 0:
		return byDefault
	case limit < 0:
		return most
	}
	return limit
}

// Parse reads the request's content as pairs. Errors carry a status: 415 for content of another type, 413 beyond a limit, 400
// for a broken percent-encoding or a semicolon, and those of reading.
func Parse(r *server.Request, l Limits) (url.Values, error) {
	if err := isType(r, "application/x-www-form-urlencoded"); err != nil {
		return nil, err
	}
	if l.Bytes >= 0 {
		r.Body.Limit(or(l.Bytes, 1<<20))
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return parse(string(text), l)
}

// parse reads pairs, of which there may not be too many.
func parse(text string, l Limits) (url.Values, error) {
	if most := or(l.Pairs, 1000); strings.Count(text, "&") >= most {
		return nil, &server.StatusError{Status: 413, Reason: fmt.Sprintf("the form has more than %d fields", most)}
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, &server.StatusError{Status: 400, Reason: fmt.Sprintf("the form is malformed: %.100q", err.Error())}
	}
	return values, nil
}

// isType returns an error unless the content is of a type.
func isType(r *server.Request, want string) error {
	got := r.Fields.Get("Content-Type")
	if t, _, err := mime.ParseMediaType(got); err != nil || t != want {
		return &server.StatusError{Status: 415, Reason: fmt.Sprintf("the content's type is %.60q, and not %s", got, want)}
	}
	return nil
}
