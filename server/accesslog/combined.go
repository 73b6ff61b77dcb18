// The Combined Log Format, in which nothing of a client's can end a line or a quotation.

package accesslog

import (
	"net"
	"strconv"

	"github.com/spillway-go/spillway/server"
)

// appendCombined appends a line: host, two places that are always empty, time, request line, status, bytes of content, Referer
// and User-Agent.
func appendCombined(b []byte, e server.Event) []byte {
	b = appendEscaped(b, host(e.Remote))
	b = append(b, " - - ["...)
	b = e.Times.FirstByte.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	if e.Method == "" {
		b = appendEscaped(b, e.RequestLine)
	} else {
		b = appendEscaped(b, e.Method+" "+e.Target+" "+e.Proto)
	}
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(e.Status), 10)
	b = append(b, ' ')
	if e.ContentSent > 0 {
		b = strconv.AppendInt(b, e.ContentSent, 10)
	} else {
		b = append(b, '-')
	}
	for _, name := range []string{"Referer", "User-Agent"} {
		value, has := e.Fields.Lookup(name)
		if !has {
			value = "-"
		}
		b = append(b, ` "`...)
		b = appendEscaped(b, value)
		b = append(b, '"')
	}
	return append(b, '\n')
}

// host returns an address without its port, or "-".
func host(addr net.Addr) string {
	if addr == nil {
		return "-"
	}
	if host, _, err := net.SplitHostPort(addr.String()); err == nil {
		return host
	}
	if s := addr.String(); s != "" && s != "@" { // which a client of a Unix socket is
		return s
	}
	return "-"
}

// appendEscaped appends s with all that is not printable ASCII, the quotation mark and the backslash as \xHH.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}
