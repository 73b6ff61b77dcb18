// Heads that break the grammar where recipients are known to disagree.

package probe

var heads = []Scenario{
	{
		Name: "no Host", Oracle: Refuse, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.1
C:` + answer,
		Why: "Without Host nobody knows whom the request is for: 400.",
	},
	{
		Name: "two Hosts", Oracle: Refuse, Wire: headWith("Host: spillway-probe"), Ref: "RFC 9112 §3.2",
		Why: "Two recipients may each believe another one: 400.",
	},
	{
		Name: "an invalid Host", Oracle: Refuse, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.1
C: Host: a b
C:` + answer,
		Why: "A Host that is no host is believed by some: 400.",
	},
	{
		Name: "a space before a colon", Oracle: Refuse, Wire: headWith("X-Probe : x"), Ref: "RFC 9112 §5.1",
		Why: "A field that some see and others do not: 400.",
	},
	{
		Name: "a line without a colon", Oracle: Refuse, Wire: headWith("X-Probe"), Ref: "RFC 9112 §5",
		Why: "It is no field line; skipping it hides what was meant.",
	},
	{
		Name: "a name with a control", Oracle: Refuse, Wire: headWith(`X\x01Probe: x`), Ref: "RFC 9110 §5.1",
		Why: "A name is a token; what is not may hide a field from a filter.",
	},
	{
		Name: "no name", Oracle: Refuse, Wire: headWith(`: x`), Ref: "RFC 9110 §5.1",
		Why: "A name is at least one character.",
	},
	{
		Name: "NUL in a value", Oracle: Refuse, Wire: headWith(`X-Probe: a\x00b`), Ref: "RFC 9110 §5.5",
		Why: "What ends a string for some recipients goes on for others.",
	},
	{
		Name: "bare CR in a value", Oracle: Refuse, Wire: headWith(`X-Probe: a\rX-Hidden: b`), Ref: "RFC 9112 §2.2",
		Why: "A line end for some recipients, and not for others.",
	},
	{
		Name: "bare LF between fields", Oracle: Refuse, Wire: headWith(`X-Probe: a\nX-Hidden: b`), Ref: "RFC 9112 §2.2",
		Why: "A line end that the standard permits to forgive, and that not everybody forgives.",
	},
	{
		Name: "a folded line", Oracle: Refuse, Wire: headWith("X-Probe: a", " b"), Ref: "RFC 9112 §5.2",
		Why: "Folding is obsolete: 400, or to be replaced by spaces before anybody looks.",
	},
	{
		Name: "a space before the first field", Oracle: Drop, Content: `$smuggled`, Ref: "RFC 9112 §2.2",
		Wire: `
C: POST $post HTTP/1.1
C:  Content-Length: $size
C: Host: $host
C:
C: $content\` + answer + next,
		Why: "It continues nothing: such lines are to be refused or ignored.",
	},
	{
		Name: "HTTP/2.0 in the request line", Oracle: Refuse, Ref: "RFC 9110 §15.6.6",
		Wire: `
C: GET $get HTTP/2.0
C: Host: $host
C:` + answer,
		Why: "Another major version is another protocol: 505.",
	},
	{
		Name: "a version in lower case", Oracle: Refuse, Ref: "RFC 9112 §2.3",
		Wire: `
C: GET $get http/1.1
C: Host: $host
C:` + answer,
		Why: "The version is case-sensitive.",
	},
	{
		Name: "a space in the target", Oracle: Refuse, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get x HTTP/1.1
C: Host: $host
C:` + answer,
		Why: "Who takes the last word for the version and who takes the third see different targets.",
	},
}

// headWith is a GET with more field lines.
func headWith(fields ...string) string {
	s := `
C: GET $get HTTP/1.1
C: Host: $host`
	for _, f := range fields {
		s += "\nC: " + f
	}
	return s + "\nC:" + answer
}
