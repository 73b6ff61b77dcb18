// Chunked content that breaks its own framing: it has no end, and the connection must. Each carries a request where one of
// those who forgive the mistake finds the end of the content: behind it, or inside where all the forgiving agree on the end.

package probe

var chunks = []Scenario{
	{
		ID: "chunk-size-with-0x", Name: "size with 0x",
		Oracle: Framing, Content: `\r\n$smuggled`, Wire: broken(`0x$hex\r\n$content\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy,
	},
	{
		ID: "chunk-size-with-a-sign", Name: "size with a sign",
		Oracle: Framing, Content: `\r\n$smuggled`, Wire: broken(`+$hex\r\n$content\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy,
	},
	{
		ID: "chunk-negative-size", Name: "negative size",
		Oracle: Framing, Content: `\r\n$smuggled`, Wire: broken(`-$hex\r\n$content\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy,
	},
	{
		ID: "chunk-size-with-an-underscore", Name: "size with an underscore",
		Oracle: Framing, Ref: sizeRef, Why: sizeWhy,
		Wire: broken(`1_0\r\n{x*16}\r\n0\r\n\r\n`),
	},
	{
		ID: "chunk-a-space-behind-the-size", Name: "a space behind the size",
		Oracle: Framing, Content: `\r\n$smuggled`, Wire: inPieces(`$hex \r\n$content\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy,
	},
	{
		ID: "chunk-size-beyond-64-bits", Name: "size beyond 64 bits",
		Level: Must, Oracle: Framing, Wire: broken(`10000000000000005\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef,
		Why: "A size that overflows becomes a small one: 5, in 64 bits.",
	},
	{
		ID: "chunk-no-size", Name: "no size",
		Oracle: Framing, Wire: broken(`\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy,
	},
	{
		ID: "chunk-bare-lf-behind-the-size", Name: "bare LF behind the size",
		Oracle: Framing, Wire: broken(`5\nhello\r\n0\r\n\r\n`), Ref: sizeRef,
		Why: "Lines of the chunked coding end in CRLF; who forgives LF sees other chunks than who does not.",
	},
	{
		ID: "chunk-bare-cr-behind-the-size", Name: "bare CR behind the size",
		Oracle: Framing, Wire: broken(`5\rXhello\r\n0\r\n\r\n`), Ref: sizeRef,
		Why: "Lines of the chunked coding end in CRLF; who skips two bytes sees other chunks than who looks at them.",
	},
	{
		ID: "chunk-bare-lf-in-an-extension", Name: "bare LF in an extension",
		Oracle: Framing, Ref: "RFC 9112 §7.1.1", Content: `$smuggled`,
		Wire: broken(`5;a\nhello\r\n0\r\n\r\n`),
		Why:  "Who looks for LF ends the line here, who looks for CRLF reads on.",
	},
	{
		ID: "chunk-bare-lf-in-an-extension-read-over", Name: "bare LF in an extension, read over",
		Oracle: Framing, Ref: "RFC 9112 §7.1.1", Wire: broken(`5;a\nX\r\nhello\r\n0\r\n\r\n`),
		Why: "Who looks for LF ends the line before, who looks for CRLF finds the chunks whole.",
	},
	{
		ID: "chunk-a-control-in-an-extension", Name: "a control in an extension",
		Oracle: Framing, Content: `\r\n$smuggled`, Wire: inPieces(`$hex;a=\x00\r\n$content\r\n0\r\n\r\n`), Ref: "RFC 9112 §7.1.1",
		Why: "An extension is made of tokens and quoted strings.",
	},
	{
		ID: "chunk-nothing-behind-the-chunk", Name: "nothing behind the chunk",
		Oracle: Framing, Wire: broken(`5\r\nhello0\r\n\r\n`), Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who skips two bytes without a look misses the end.",
	},
	{
		ID: "chunk-more-data-than-the-size-says", Name: "more data than the size says",
		Oracle: Framing, Wire: broken(`5\r\nhelloXX0\r\n\r\n`), Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who skips two bytes without a look accepts any.",
	},
	{
		ID: "chunk-bare-lf-behind-the-chunk", Name: "bare LF behind the chunk",
		Oracle: Framing, Wire: broken(`5\r\nhello\n0\r\n\r\n`), Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who forgives LF sees other chunks than who does not.",
	},
	{
		ID: "chunk-a-malformed-trailer", Name: "a malformed trailer",
		Oracle: Framing, Content: `$smuggled`, Wire: inPieces(`5\r\nhello\r\n0\r\nX Y\r\n$content`), Ref: "RFC 9112 §7.1.2",
		Why: "Trailers are field lines, and are to be read as strictly.",
	},
	{
		ID: "chunk-a-space-before-a-trailers-colon", Name: "a space before a trailer's colon",
		Level: Must, Oracle: Framing, Content: `$smuggled`, Wire: inPieces(`5\r\nhello\r\n0\r\nX : y\r\n$content`), Ref: "RFC 9112 §5.1",
		Why: "Trailers are field lines, and are to be read as strictly.",
	},
	{
		ID: "chunk-not-chunks-at-all", Name: "not chunks at all",
		Oracle: Framing, Content: `$smuggled`, Wire: inPieces(`$smuggled`), Ref: sizeRef,
		Why: "A client that forgot the coding sends content that reads like a request.",
	},
}

const (
	sizeRef = "RFC 9112 §7.1"
	sizeWhy = "A chunk's size is hexadecimal digits only; number parsers take more than that."
)

// inPieces is a POST with this for its chunked content, and another request.
func inPieces(content string) string {
	return postChunked + `
C: ` + content + `\` + answer + next
}

// broken is inPieces with a request behind the content, which not all who forgive find there.
func broken(content string) string { return inPieces(content + `$behind`) }
