// The routes of spillway serve: each leaves the content in another state, and says what it saw.

package probe

var labRoutes = []Scenario{
	{
		ID: "lab-consume-fixed-length", Name: "consume, fixed length",
		Oracle: Keep, Lab: true, Content: `{x*1000}`, Ref: "RFC 9112 §6.2",
		Wire: to("/consume", "$content") + `
S: <response> 200 consumed $size bytes` + next,
		Why: "What was declared is what the handler gets.",
	},
	{
		ID: "lab-consume-chunked-1-mib", Name: "consume, chunked 1 MiB",
		Oracle: Keep, Lab: true, Content: `{x*1048576}`, Ref: "RFC 9112 §7.1",
		Wire: toChunked("/consume", "$chunked") + `
S: <response> 200 consumed $size bytes` + next,
		Why: "What was sent in chunks is what the handler gets.",
	},
	{
		ID: "lab-half-read-fixed-length", Name: "half read, fixed length",
		Oracle: Keep, Lab: true, Content: `hello$smuggled`, Ref: "RFC 9112 §9.3",
		Wire: to("/partial?n=5", "$content") + `
S: <response> 200 read 5 bytes` + next,
		Why: "A handler that stops in the middle leaves a request's beginning where the hidden one is.",
	},
	{
		ID: "lab-half-read-chunked", Name: "half read, chunked",
		Oracle: Keep, Lab: true, Content: `hello$smuggled`, Ref: "RFC 9112 §7.1",
		Wire: toChunked("/partial?n=5", "$chunked") + `
S: <response> 200 read 5 bytes` + next,
		Why: "A handler that stops inside a chunk leaves the rest of the framing.",
	},
	{
		ID: "lab-half-read-1-mib", Name: "half read, 1 MiB",
		Oracle: Keep, Lab: true, Content: `hello{$smuggled*13000}`, Ref: "RFC 9112 §9.3",
		Wire: to("/partial?n=5", "$content") + `
S: <response> 200 read 5 bytes` + next,
		Why: "More than a server needs to throw away.",
	},
	{
		ID: "lab-refused-8-mib", Name: "refused, 8 MiB",
		Oracle: Keep, Lab: true, Late: true, Content: `{x*8388608}`, Ref: "RFC 9110 §15.5.14",
		Wire: to("/reject?max=10", "$content") + `
S: <response> 413 too large` + next,
		Why: "The 413 must reach a client that is busy sending.",
	},
	{
		ID: "lab-refused-8-mib-chunked", Name: "refused, 8 MiB chunked",
		Oracle: Keep, Lab: true, Late: true, Content: `{x*8388608}`, Ref: "RFC 9110 §15.5.14",
		Wire: toChunked("/reject?max=10", "$chunked") + `
S: <response> 413 too large` + next,
		Why: "The 413 must reach a client that is busy sending.",
	},
	{
		ID: "lab-failed-with-content", Name: "failed, with content",
		Oracle: Keep, Lab: true, Content: `$smuggled`, Ref: "RFC 9110 §15.6.1",
		Wire: to("/fail", "$content") + `
S: <response> 500` + next,
		Why: "A handler that panics has read nothing.",
	},
	{
		ID: "lab-failed-8-mib", Name: "failed, 8 MiB",
		Oracle: Keep, Lab: true, Late: true, Content: `{x*8388608}`, Ref: "RFC 9110 §15.6.1",
		Wire: to("/fail", "$content") + `
S: <response> 500` + next,
		Why: "The 500 must reach a client that is busy sending.",
	},
	{
		ID: "lab-ignored-20-bytes", Name: "ignored, 20 bytes",
		Level: Policy, Oracle: Small, Lab: true, Content: `{x*20}`, Ref: "RFC 9112 §9.3",
		Wire: to("/ignore", "$content") + answer + next,
		Why:  "A small rest is thrown away, and the connection is kept.",
	},
	{
		ID: "lab-ignored-64-kib-chunked", Name: "ignored, 64 KiB chunked",
		Level: Policy, Oracle: Small, Lab: true, Content: `{x*65536}`, Ref: "RFC 9112 §7.1",
		Wire: toChunked("/ignore", "$chunked") + answer + next,
		Why:  "A small rest is thrown away, and the connection is kept.",
	},
	{
		ID: "lab-ignored-20-bytes-chunked", Name: "ignored, 20 bytes chunked",
		Level: Policy, Oracle: Small, Lab: true, Content: `{x*20}`, Ref: "RFC 9112 §7.1",
		Wire: toChunked("/ignore", "$chunked") + answer + next,
		Why:  "A small rest is thrown away, and the connection is kept.",
	},
	{
		ID: "lab-failed-20-bytes", Name: "failed, 20 bytes",
		Level: Policy, Oracle: Small, Lab: true, Content: `{x*20}`, Ref: "RFC 9112 §9.3",
		Wire: to("/fail", "$content") + answer + next,
		Why:  "A handler that panics ends its request, and not the connection.",
	},
	{
		ID: "lab-ignored-asked-for-and-not-wanted", Name: "ignored, asked for and not wanted",
		Oracle: Keep, Lab: true, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: `
C: POST /ignore HTTP/1.1
C: Host: $host
C: Content-Length: $size
C: Expect: 100-continue
C:
S: <response> 200 ignored` + next,
		Why: "The handler never asked for the content; whether it still comes nobody knows.",
	},
	{
		ID: "lab-ignored-16-mib", Name: "ignored, 16 MiB",
		Level: Policy, Oracle: Bounded, Lab: true, Content: `{x*16777216}`, Ref: "RFC 9112 §9.6",
		Wire: to("/ignore", "$content") + answer + next,
		Why:  "Reading for nothing has a limit, or an endless upload never ends.",
	},
	{
		ID: "lab-ignored-16-mib-chunked", Name: "ignored, 16 MiB chunked",
		Level: Policy, Oracle: Bounded, Lab: true, Content: `{x*16777216}`, Ref: "RFC 9112 §9.6",
		Wire: toChunked("/ignore", "$chunked") + answer + next,
		Why:  "Reading for nothing has a limit, or an endless upload never ends.",
	},
	{
		ID: "lab-half-read-answered-and-2-mib-more", Name: "half read, answered, and 2 MiB more",
		Level: Should, Oracle: Keep, Lab: true, Content: `{x*2097152}`, Ref: "RFC 9112 §9.6",
		Wire: chunkedTo("/partial?n=1000") + goingOn,
		Why:  "A handler that stops in the middle of an upload answers a client that goes on.",
	},
	{
		ID: "lab-401-answered-and-2-mib-more", Name: "401, answered, and 2 MiB more",
		Level: Should, Oracle: Keep, Lab: true, Content: `{x*2097152}`, Ref: "RFC 9112 §9.6",
		Wire: chunkedTo("/status?code=401") + goingOn,
		Why:  "The client is to send the same again on this connection, with credentials.",
	},
	{
		ID: "lab-refused-answered-and-2-mib-more", Name: "refused, answered, and 2 MiB more",
		Level: Should, Oracle: Keep, Lab: true, Content: `{x*2097152}`, Ref: "RFC 9110 §15.5.14",
		Wire: chunkedTo("/reject?max=1000") + goingOn,
		Why:  "A server that refuses content may close the connection, and says so.",
	},
	{
		ID: "lab-echo", Name: "echo",
		Oracle: Keep, Lab: true, Content: `{x*300000}`, Ref: "RFC 9110 §7.5",
		Wire: to("/echo", "$content") + `
S: <response> 200 xxxx` + next,
		Why: "Content and answer flow at once, in both directions.",
	},
	{
		ID: "lab-the-parsers-view", Name: "the parser's view",
		Oracle: Keep, Lab: true, Ref: "RFC 9112 §7.1.2",
		Wire: toChunked("/inspect?a=b", `5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`) + `
S: <response> 200 \{"method":"POST","target":"/inspect?a=b","path":"/inspect","query":"a=b","proto":"HTTP/1.1"` + next,
		Why: "The handler sees the request that was sent.",
	},
	{
		ID: "lab-host-in-a-trailer", Name: "Host in a trailer, as the handler saw it",
		Oracle: Keep, Lab: true, Ref: "RFC 9110 §6.5.1",
		Wire: toChunked("/inspect", `5\r\nhello\r\n0\r\nHost: spillway-probe.invalid\r\nX-Sum: 1\r\n\r\n`) + `
S: <response> 200 \{"method":"POST","target":"/inspect","path":"/inspect","query":"","proto":"HTTP/1.1","host":"$host",` + next,
		Why: "A field that comes behind the content was not there when the request was judged by its head.",
	},
	{
		ID: "lab-204-and-304-have-no-content", Name: "204 and 304 have no content",
		Oracle: Keep, Lab: true, Ref: "RFC 9112 §6.3",
		Wire: from("/status?code=204") + from("/status?code=304") + get + `
S: <response> 204
S: <response> 304` + answer,
		Why: "A byte behind one of them would be the next answer's first.",
	},
	{
		ID: "lab-pipelined-answers-in-order", Name: "pipelined answers in order",
		Oracle: Keep, Lab: true, Ref: "RFC 9112 §9.3.2",
		Wire: from("/sleep?ms=50") + from("/status?code=201") + from("/bytes?n=100000") + from("/status?code=202") + `
S: <response> 200 slept
S: <response> 201
S: <response> 200 xxxx
S: <response> 202`,
		Why: "Answers come in the order of the requests, however long each takes.",
	},
	{
		ID: "lab-head-of-chunks", Name: "HEAD of chunks",
		Oracle: Keep, Lab: true, Ref: "RFC 9110 §9.3.2",
		Wire: `
C: HEAD /stream?n=1000&chunk=100 HTTP/1.1
C: Host: $host
C:` + answer + next,
		Why: "A HEAD's answer has no chunks, not even the last one.",
	},
	{
		ID: "lab-a-dropped-upload-as-the-handler-saw-it", Name: "a dropped upload, as the handler saw it",
		Oracle: Alive, Lab: true, Ref: "RFC 9112 §8",
		Wire: `
C: POST /consume HTTP/1.1
C: Host: $host
C: X-Upload-Id: $token
C: Content-Length: 1000
C:
C: {x*300}\
~ 100ms
C: <RST>`,
		Ask: `/uploads?id=$token`, Want: `200 \{"id":"$token","bytes":300,"error":"`,
		Never: `200 \{"id":"$token","bytes":300,"error":""`,
		Why:   "The handler is told that the content was cut, and how much of it came.",
	},
	{
		ID: "lab-a-half-closed-upload-as-the-handler-saw-it", Name: "a half-closed upload, as the handler saw it",
		Level: Policy, Oracle: Ends, Lab: true, Ref: "RFC 9112 §8",
		Wire: `
C: POST /consume HTTP/1.1
C: Host: $host
C: Content-Length: 1000
C:
C: {x*300}\
C: <FIN>
S: <response> 400`,
		Why: "A client that half-closes inside its content can still be told what became of it.",
	},
}

// from is a GET of a target.
func from(target string) string {
	return `
C: GET ` + target + ` HTTP/1.1
C: Host: $host
C:`
}

// to is a POST to a target, with a declared length.
func to(target, content string) string {
	return `
C: POST ` + target + ` HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:
C: ` + content + `\`
}

// toChunked is a POST to a target, chunked.
func toChunked(target, content string) string {
	return chunkedTo(target) + `
C: ` + content + `\`
}

// chunkedTo is the head of a POST to a target, whose content is chunked.
func chunkedTo(target string) string {
	return `
C: POST ` + target + ` HTTP/1.1
C: Host: $host
C: Transfer-Encoding: chunked
C:`
}
