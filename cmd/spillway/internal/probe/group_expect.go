// Expect: 100-continue: a client that asks before it sends.

package probe

// asking is the head of a request that waits for a 100 (Continue).
const asking = `
C: POST $post HTTP/1.1
C: Host: $host
C: Content-Length: $size
C: Expect: 100-continue
C:`

var expects = []Scenario{
	{
		ID: "expect-waits", Name: "waits",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: asking + `
S: <interim>
C: $content\` + answer + next,
		Why: "Either a 100 or the answer must come without the content; a server that answers and keeps the connection reads it.",
	},
	{
		ID: "expect-waits-chunked", Name: "waits, chunked",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Transfer-Encoding: chunked
C: Expect: 100-continue
C:
S: <interim>
C: $chunked\` + answer + next,
		Why: "Either a 100 or the answer must come without the content; a server that answers and keeps the connection reads it.",
	},
	{
		ID: "expect-does-not-wait", Name: "does not wait",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: asking + `
C: $content\` + answer + next,
		Why: "A client may send at once: the content is there although nobody asked for it.",
	},
	{
		ID: "expect-waits-in-vain-then-sends", Name: "waits in vain, then sends",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: asking + `
~ 200ms
C: $content\` + answer + next,
		Why: "A client may lose its patience just when the server has answered.",
	},
	{
		ID: "expect-1-mib-does-not-wait", Name: "1 MiB, does not wait",
		Oracle: Keep, Late: true, Content: `{x*1048576}`, Ref: "RFC 9110 §10.1.1",
		Wire: asking + `
C: $content\` + answer + next,
		Why: "An early refusal meets content that is on its way.",
	},
	{
		ID: "expect-another-spelling", Name: "another spelling",
		Oracle: Keep, Content: `hello`, Ref: "RFC 9110 §10.1.1",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Content-Length: $size
C: expect: 100-Continue
C:
S: <interim>
C: $content\` + answer + next,
		Why: "The expectation is not case-sensitive; who does not know it lets the client wait.",
	},
	{
		ID: "expect-get-without-content", Name: "GET without content",
		Oracle: Keep, Ref: "RFC 9110 §10.1.1",
		Wire: `
C: GET $get HTTP/1.1
C: Host: $host
C: Expect: 100-continue
C:` + answer + next,
		Why: "There is nothing to wait for.",
	},
	{
		ID: "expect-from-http-1.0", Name: "from HTTP/1.0",
		Oracle: Old, Content: `hello`, Ref: "RFC 9110 §10.1.1",
		Wire: `
C: POST $post HTTP/1.0
C: Host: $host
C: Content-Length: $size
C: Expect: 100-continue
C:
C: $content\` + answer,
		Why: "An HTTP/1.0 client does not know interim responses: the expectation must be ignored.",
	},
	{
		ID: "expect-an-unknown-expectation", Name: "an unknown expectation",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Content-Length: $size
C: Expect: spillway-probe
C:
C: $content\` + answer + next,
		Why: "A 417 does not take the content off the connection.",
	},
}
