// The notation: bytes to text that is safe to print anywhere, and text to bytes.

package dialogue

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostDecoded is how many bytes one line of notation may stand for: repetitions can be nested.
const mostDecoded = 64 << 20

var (
	repetition = regexp.MustCompile(`^\{((?:[^{}\\]|\\.)+)\*(\d{1,9})\}`)
	variable   = regexp.MustCompile(`^\$([a-z]+)`)
	// lastEnd finds the last place where a repetition could end.
	lastEnd = regexp.MustCompile(`(?s)^.*\*\d{1,9}\}`)
)

// Decode turns the notation of one line into bytes, without the CRLF behind it. It reports whether a backslash at the end
// says that the line does not end there. Where vars is not nil, $name stands for vars["name"].
func Decode(s string, vars map[string][]byte) (b []byte, open bool, err error) {
	for s != "" {
		var piece []byte
		n := 1
		switch m := repetition.FindStringSubmatch(s); {
		case m != nil:
			n = len(m[0])
			piece, err = repeat(m[1], m[2], vars)
		case s == `\`:
			return b, true, nil
		case s[0] == '\\':
			piece, n, err = unescape(s)
		case s[0] == '$' && vars != nil:
			piece, n, err = lookup(s, vars)
		default:
			piece = []byte{s[0]}
		}
		if err != nil {
			return nil, false, err
		}
		if len(b)+len(piece) > mostDecoded {
			return nil, false, fmt.Errorf("dialogue: a line stands for more than %d bytes", mostDecoded)
		}
		b = append(b, piece...)
		s = s[n:]
	}
	return b, false, nil
}

func repeat(text, times string, vars map[string][]byte) ([]byte, error) {
	once, _, err := Decode(text, vars)
	n, _ := strconv.Atoi(times)
	if err == nil && n*len(once) > mostDecoded {
		err = fmt.Errorf("dialogue: {%.20s*%d} is more than %d bytes", text, n, mostDecoded)
	}
	if err != nil {
		return nil, err
	}
	return bytes.Repeat(once, n), nil
}

func lookup(s string, vars map[string][]byte) ([]byte, int, error) {
	m := variable.FindStringSubmatch(s)
	if m == nil {
		return nil, 0, fmt.Errorf("dialogue: no name behind $ in %.20q", s)
	}
	value, ok := vars[m[1]]
	if !ok {
		return nil, 0, fmt.Errorf("dialogue: $%s stands for nothing", m[1])
	}
	return value, len(m[0]), nil
}

// unescape returns what the escape at the beginning of s stands for, and the escape's length.
func unescape(s string) ([]byte, int, error) {
	switch s[1] {
	case 'r':
		return []byte{'\r'}, 2, nil
	case 'n':
		return []byte{'\n'}, 2, nil
	case 't':
		return []byte{'\t'}, 2, nil
	case '\\', '{', ';', '$':
		return []byte{s[1]}, 2, nil
	case 'x':
		if len(s) >= 4 {
			c, err := strconv.ParseUint(s[2:4], 16, 8)
			if err == nil {
				return []byte{byte(c)}, 4, nil
			}
		}
	}
	return nil, 0, fmt.Errorf("dialogue: unknown escape in %.20q", s)
}

// Encode turns bytes into as many lines of notation as there are CRLFs, and one more for what is behind the last. The
// text holds printable characters only.
func Encode(data []byte) []string {
	var all []string
	for len(data) > 0 {
		row, rest, ended := bytes.Cut(data, []byte("\r\n"))
		text := EncodeRow(row)
		if !ended {
			text += `\`
		}
		all = append(all, text)
		data = rest
	}
	return all
}

// EncodeRow turns bytes into one line of notation, without saying whether the line ends there.
func EncodeRow(row []byte) string {
	const worthIt = 32 // bytes in a row, to be written as a repetition
	var b strings.Builder
	plain := len(row) - len(lastEnd.Find(row)) // of the last so many bytes, none ends a repetition
	for len(row) > 0 {
		one, size := encodeOne(row)
		if row[0] == '{' && len(row) > plain {
			one = `\{`
		}
		n := 1
		for size == 1 && n < len(row) && row[n] == row[0] {
			n++
		}
		if n >= worthIt {
			if strings.IndexByte("{}*", row[0]) >= 0 { // what a repetition is written with
				one = fmt.Sprintf(`\x%02x`, row[0])
			}
			fmt.Fprintf(&b, "{%s*%d}", one, n)
			row = row[n:]
			continue
		}
		b.WriteString(one)
		row = row[size:]
	}
	return b.String()
}

// encodeOne writes the first character of row and returns its length in bytes.
func encodeOne(row []byte) (text string, size int) {
	r, size := utf8.DecodeRune(row)
	switch {
	case r == '\\':
		return `\\`, 1
	case r == '\r':
		return `\r`, 1
	case r == '\n':
		return `\n`, 1
	case r == '\t':
		return `\t`, 1
	case r == ' ' && len(row) == 1 || r == utf8.RuneError || !unicode.IsPrint(r):
		return fmt.Sprintf(`\x%02x`, row[0]), 1
	}
	return string(row[:size]), size
}
