// More than a server should take: it refuses, and the client can read that.

package probe

var limits = []Scenario{
	{
		ID: "limit-a-target-of-2-mib", Name: "a target of 2 MiB",
		Oracle: Limit, Ref: "RFC 9112 §3",
		Wire: `
C: GET $get?{x*2097152} HTTP/1.1
C: Host: $host
C:` + answer,
		Why: "414, and no reset for a client that is still sending.",
	},
	{
		ID: "limit-a-field-of-4-mib", Name: "a field of 4 MiB",
		Oracle: Limit, Wire: headWith("X-Probe: {x*4194304}"), Ref: "RFC 9110 §5.4",
		Why: "431, and no reset for a client that is still sending.",
	},
	{
		ID: "limit-4-mib-of-fields", Name: "4 MiB of fields",
		Oracle: Limit, Wire: headWith(`{X-Probe: 0123456789\r\n*200000}X-Last: 1`), Ref: "RFC 9110 §5.4",
		Why: "431, and no reset for a client that is still sending.",
	},
	{
		ID: "limit-4-mib-of-empty-lines", Name: "4 MiB of empty lines",
		Oracle: Limit, Wire: `
C: {\r\n*2097152}\` + get + answer, Ref: "RFC 9112 §2.2",
		Why: "Ignoring one empty line is polite; ignoring a million is work for nothing.",
	},
	{
		ID: "limit-a-chunk-extension-of-4-mib", Name: "a chunk extension of 4 MiB",
		Oracle: Framing, Wire: inPieces(`5;{x*4194304}\r\nhello\r\n0\r\n\r\n`), Ref: "RFC 9112 §7.1.1",
		Why: "Nobody needs extensions; they must not cost more than the content.",
	},
	{
		ID: "limit-a-trailer-section-of-4-mib", Name: "a trailer section of 4 MiB",
		Oracle: Framing, Ref: "RFC 9112 §7.1.2",
		Wire: inPieces(`5\r\nhello\r\n0\r\n{X-Probe: 0123456789\r\n*200000}\r\n`),
		Why:  "A trailer section is a head that comes last, and needs the same limits.",
	},
	{
		ID: "limit-a-length-of-2-63-1-then-half-closed", Name: "a length of 2^63-1, then half-closed",
		Oracle: Ends, Ref: "RFC 9110 §8.6",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Content-Length: 9223372036854775807
C:
C: hello\
C: <FIN>` + answer,
		Why: "A declared length costs nothing to declare; nothing may be set aside for it.",
	},
}
