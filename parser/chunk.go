// The chunked transfer coding's framing, a byte at a time, so that it can come in pieces of any size (RFC 9112 §7.1). What most
// chunks have, a size without extensions that has come whole, is taken in at once.

package parser

import "math"

// Chunks follows the chunk framing of one message. Next parses from one chunk's content to the next's.
type Chunks struct {
	// Size is the number of content bytes in the chunk whose header Next completed; 0 at the last chunk, behind which
	// stands the trailer section.
	Size int64

	state    chunkState
	digits   int   // of the size being parsed
	ext      int   // bytes of chunk extensions so far in the message
	overhead int64 // bytes of framing, less those of content, so far in the message
}

type chunkState uint8

const (
	inSize      chunkState = iota // at or in chunk-size
	beforeExt                     // in the BWS before a semicolon
	beforeName                    // behind a semicolon, in the BWS
	inName                        // in a chunk-ext-name
	afterName                     // in the BWS behind a chunk-ext-name
	beforeValue                   // behind an equals sign, in the BWS
	inToken                       // in a chunk-ext-val that is a token
	inQuotes                      // in one that is a quoted string
	inPair                        // behind a backslash in a quoted string
	afterQuotes                   // behind a quoted string
	atLF                          // behind the CR of a chunk header
	dataCR                        // behind a chunk's content
	dataLF                        // behind the CR behind a chunk's content
)

const extSection = "RFC 9112 §7.1.1"

// Next consumes framing from b: the CRLF behind the previous chunk's content, and a chunk header. It returns how many
// bytes it consumed, and whether the header is complete; if it is not, all of b was consumed and more is needed. After a
// complete header the caller consumes Size bytes of content before it calls Next again. Errors are *Error.
func (c *Chunks) Next(b []byte, lim *Limits) (n int, done bool, err error) {
	n = c.plain(b, lim)
	for done = n > 0; n < len(b) && !done && err == nil; {
		done, err = c.step(b[n], lim)
		n++
	}
	c.overhead += int64(n)
	if done {
		c.overhead -= c.Size
		if c.overhead > lim.ChunkOverheadBytes {
			return n, false, refuse(413, extSection, "chunk framing exceeds the content by more than %d bytes", lim.ChunkOverheadBytes)
		}
	}
	return n, done, err
}

// plain takes what most chunks begin with: a size, the line's end and nothing else, behind the end of the content before it. It returns
// how long that is, or 0 where something else stands there, or not all of it has come.
func (c *Chunks) plain(b []byte, lim *Limits) int {
	const most = 15 // digits, of a size that cannot overflow
	n := 0
	switch {
	case c.state == dataCR && c.ext <= lim.ChunkExtBytes && len(b) >= 2 && b[0] == '\r' && b[1] == '\n':
		n = 2
	case c.state != inSize || c.digits > 0 || c.ext > lim.ChunkExtBytes:
		return 0
	}
	first, size := n, int64(0)
	for n < len(b) && n-first <= most && class[b[n]]&isHex != 0 {
		size = size<<4 | hexDigit(b[n])
		n++
	}
	if digits := n - first; digits == 0 || digits > most || len(b)-n < 2 || b[n] != '\r' || b[n+1] != '\n' {
		return 0
	}
	c.state, c.Size = dataCR, size
	return n + 2
}

// hexDigit returns the value of a hexadecimal digit: letters have bit 6 set, and their low bits count from 1.
func hexDigit(b byte) int64 { return int64(b&0xf) + int64(b>>6)*9 }

// step takes one byte of framing and reports whether it completed a chunk header.
func (c *Chunks) step(b byte, lim *Limits) (done bool, err error) {
	switch c.state {
	case inSize:
		if class[b]&isHex != 0 {
			return false, c.sizeDigit(b)
		}
		if c.digits == 0 {
			return false, refuse(400, "RFC 9112 §7.1", "%s is not a chunk size", quote([]byte{b}))
		}
		return false, c.extension(b, lim)
	case atLF:
		if b != '\n' {
			return false, badLineEnd('\r', "a chunk header")
		}
		c.state, c.digits = dataCR, 0
		return true, nil
	case dataCR:
		if b != '\r' {
			return false, refuse(400, "RFC 9112 §7.1", "%s where a chunk's content ends", quote([]byte{b}))
		}
		c.state = dataLF
		return false, nil
	case dataLF:
		if b != '\n' {
			return false, badLineEnd('\r', "the end of a chunk's content")
		}
		c.state, c.Size = inSize, 0
		return false, nil
	}
	return false, c.extension(b, lim)
}

func (c *Chunks) sizeDigit(b byte) error {
	if c.digits++; c.digits > 16 || c.Size > math.MaxInt64>>4 {
		return refuse(400, "RFC 9112 §7.1", "chunk size out of range")
	}
	c.Size = c.Size<<4 | hexDigit(b)
	return nil
}

// afterSize says what follows in *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) and the CR behind it, state
// by state; where it says inSize, nothing does. A CR may follow an extension at once, but not behind white space.
var afterSize = func() (next [dataCR][256]chunkState) {
	on := func(in chunkState, is func(b byte) bool, to chunkState) {
		for b := range 256 {
			if is(byte(b)) {
				next[in][b] = to
			}
		}
	}
	of := func(c uint8) func(byte) bool { return func(b byte) bool { return class[b]&c != 0 } }
	one := func(c byte) func(byte) bool { return func(b byte) bool { return b == c } }
	blank := func(b byte) bool { return b == ' ' || b == '\t' }
	for _, ended := range []chunkState{inSize, inName, inToken, afterQuotes} {
		on(ended, one('\r'), atLF)
		on(ended, one(';'), beforeName)
		on(ended, blank, beforeExt)
	}
	on(beforeExt, one(';'), beforeName)
	on(beforeExt, blank, beforeExt)
	on(beforeName, of(isToken), inName)
	on(beforeName, blank, beforeName)
	on(inName, of(isToken), inName)
	on(inName, blank, afterName)
	on(inName, one('='), beforeValue)
	on(afterName, one(';'), beforeName)
	on(afterName, blank, afterName)
	on(afterName, one('='), beforeValue)
	on(beforeValue, of(isToken), inToken)
	on(beforeValue, blank, beforeValue)
	on(beforeValue, one('"'), inQuotes)
	on(inToken, of(isToken), inToken)
	on(inQuotes, of(isQuoted), inQuotes)
	on(inQuotes, one('"'), afterQuotes)
	on(inQuotes, one('\\'), inPair)
	on(inPair, of(isPaired), inQuotes)
	return next
}()

// extension takes one byte of what stands between a chunk's size and the line's end.
func (c *Chunks) extension(b byte, lim *Limits) error {
	if b != '\r' {
		c.ext++
	}
	if c.ext > lim.ChunkExtBytes {
		return refuse(413, extSection, "chunk extensions of more than %d bytes", lim.ChunkExtBytes)
	}
	next := afterSize[c.state][b]
	if next != inSize {
		c.state = next
		return nil
	}
	where := "a chunk extension"
	if c.state == inSize {
		where = "a chunk size"
	}
	if b == '\n' {
		return badLineEnd(b, where)
	}
	return refuse(400, extSection, "%s in or behind %s", quote([]byte{b}), where)
}
