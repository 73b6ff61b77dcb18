// The character classes of RFC 9110 §5.6, by table for one byte and by arithmetic for eight.

package parser

import (
	"encoding/binary"
	"math/bits"
)

const (
	isToken  = 1 << iota // RFC 9110 §5.6.2: tchar
	isHex                // RFC 5234: HEXDIG, either case
	isQuoted             // RFC 9110 §5.6.4: qdtext
	isPaired             // what may follow a backslash in a quoted string
	isHost               // RFC 3986 §3.2.2: unreserved and sub-delims
)

var class = func() (t [256]uint8) {
	mark := func(set string, as uint8) {
		for i := range len(set) {
			t[set[i]] |= as
		}
	}
	const digits, lower, upper = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	mark(digits+lower+upper, isToken|isHost)
	mark("!#$%&'*+-.^_`|~", isToken)
	mark("-._~!$&'()*+,;=", isHost)
	mark(digits+"abcdefABCDEF", isHex)
	for c := range 256 {
		if c == '\t' || c >= ' ' && c != 0x7f {
			t[c] |= isPaired
			if c != '"' && c != '\\' {
				t[c] |= isQuoted
			}
		}
	}
	return t
}()

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// below marks the bytes of x that are less than n (n ≤ 0x80), and DEL, in their high bits.
func below(x uint64, n uint64) uint64 {
	low := x &^ highs // so that no sum carries into its neighbour
	return ^((low+ones*(0x80-n))&^(low+ones) | x) & highs
}

func load8(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

func firstMark(m uint64) int { return bits.TrailingZeros64(m) >> 3 }

// tokenEnd returns the index, from i on, of the first byte that is no tchar, or len(b).
func tokenEnd(b []byte, i int) int {
	for i < len(b) && class[b[i]]&isToken != 0 {
		i++
	}
	return i
}

// targetEnd returns the index, from i on, of the first control, DEL or space, or len(b).
func targetEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := below(load8(b, i), ' '+1); m != 0 {
			return i + firstMark(m)
		}
	}
	for i < len(b) && b[i] > ' ' && b[i] != 0x7f {
		i++
	}
	return i
}

// valueEnd returns the index, from i on, of the first control but HTAB, or len(b).
func valueEnd(b []byte, i int) int {
	i = skipLong(b, i)
	for i+8 <= len(b) {
		m := below(load8(b, i), ' ')
		if m == 0 {
			i += 8
			continue
		}
		if i += firstMark(m); b[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(b) && (b[i] >= ' ' && b[i] != 0x7f || b[i] == '\t') {
		i++
	}
	return i
}

// skipLong skips blocks of 32 bytes without a control or DEL, as long values are made of.
func skipLong(b []byte, i int) int {
	for ; i+32 <= len(b); i += 32 {
		w := b[i : i+32 : i+32]
		if below(load8(w, 0), ' ')|below(load8(w, 8), ' ')|below(load8(w, 16), ' ')|below(load8(w, 24), ' ') != 0 {
			break
		}
	}
	return i
}

// trimOWS takes the optional white space (RFC 9110 §5.6.3) from both ends of b[i:j].
func trimOWS(b []byte, i, j int) (int, int) {
	for i < j && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	for i < j && (b[j-1] == ' ' || b[j-1] == '\t') {
		j--
	}
	return i, j
}

// EqualFold reports whether two names are the same but for the case of ASCII letters.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// IsToken reports whether s is a token, as a field name must be (RFC 9110 §5.1, §5.6.2).
func IsToken(s string) bool { return s != "" && isAll(s, isToken, 0) }

// IsFieldValue reports whether s may be the value of a field line: it has no control in it but tabs (RFC 9110 §5.5).
func IsFieldValue(s string) bool { return s == "" || isAll(s, isPaired, 0) }
