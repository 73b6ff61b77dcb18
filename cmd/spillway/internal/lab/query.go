// The routes' parameters stand in the query.

package lab

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// parameter returns the value of a parameter, the first where there are several. Errors are *server.StatusError.
func parameter(query, name string) (string, error) {
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key != name {
			continue
		}
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			return "", badValue("%s: %+.40q is not percent-encoded", name, value)
		}
		return decoded, nil
	}
	return "", badValue("%s: the query has no such parameter", name)
}

// number returns the value of a parameter that is a decimal number within bounds. Errors are *server.StatusError.
func number(query, name string, least, most int64) (int64, error) {
	value, err := parameter(query, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil || int64(n) < least || int64(n) > most {
		return 0, badValue("%s: %+.40q is not a number from %d to %d", name, value, least, most)
	}
	return int64(n), nil
}

func badValue(format string, args ...any) error {
	return &server.StatusError{Status: 400, Reason: fmt.Sprintf(format, args...)}
}
