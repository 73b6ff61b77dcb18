// Requests that are sent before the answer to the one before has come.

package probe

import "strings"

// get is a request without waiting for its answer.
const get = `
C: GET $get HTTP/1.1
C: Host: $host
C:`

var pipelining = []Scenario{
	{
		ID: "pipeline-two-at-once", Name: "two at once",
		Oracle: Keep, Wire: get + get + answer + answer, Ref: "RFC 9112 §9.3.2",
		Why: "A server that throws its buffer away loses the second.",
	},
	{
		ID: "pipeline-twenty-at-once", Name: "twenty at once",
		Oracle: Keep, Ref: "RFC 9112 §9.3.2",
		Wire: strings.Repeat(get, 20) + strings.Repeat(answer, 20),
		Why:  "All of them fit one buffer.",
	},
	{
		ID: "pipeline-200-at-once-read-when-all-are-sent", Name: "200 at once, read when all are sent",
		Oracle: Keep, Late: true, Ref: "RFC 9112 §9.3.2",
		Wire: strings.Repeat(get, 200) + strings.Repeat(answer, 200),
		Why:  "More than one buffer, cut somewhere inside a request.",
	},
	{
		ID: "pipeline-the-second-cut-in-its-head", Name: "the second cut in its head",
		Oracle: Keep, Ref: "RFC 9112 §9.3.2",
		Wire: get + `
C: GET $get HTTP/1.1
C: Ho\
~ 100ms
C: st: $host
C:` + answer + answer,
		Why: "Half a request waits in the buffer while the first is answered.",
	},
	{
		ID: "pipeline-behind-content", Name: "behind content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §9.3.2",
		Wire: post + `
C: $content\` + get + answer + answer,
		Why: "The content's last byte and the next request's first come together.",
	},
	{
		ID: "pipeline-behind-chunked-content", Name: "behind chunked content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §9.3.2",
		Wire: postChunked + `
C: $chunked\` + get + answer + answer,
		Why: "The last chunk and the next request come together.",
	},
	{
		ID: "pipeline-behind-1-mib", Name: "behind 1 MiB",
		Oracle: Keep, Late: true, Content: `{$smuggled*13000}`, Ref: "RFC 9112 §9.3.2",
		Wire: post + `
C: $content\` + get + answer + answer,
		Why: "A server that does not take that much must say that it has not seen the second request.",
	},
	{
		ID: "pipeline-content-between-two", Name: "content between two",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §9.3.2",
		Wire: get + post + `
C: $content\` + get + answer + answer + answer,
		Why: "Each answer belongs to its own request.",
	},
	{
		ID: "pipeline-head-between-two", Name: "HEAD between two",
		Oracle: Keep, Ref: "RFC 9110 §9.3.2",
		Wire: get + `
C: HEAD $get HTTP/1.1
C: Host: $host
C:` + get + answer + answer + answer,
		Why: "The answer to HEAD has no content, whatever its length says: what follows would be misread.",
	},
	{
		ID: "pipeline-an-empty-line-between-two", Name: "an empty line between two",
		Level: Should, Oracle: Keep, Ref: "RFC 9112 §2.2",
		Wire: get + `
C:` + get + answer + answer,
		Why: "Old clients send CRLF behind content; one should be ignored.",
	},
	{
		ID: "pipeline-two-then-half-closed", Name: "two, then half-closed",
		Level: Policy, Oracle: Said, Wire: get + get + `
C: <FIN>` + answer + answer, Ref: "RFC 9112 §9.6",
		Why: "A client that has said all it has to say still listens.",
	},
}
