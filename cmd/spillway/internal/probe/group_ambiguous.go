// Requests whose content ends in two places, depending on who reads them: what two recipients frame in two ways smuggles.

package probe

var ambiguous = []Scenario{
	{
		ID: "ambiguous-both-headers-chunks-end-first", Name: "both headers, chunks end first",
		Oracle: Ambiguous, Content: `0\r\n\r\n$smuggled`, Ref: "RFC 9112 §6.1",
		Wire: framedBy("$content", "Content-Length: $size", "Transfer-Encoding: chunked"),
		Why:  "With both headers the connection must be closed behind the answer, if there is any but 400.",
	},
	{
		ID: "ambiguous-both-headers-length-ends-first", Name: "both headers, length ends first",
		Oracle: Ambiguous, Content: `$smuggled`, Ref: "RFC 9112 §6.1",
		Wire: framedBy("$chunked", "Transfer-Encoding: chunked", "Content-Length: 4"),
		Why:  "With both headers the connection must be closed behind the answer, if there is any but 400.",
	},
	{
		ID: "ambiguous-two-lengths-the-longer-last", Name: "two lengths, the longer last",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
		Wire: framedBy("$content", "Content-Length: 0", "Content-Length: $size"),
		Why:  "Lengths that differ have no meaning: 400 and close.",
	},
	{
		ID: "ambiguous-two-lengths-the-longer-first", Name: "two lengths, the longer first",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
		Wire: framedBy("$content", "Content-Length: $size", "Content-Length: 0"),
		Why:  "Lengths that differ have no meaning: 400 and close.",
	},
	{
		ID: "ambiguous-two-lengths-in-a-list", Name: "two lengths in a list",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
		Wire: framedBy("$content", "Content-Length: 0, $size"),
		Why:  "Lengths that differ have no meaning: 400 and close.",
	},
	{
		ID: "ambiguous-a-length-with-a-sign", Name: "a length with a sign",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9110 §8.6",
		Wire: framedBy("$content", "Content-Length: +$size"),
		Why:  "A length is digits only; number parsers take more than that.",
	},
	{
		ID: "ambiguous-a-negative-length", Name: "a negative length",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9110 §8.6",
		Wire: framedBy("$content", "Content-Length: -1"),
		Why:  "A length is digits only; number parsers take more than that.",
	},
	{
		ID: "ambiguous-a-length-with-an-underscore", Name: "a length with an underscore",
		Oracle: Conflict, Content: `{x*10}$smuggled`, Ref: "RFC 9110 §8.6",
		Wire: framedBy("$content", "Content-Length: 1_0"),
		Why:  "A length is digits only; number parsers take more than that.",
	},
	{
		ID: "ambiguous-a-hexadecimal-length", Name: "a hexadecimal length",
		Oracle: Conflict, Content: `{x*16}$smuggled`, Ref: "RFC 9110 §8.6",
		Wire: framedBy("$content", "Content-Length: 0x10"),
		Why:  "A length is digits only; number parsers take more than that.",
	},
	{
		ID: "ambiguous-an-empty-length", Name: "an empty length",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9110 §8.6",
		Wire: framedBy("$content", "Content-Length:"),
		Why:  "A length is at least one digit.",
	},
	{
		ID: "ambiguous-a-length-beyond-64-bits", Name: "a length beyond 64 bits",
		Oracle: Conflict, Content: `{x*10}$smuggled`, Ref: "RFC 9110 §8.6",
		Wire: framedBy("$content", "Content-Length: 18446744073709551626"),
		Why:  "A length that overflows becomes a small one: 10, in 64 bits.",
	},
	{
		ID: "ambiguous-a-space-before-the-lengths-colon", Name: "a space before the length's colon",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §5.1",
		Wire: framedBy("$content", "Content-Length : $size"),
		Why:  "Some read it as a length and some as an unknown field: 400.",
	},
	{
		ID: "ambiguous-a-space-before-the-codings-colon", Name: "a space before the coding's colon",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §5.1",
		Wire: framedBy("$chunked", "Transfer-Encoding : chunked"),
		Why:  "Some read it as chunked and some as an unknown field: 400.",
	},
	{
		ID: "ambiguous-coding-identity", Name: "coding identity",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
		Wire: framedBy("$chunked", "Transfer-Encoding: identity"),
		Why:  "Where chunked is not the last coding, the end of a request's content cannot be known: 400.",
	},
	{
		ID: "ambiguous-chunked-is-not-last", Name: "chunked is not last",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
		Wire: framedBy("$chunked", "Transfer-Encoding: chunked, identity"),
		Why:  "Where chunked is not the last coding, the end of a request's content cannot be known: 400.",
	},
	{
		ID: "ambiguous-chunked-twice", Name: "chunked twice",
		Level: Should, Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.1",
		Wire: framedBy("$chunked", "Transfer-Encoding: chunked, chunked"),
		Why:  "Nothing may be chunked twice; who decodes once and who decodes twice see different ends.",
	},
	{
		ID: "ambiguous-chunked-in-two-lines-with-another", Name: "chunked in two lines, with another",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.1",
		Wire: framedBy("$chunked", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
		Why:  "Lines of the same name are one list; who looks at one of them only is misled.",
	},
	{
		ID: "ambiguous-coding-xchunked", Name: "coding xchunked",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.1",
		Wire: framedBy("$chunked", "Transfer-Encoding: xchunked"),
		Why:  "A coding that only ends like chunked is an unknown one: 501.",
	},
	{
		ID: "ambiguous-a-control-before-chunked", Name: "a control before chunked",
		Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9110 §5.5",
		Wire: framedBy("$chunked", `Transfer-Encoding: \x0bchunked`),
		Why:  "Who trims more than white space reads chunked, who does not reads another coding.",
	},
	{
		ID: "ambiguous-a-folded-coding", Name: "a folded coding",
		Level: May, Oracle: Framing, Content: `$smuggled`, Ref: "RFC 9112 §5.2",
		Wire: framedBy("$chunked", "Transfer-Encoding:", " chunked"),
		Why:  "Who joins folded lines reads chunked, who does not reads an empty coding.",
	},
	{
		ID: "ambiguous-chunked-from-http-1.0", Name: "chunked from HTTP/1.0",
		Oracle: Ambiguous, Content: `$smuggled`, Ref: "RFC 9112 §6.1",
		Wire: `
C: POST $post HTTP/1.0
C: Host: $host
C: Connection: keep-alive
C: Transfer-Encoding: chunked
C:
C: $chunked\` + answer + next,
		Why: "HTTP/1.0 has no transfer codings: such a message is faulty, and the connection must be closed behind it.",
	},
}

// framedBy is a POST with these framing fields and this content, and another request.
func framedBy(content string, fields ...string) string {
	s := `
C: POST $post HTTP/1.1
C: Host: $host`
	for _, f := range fields {
		s += "\nC: " + f
	}
	return s + "\nC:\nC: " + content + `\` + answer + next
}
