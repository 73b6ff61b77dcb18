// Content that the handler may not have read: what becomes of it decides whether the next request is one.

package probe

// thenHead tries the connection with a HEAD: who reads its method together with what is left sends content.
const thenHead = post + `
C: $content\` + answer + `
C: HEAD $get HTTP/1.1
C: Host: $host
C:` + answer + next

var leftovers = []Scenario{
	{
		ID: "leftover-fixed-length-spells-a-request", Name: "fixed length, spells a request",
		Oracle: Keep, Content: `$smuggled`, Wire: whole, Ref: "RFC 9112 §9.3",
		Why: "Content that nobody read stays on the connection; its first byte must not become a request.",
	},
	{
		ID: "leftover-chunked-spells-a-request", Name: "chunked, spells a request",
		Oracle: Keep, Content: `$smuggled`, Wire: wholeChunked, Ref: "RFC 9112 §7.1",
		Why: "The end of chunked content shows only to those who parse it to the end.",
	},
	{
		ID: "leftover-one-byte", Name: "one byte",
		Oracle: Keep, Content: `x`, Wire: thenHead, Ref: "RFC 9112 §9.3",
		Why: "One stray byte makes the next method xHEAD, whose answer has content.",
	},
	{
		ID: "leftover-plain-words", Name: "plain words",
		Oracle: Keep, Content: `hello=world&name=value`, Wire: thenHead, Ref: "RFC 9112 §9.3",
		Why: "An ordinary form must leave nothing behind.",
	},
	{
		ID: "leftover-empty-lines-then-a-request", Name: "empty lines, then a request",
		Oracle: Keep, Content: `\r\n\r\n$smuggled`, Wire: whole, Ref: "RFC 9112 §2.2",
		Why: "Empty lines before a request are forgiven, so that content may begin with them and be taken for one.",
	},
	{
		ID: "leftover-64-kib-of-requests-fixed-length", Name: "64 KiB of requests, fixed length",
		Oracle: Keep, Content: `{$smuggled*800}`, Wire: whole, Ref: "RFC 9112 §9.3",
		Why: "More than one buffer of content, wherever the handler stopped reading.",
	},
	{
		ID: "leftover-64-kib-of-requests-chunked", Name: "64 KiB of requests, chunked",
		Oracle: Keep, Content: `{$smuggled*800}`, Wire: wholeChunked, Ref: "RFC 9112 §7.1",
		Why: "More than one buffer of chunks, wherever the handler stopped reading.",
	},
	{
		ID: "leftover-1-mib-of-requests-fixed-length", Name: "1 MiB of requests, fixed length",
		Oracle: Keep, Content: `{$smuggled*13000}`, Wire: whole, Ref: "RFC 9112 §9.3",
		Why: "More than most servers throw away: they must close then, and say so.",
	},
	{
		ID: "leftover-1-mib-of-requests-chunked", Name: "1 MiB of requests, chunked",
		Oracle: Keep, Content: `{$smuggled*13000}`, Wire: wholeChunked, Ref: "RFC 9112 §7.1",
		Why: "More than most servers throw away, and its length is not known in advance.",
	},
	{
		ID: "leftover-2-000-chunks-of-one-byte", Name: "2,000 chunks of one byte",
		Oracle: Keep, Ref: "RFC 9112 §7.1",
		Wire: postChunked + `
C: {1\r\nx\r\n*2000}0\r\n\r\n\` + answer + next,
		Why: "Framing larger than the content counts, too.",
	},
	{
		ID: "leftover-chunk-extensions", Name: "chunk extensions",
		Oracle: Keep, Ref: "RFC 9112 §7.1.1", Content: `$smuggled`,
		Wire: postChunked + `
C: 5;name=value;other="a;b"
C: hello
C: 0;last
C:` + answer + next,
		Why: "Extensions that nobody knows must be ignored, quoted ones included.",
	},
	{
		ID: "leftover-trailers", Name: "trailers",
		Oracle: Keep, Ref: "RFC 9112 §7.1.2", Content: `$smuggled`,
		Wire: postChunked + `
C: 5
C: hello
C: 0
C: X-Checksum: 12345
C: X-Other: GET $hidden HTTP/1.1
C:` + answer + next,
		Why: "The trailer section belongs to the message; what is left of it would be read as a request.",
	},
	{
		ID: "leftover-in-two-pieces", Name: "in two pieces",
		Oracle: Keep, Ref: "RFC 9112 §9.3", Content: `{x*20}$smuggled`,
		Wire: post + `
C: {x*20}\
~ 150ms
C: $smuggled\` + answer + next,
		Why: "The rest arrives when the answer may be on its way already.",
	},
	{
		ID: "leftover-chunked-in-pieces-that-cut-the-framing", Name: "chunked, in pieces that cut the framing",
		Oracle: Keep, Ref: "RFC 9112 §7.1", Content: `$smuggled`,
		Wire: postChunked + `
C: 5\r\nhel\
~ 60ms
C: lo\r\
~ 60ms
C: \n0\r\n\r\
~ 60ms
C: \n\` + answer + next,
		Why: "A chunk may arrive cut anywhere, between its CR and its LF too.",
	},
	{
		ID: "leftover-get-with-content", Name: "GET with content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §9.3.1",
		Wire: `
C: GET $get HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer + next,
		Why: "Content of a GET means nothing, and is framed all the same.",
	},
	{
		ID: "leftover-get-with-chunked-content", Name: "GET with chunked content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §9.3.1",
		Wire: `
C: GET $get HTTP/1.1
C: Host: $host
C: Transfer-Encoding: chunked
C:
C: $chunked\` + answer + next,
		Why: "Content of a GET means nothing, and is framed all the same.",
	},
	{
		ID: "leftover-head-with-content", Name: "HEAD with content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §9.3.2",
		Wire: `
C: HEAD $get HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer + next,
		Why: "A HEAD may have content, and its answer has none.",
	},
	{
		ID: "leftover-unknown-method-with-content", Name: "unknown method with content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §9.1",
		Wire: `
C: SPILLWAYPROBE $post HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer + next,
		Why: "Refusing the method does not take the content off the connection.",
	},
	{
		ID: "leftover-content-for-what-is-not-there", Name: "content for what is not there",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §15.5.5",
		Wire: `
C: POST /spillway-nowhere HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer + next,
		Why: "Errors are made by other code than answers, and often forget the content.",
	},
	{
		ID: "leftover-three-in-a-row", Name: "three in a row",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §9.3",
		Wire: post + `
C: $content\` + answer + post + `
C: $content\` + answer + post + `
C: $content\` + answer + next,
		Why: "What is left of several requests adds up.",
	},
}
