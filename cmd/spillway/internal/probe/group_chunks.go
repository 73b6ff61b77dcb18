// Chunked content that breaks its own framing: it has no end, and the connection must.

package probe

var chunks = []Scenario{
	{Name: "size with 0x", Oracle: Framing, Wire: inPieces(`0x5\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy},
	{Name: "size with a sign", Oracle: Framing, Wire: inPieces(`+5\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy},
	{Name: "negative size", Oracle: Framing, Wire: inPieces(`-5\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy},
	{
		Name: "size with an underscore", Oracle: Framing, Ref: sizeRef, Why: sizeWhy,
		Wire: inPieces(`1_0\r\n{x*16}\r\n0\r\n\r\n`),
	},
	{Name: "a space behind the size", Oracle: Framing, Wire: inPieces(`5 \r\nhello\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy},
	{
		Name: "size beyond 64 bits", Oracle: Framing, Wire: inPieces(`10000000000000005\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef,
		Why: "A size that overflows becomes a small one: 5, in 64 bits.",
	},
	{Name: "no size", Oracle: Framing, Wire: inPieces(`\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef, Why: sizeWhy},
	{
		Name: "bare LF behind the size", Oracle: Framing, Wire: inPieces(`5\nhello\r\n0\r\n\r\n`), Ref: sizeRef,
		Why: "Lines of the chunked coding end in CRLF; who forgives LF sees other chunks than who does not.",
	},
	{
		Name: "bare CR behind the size", Oracle: Framing, Wire: inPieces(`5\rXhello\r\n0\r\n\r\n`), Ref: sizeRef,
		Why: "Lines of the chunked coding end in CRLF; who skips two bytes sees other chunks than who looks at them.",
	},
	{
		Name: "bare LF in an extension", Oracle: Framing, Ref: "RFC 9112 §7.1.1", Content: `$smuggled`,
		Wire: inPieces(`5;a\nhello\r\n0\r\n\r\n`),
		Why:  "Who looks for LF ends the line here, who looks for CRLF reads on.",
	},
	{
		Name: "a control in an extension", Oracle: Framing, Wire: inPieces(`5;a=\x00\r\nhello\r\n0\r\n\r\n`), Ref: "RFC 9112 §7.1.1",
		Why: "An extension is made of tokens and quoted strings.",
	},
	{
		Name: "nothing behind the chunk", Oracle: Framing, Wire: inPieces(`5\r\nhello0\r\n\r\n`), Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who skips two bytes without a look misses the end.",
	},
	{
		Name: "more data than the size says", Oracle: Framing, Wire: inPieces(`5\r\nhelloXX0\r\n\r\n`), Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who skips two bytes without a look accepts any.",
	},
	{
		Name: "bare LF behind the chunk", Oracle: Framing, Wire: inPieces(`5\r\nhello\n0\r\n\r\n`), Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who forgives LF sees other chunks than who does not.",
	},
	{
		Name: "a malformed trailer", Oracle: Framing, Wire: inPieces(`5\r\nhello\r\n0\r\nX Y\r\n\r\n`), Ref: "RFC 9112 §7.1.2",
		Why: "Trailers are field lines, and are to be read as strictly.",
	},
	{
		Name: "a space before a trailer's colon", Oracle: Framing, Wire: inPieces(`5\r\nhello\r\n0\r\nX : y\r\n\r\n`), Ref: "RFC 9112 §5.1",
		Why: "Trailers are field lines, and are to be read as strictly.",
	},
	{
		Name: "not chunks at all", Oracle: Framing, Content: `$smuggled`, Wire: inPieces(`$smuggled`), Ref: sizeRef,
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
