// The chunked transfer coding's framing, a byte at a time, so that it can come in pieces of any size (RFC 9112 §7.1).

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
	for n < len(b) && !done && err == nil {
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
		return false, c.endSize(b, lim)
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
	d := int64(b&0xf) + int64(b>>6)*9 // letters have bit 6 set, and their low bits count from 1
	if c.digits++; c.digits > 16 || c.Size > math.MaxInt64>>4 {
		return refuse(400, "RFC 9112 §7.1", "chunk size out of range")
	}
	c.Size = c.Size<<4 | d
	return nil
}

// endSize takes the byte behind the size: the end of the header, or the beginning of an extension.
func (c *Chunks) endSize(b byte, lim *Limits) error {
	if b == '\r' {
		c.state = atLF
		return nil
	}
	if b != ';' && b != ' ' && b != '\t' {
		return badExtension(b, "a chunk size")
	}
	c.state = beforeExt
	return c.extension(b, lim)
}

// extension takes one byte of *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) and the CR behind it.
func (c *Chunks) extension(b byte, lim *Limits) error {
	if b != '\r' {
		c.ext++
	}
	if c.ext > lim.ChunkExtBytes {
		return refuse(413, extSection, "chunk extensions of more than %d bytes", lim.ChunkExtBytes)
	}
	blank, token := b == ' ' || b == '\t', class[b]&isToken != 0
	switch c.state {
	case beforeExt:
		if b == ';' {
			c.state = beforeName
			return nil
		}
		if blank {
			return nil
		}
	case beforeName:
		if token {
			c.state = inName
			return nil
		}
		if blank {
			return nil
		}
	case inName, afterName:
		if token && c.state == inName {
			return nil
		}
		if b == '=' {
			c.state = beforeValue
			return nil
		}
		if blank {
			c.state = afterName
			return nil
		}
		return c.endOfExtension(b, c.state == inName)
	case beforeValue:
		if token {
			c.state = inToken
			return nil
		}
		if b == '"' {
			c.state = inQuotes
			return nil
		}
		if blank {
			return nil
		}
	case inToken:
		if token {
			return nil
		}
		return c.endOfExtension(b, true)
	case inQuotes:
		switch {
		case b == '"':
			c.state = afterQuotes
			return nil
		case b == '\\':
			c.state = inPair
			return nil
		case class[b]&isQuoted != 0:
			return nil
		}
	case inPair:
		if class[b]&isPaired != 0 {
			c.state = inQuotes
			return nil
		}
	case afterQuotes:
		return c.endOfExtension(b, true)
	}
	return badExtension(b, "a chunk extension")
}

// endOfExtension takes the byte behind a whole extension. A CR may follow it at once, but not behind white space.
func (c *Chunks) endOfExtension(b byte, atOnce bool) error {
	switch {
	case b == ';':
		c.state = beforeName
	case b == '\r' && atOnce:
		c.state = atLF
	case b == ' ' || b == '\t':
		c.state = beforeExt
	default:
		return badExtension(b, "a chunk extension")
	}
	return nil
}

func badExtension(b byte, where string) error {
	if b == '\n' {
		return badLineEnd(b, where)
	}
	return refuse(400, extSection, "%s in or behind %s", quote([]byte{b}), where)
}
