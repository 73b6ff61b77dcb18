// Clients that stop inside a request, or go.

package probe

var ends = []Scenario{
	{
		ID: "end-half-closed-behind-a-request", Name: "half-closed behind a request",
		Level: Policy, Oracle: Said, Wire: get + `
C: <FIN>` + answer, Ref: "RFC 9112 §9.6",
		Why: "A client that has said all it has to say still listens.",
	},
	{
		ID: "end-half-closed-behind-content", Name: "half-closed behind content",
		Level: Policy, Oracle: Said, Content: `$smuggled`, Ref: "RFC 9112 §9.6",
		Wire: post + `
C: $content\
C: <FIN>` + answer,
		Why: "A client that has said all it has to say still listens.",
	},
	{
		ID: "end-half-closed-before-a-request", Name: "half-closed before a request",
		Oracle: Ends, Wire: `
C: <FIN>` + answer, Ref: "RFC 9112 §9.6",
		Why: "Nothing will come: the server can let go.",
	},
	{
		ID: "end-half-closed-inside-the-head", Name: "half-closed inside the head",
		Oracle: Ends, Ref: "RFC 9112 §8",
		Wire: `
C: GET $get HTTP/1.1
C: Host: $host
C: <FIN>` + answer,
		Why: "A head without its end is no request.",
	},
	{
		ID: "end-half-closed-inside-content", Name: "half-closed inside content",
		Oracle: Ends, Ref: "RFC 9112 §8",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Content-Length: 100000
C:
C: $smuggled\
C: <FIN>` + answer,
		Why: "Content that was cut is not content, and what came of it is no request either.",
	},
	{
		ID: "end-half-closed-inside-a-chunk", Name: "half-closed inside a chunk",
		Oracle: Ends, Ref: "RFC 9112 §8",
		Wire: postChunked + `
C: fff
C: $smuggled\
C: <FIN>` + answer,
		Why: "Content that was cut is not content, and what came of it is no request either.",
	},
	{
		ID: "end-half-closed-before-the-last-chunk", Name: "half-closed before the last chunk",
		Oracle: Ends, Ref: "RFC 9112 §8",
		Wire: postChunked + `
C: 5
C: hello
C: <FIN>` + answer,
		Why: "Without the last chunk the content is not complete, however whole it looks.",
	},
	{
		ID: "end-half-closed-inside-the-trailers", Name: "half-closed inside the trailers",
		Oracle: Ends, Ref: "RFC 9112 §8",
		Wire: postChunked + `
C: 5
C: hello
C: 0
C: X-Probe: x
C: <FIN>` + answer,
		Why: "Without the empty line the content is not complete.",
	},
	{
		ID: "end-reset-inside-the-head", Name: "reset inside the head",
		Oracle: Alive, Ref: "RFC 9112 §9.6",
		Wire: `
C: GET $get HTTP/1.1
C: Ho\
~ 50ms
C: <RST>`,
		Why: "One client's reset is nobody else's business.",
	},
	{
		ID: "end-reset-inside-content", Name: "reset inside content",
		Oracle: Alive, Ref: "RFC 9112 §9.6", Content: `{x*1048576}`,
		Wire: post + `
C: {x*100000}\
~ 50ms
C: <RST>`,
		Why: "The user who starts an upload and drops the connection in the middle.",
	},
	{
		ID: "end-reset-before-the-answer", Name: "reset before the answer",
		Oracle: Alive, Wire: get + get + get + `
C: <RST>`, Ref: "RFC 9112 §9.6",
		Why: "Answers to nobody must not hold anything up.",
	},
}
