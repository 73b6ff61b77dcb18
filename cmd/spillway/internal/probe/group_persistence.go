// Which request is the last of its connection.

package probe

import "strings"

var persistence = []Scenario{
	{
		ID: "persist-two-requests", Name: "two requests",
		Level: Should, Oracle: Keep, Wire: next + next, Ref: "RFC 9112 §9.3",
		Why: "Connections persist by default.",
	},
	{
		ID: "persist-fifty-requests", Name: "fifty requests",
		Level: Should, Oracle: Keep, Wire: strings.Repeat(next, 50), Ref: "RFC 9112 §9.3",
		Why: "A server may end a connection at any time, and says so in the last answer.",
	},
	{
		ID: "persist-a-pause-of-one-second", Name: "a pause of one second",
		Level: Policy, Oracle: Keep, Wire: next + `
~ 1s` + next, Ref: "RFC 9112 §9.5",
		Why: "An idle connection waits for longer than a user's next click.",
	},
	{
		ID: "persist-head-then-get", Name: "HEAD, then GET",
		Oracle: Keep, Ref: "RFC 9110 §9.3.2",
		Wire: `
C: HEAD $get HTTP/1.1
C: Host: $host
C:` + answer + next,
		Why: "Content behind the answer to a HEAD would be read as the next answer.",
	},
	{
		ID: "persist-connection-close-and-nothing-behind", Name: "Connection: close, and nothing behind",
		Oracle: Once, Wire: oneOf("1.1", []string{"Connection: close"}) + answer,
		Ref: "RFC 9112 §9.6",
		Why: "The client asks for the end; no other request gives the server a reason for it.",
	},
	{
		ID: "persist-http-1.0-and-nothing-behind", Name: "HTTP/1.0, and nothing behind",
		Oracle: Old, Wire: oneOf("1.0", nil) + answer, Ref: "RFC 9112 §9.3",
		Why: "The client waits for the end; no other request gives the server a reason for it.",
	},
	{
		ID: "persist-connection-close", Name: "Connection: close",
		Oracle: Once, Wire: last("1.1", "Connection: close"), Ref: "RFC 9112 §9.6",
		Why: "Nothing behind a request that says close may be processed.",
	},
	{
		ID: "persist-connection-keep-alive-close", Name: "Connection: keep-alive, close",
		Oracle: Once, Wire: last("1.1", "Connection: keep-alive, close"), Ref: "RFC 9112 §9.3",
		Why: "close wins, wherever it stands in the list.",
	},
	{
		ID: "persist-close-in-a-second-line", Name: "close in a second line",
		Oracle: Once, Wire: last("1.1", "Connection: te", "connection: CLOSE"), Ref: "RFC 9110 §5.3",
		Why: "Lines of the same name are one list, and its elements are not case-sensitive.",
	},
	{
		ID: "persist-close-with-content", Name: "close with content",
		Oracle: Once, Content: `$smuggled`, Ref: "RFC 9112 §9.6",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Connection: close
C: Content-Length: $size
C:
C: $content\` + answer,
		Why: "Closing with unread content resets the connection, and the answer may be lost.",
	},
	{
		ID: "persist-http-1.0", Name: "HTTP/1.0",
		Oracle: Old, Wire: last("1.0"), Ref: "RFC 9112 §9.3",
		Why: "An HTTP/1.0 client that does not ask for more waits for the end.",
	},
	{
		ID: "persist-http-1.0-with-content", Name: "HTTP/1.0 with content",
		Oracle: Old, Content: `$smuggled`, Ref: "RFC 9112 §9.3",
		Wire: `
C: POST $post HTTP/1.0
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer,
		Why: "An HTTP/1.0 client that does not ask for more waits for the end.",
	},
	{
		ID: "persist-http-1.0-keep-alive-close", Name: "HTTP/1.0 keep-alive, close",
		Oracle: Once, Wire: last("1.0", "Connection: keep-alive, close"), Ref: "RFC 9112 §9.3",
		Why: "close wins, wherever it stands in the list.",
	},
	{
		ID: "persist-http-1.0-keep-alive", Name: "HTTP/1.0 keep-alive",
		Level: May, Oracle: Keep, Wire: again("1.0", "Connection: keep-alive"), Ref: "RFC 9112 §C.2.2",
		Why: "Who keeps such a connection must say so, and must not send chunks.",
	},
	{
		ID: "persist-http-1.0-keep-alive-with-content", Name: "HTTP/1.0 keep-alive with content",
		Level: May, Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §C.2.2",
		Wire: `
C: POST $post HTTP/1.0
C: Host: $host
C: Connection: keep-alive
C: Content-Length: $size
C:
C: $content\` + answer + next,
		Why: "A kept connection must be at a request's beginning, whatever the version.",
	},
	{
		ID: "persist-http-1.9", Name: "HTTP/1.9",
		Level: Should, Oracle: Keep, Wire: again("1.9"), Ref: "RFC 9110 §6.2",
		Why: "A higher minor version is to be taken as the highest one that is known.",
	},
}

// last is a request that is the last one, and another behind it that nobody may answer.
func last(version string, fields ...string) string { return oneOf(version, fields) + get + answer }

// again is a request that is not the last one, and another.
func again(version string, fields ...string) string { return oneOf(version, fields) + answer + next }

func oneOf(version string, fields []string) string {
	s := `
C: GET $get HTTP/` + version + `
C: Host: $host`
	for _, f := range fields {
		s += "\nC: " + f
	}
	return s + "\nC:"
}
