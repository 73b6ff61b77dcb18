// Valid requests that arrive in pieces, and with pauses in between: where a read ends means nothing.

package probe

import "time"

const eachByte = 500 * time.Microsecond

var pieces = []Scenario{
	{
		ID: "pieces-get", Name: "a GET, byte by byte",
		Oracle: Keep, Each: eachByte, Wire: next + next, Ref: "RFC 9112 §3",
		Why: "A head may be cut anywhere, between its CR and its LF too.",
	},
	{
		ID: "pieces-fixed-length", Name: "content with its length, byte by byte",
		Oracle: Keep, Each: eachByte, Content: `$smuggled`, Wire: whole, Ref: "RFC 9112 §6.2",
		Why: "Content that is read to the end of what has come is not read to its end.",
	},
	{
		ID: "pieces-chunked", Name: "content in chunks, byte by byte",
		Oracle: Keep, Each: eachByte, Content: `$smuggled`, Ref: "RFC 9112 §7.1",
		Wire: postChunked + `
C: 2;name="a\\"b"\r\nxx\r\n\
C: $chunked\` + answer + next,
		Why: "Every state of a chunk's parser may have to wait for the next byte.",
	},
	{
		ID: "pieces-trailers", Name: "a trailer section, byte by byte",
		Oracle: Keep, Each: eachByte, Ref: "RFC 9112 §7.1.2",
		Wire: inPieces(`5\r\nhello\r\n0\r\nX-Checksum: 12345\r\nX-Other: GET $hidden HTTP/1.1\r\n\r\n`),
		Why:  "A trailer section that has not ended must not be left behind.",
	},
	{
		ID: "pieces-pipelined", Name: "a pair at once, byte by byte",
		Oracle: Keep, Each: eachByte, Wire: get + get + answer + answer, Ref: "RFC 9112 §9.3.2",
		Why: "The second request begins while the first is being answered.",
	},
	{
		ID: "pieces-pause-in-head", Name: "a pause inside a head",
		Oracle: Keep, Ref: "RFC 9112 §9.5",
		Wire: `
C: GET $get HTTP/1.1
C: Ho\
~ 500ms
C: st: $host
C:` + answer + next,
		Why: "A client may take a moment for a request.",
	},
	{
		ID: "pieces-pause-before-content", Name: "a pause between head and content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §9.5",
		Wire: post + `
~ 500ms
C: $content\` + answer + next,
		Why: "A head that comes alone is answered by some before its content is there, which then must not be read as a request.",
	},
	{
		ID: "pieces-pause-in-content", Name: "a pause inside content",
		Oracle: Keep, Content: `{x*1000}$smuggled`, Ref: "RFC 9112 §9.5",
		Wire: post + `
C: {x*1000}\
~ 500ms
C: $smuggled\` + answer + next,
		Why: "What comes behind a pause is still content.",
	},
	{
		ID: "pieces-pause-in-chunk", Name: "a pause inside a chunk's size",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §7.1",
		Wire: postChunked + `
C: 1\
~ 500ms
C: 0\r\n0123456789abcdef\r\n\
C: $chunked\` + answer + next,
		Why: "A size that has not ended is not a size: 1 is not 10.",
	},
}
