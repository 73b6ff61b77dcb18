// Heads that break the grammar where recipients are known to disagree.

package probe

var heads = []Scenario{
	{
		ID: "head-no-host", Name: "no Host",
		Oracle: Refuse, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.1
C:` + answer,
		Why: "Without Host nobody knows whom the request is for: 400.",
	},
	{
		ID: "head-two-hosts", Name: "two Hosts",
		Oracle: Refuse, Wire: headWith("Host: spillway-probe"), Ref: "RFC 9112 §3.2",
		Why: "Two recipients may each believe another one: 400.",
	},
	{
		ID: "head-http-1.0-two-hosts", Name: "two Hosts, HTTP/1.0",
		Oracle: Refuse, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.0
C: Host: $host
C: Host: spillway-probe
C:` + answer,
		Why: "Without a Host it would be served; two of them are ambiguous in any version: 400.",
	},
	{
		ID: "head-an-invalid-host", Name: "an invalid Host",
		Oracle: Refuse, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.1
C: Host: a b
C:` + answer,
		Why: "A Host that is no host is believed by some: 400.",
	},
	{
		ID: "head-a-space-before-a-colon", Name: "a space before a colon",
		Oracle: Refuse, Wire: headWith("X-Probe : x"), Ref: "RFC 9112 §5.1",
		Why: "A field that some see and others do not: 400.",
	},
	{
		ID: "head-a-line-without-a-colon", Name: "a line without a colon",
		Level: Should, Oracle: Refuse, Wire: headWith("X-Probe"), Ref: "RFC 9112 §5",
		Why: "It is no field line; skipping it hides what was meant.",
	},
	{
		ID: "head-a-name-with-a-control", Name: "a name with a control",
		Level: Should, Oracle: Refuse, Wire: headWith(`X\x01Probe: x`), Ref: "RFC 9110 §5.1",
		Why: "A name is a token; what is not may hide a field from a filter.",
	},
	{
		ID: "head-no-name", Name: "no name",
		Level: Should, Oracle: Refuse, Wire: headWith(`: x`), Ref: "RFC 9110 §5.1",
		Why: "A name is at least one character.",
	},
	{
		ID: "head-nul-in-a-value", Name: "NUL in a value",
		Level: May, Oracle: Refuse, Wire: headWith(`X-Probe: a\x00b`), Ref: "RFC 9110 §5.5",
		Why: "What ends a string for some recipients goes on for others.",
	},
	{
		ID: "head-bare-cr-in-a-value", Name: "bare CR in a value",
		Level: May, Oracle: Refuse, Wire: headWith(`X-Probe: a\rX-Hidden: b`), Ref: "RFC 9112 §2.2",
		Why: "A line end for some recipients, and not for others.",
	},
	{
		ID: "head-bare-lf-between-fields", Name: "bare LF between fields",
		Level: May, Oracle: Refuse, Wire: headWith(`X-Probe: a\nX-Hidden: b`), Ref: "RFC 9112 §2.2",
		Why: "A line end that the standard permits to forgive, and that not everybody forgives.",
	},
	{
		ID: "head-a-folded-line", Name: "a folded line",
		Level: May, Oracle: Refuse, Wire: headWith("X-Probe: a", " b"), Ref: "RFC 9112 §5.2",
		Why: "Folding is obsolete: 400, or to be replaced by spaces before anybody looks.",
	},
	{
		ID: "head-a-space-before-the-first-field", Name: "a space before the first field",
		Oracle: Drop, Content: `$smuggled`, Ref: "RFC 9112 §2.2",
		Wire: `
C: POST $post HTTP/1.1
C:  Content-Length: $size
C: Host: $host
C:
C: $content\` + answer + next,
		Why: "It continues nothing: such lines are to be refused or ignored.",
	},
	{
		ID: "head-http-2.0-in-the-request-line", Name: "HTTP/2.0 in the request line",
		Level: May, Oracle: Refuse, Ref: "RFC 9110 §15.6.6",
		Wire: `
C: GET $get HTTP/2.0
C: Host: $host
C:` + answer,
		Why: "Another major version is another protocol: 505.",
	},
	{
		ID: "head-http-0.9", Name: "HTTP/0.9",
		Level: Policy, Oracle: Refuse, Ref: "RFC 9112 §C.1",
		Wire: `
C: GET $get
C:` + answer,
		Why: "It cannot say which host it is for, and its answer has no head by which its end is known.",
	},
	{
		ID: "head-connect-without-a-port", Name: "CONNECT without a port",
		Oracle: Refuse, Ref: "RFC 9110 §9.3.6",
		Wire: `
C: CONNECT spillway-probe: HTTP/1.1
C: Host: $host
C:` + answer,
		Why: "A tunnel leads to a port, and there is no usual one.",
	},
	{
		ID: "head-connect-to-port-65536", Name: "CONNECT to port 65536",
		Oracle: Refuse, Ref: "RFC 9110 §9.3.6",
		Wire: `
C: CONNECT spillway-probe:65536 HTTP/1.1
C: Host: $host
C:` + answer,
		Why: "There is no such port; who cuts the number to 16 bits opens a tunnel to port 0.",
	},
	{
		ID: "head-a-version-in-lower-case", Name: "a version in lower case",
		Level: Should, Oracle: Refuse, Ref: "RFC 9112 §2.3",
		Wire: `
C: GET $get http/1.1
C: Host: $host
C:` + answer,
		Why: "The version is case-sensitive.",
	},
	{
		ID: "head-a-space-in-the-target", Name: "a space in the target",
		Level: Should, Oracle: Refuse, Ref: "RFC 9112 §3.2",
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
