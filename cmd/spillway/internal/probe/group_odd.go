// Requests that are valid and rare: forms of the target, methods, upgrades, expectations. A connection outlives each of them.

package probe

import "strings"

var odd = []Scenario{
	{
		ID: "odd-absolute-form", Name: "absolute-form",
		Oracle: Keep, Ref: "RFC 9112 §3.2.2",
		Wire: `
C: GET http://$host$get HTTP/1.1
C: Host: $host
C:` + answer + next,
		Why: "A server must accept the absolute form in requests, although only proxies get it today.",
		Not: []int{400, 501, 505},
	},
	{
		ID: "odd-absolute-form-other-host", Name: "absolute-form against Host, then another",
		Oracle: Keep, Ref: "RFC 9112 §3.2.2",
		Wire: `
C: GET http://$host$get HTTP/1.1
C: Host: spillway-probe.invalid
C:` + answer + next,
		Why: "The target's authority counts and not Host, for this request and for no other.",
	},
	{
		ID: "odd-options-asterisk", Name: "OPTIONS *",
		Oracle: Keep, Ref: "RFC 9112 §3.2.4",
		Wire: `
C: OPTIONS * HTTP/1.1
C: Host: $host
C:` + answer + next,
		Why: "It asks about the server as a whole.",
	},
	{
		ID: "odd-connect", Name: "CONNECT",
		Level: Should, Oracle: Keep, Ref: "RFC 9110 §9.3.6",
		Wire: `
C: CONNECT $host HTTP/1.1
C: Host: $host
C:` + answer,
		Why: "A server that makes no tunnels says so.",
	},
	{
		ID: "odd-post-without-length", Name: "POST without a length",
		Oracle: Keep, Ref: "RFC 9112 §6.3",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C:` + answer + next,
		Why: "Without a framing field a request has no content; nobody waits for any.",
	},
	{
		ID: "odd-http-1.0-without-host", Name: "HTTP/1.0 without Host",
		Oracle: Old, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.0
C:` + answer,
		Why: "Host came with HTTP/1.1.",
	},
	{
		ID: "odd-long-line", Name: "a request line of 8,000 bytes",
		Level: Should, Oracle: Keep, Ref: "RFC 9112 §3", Not: []int{414, 431, 400},
		Wire: `
C: GET $get?{x*7950} HTTP/1.1
C: Host: $host
C:` + answer + next,
		Why: "All senders and recipients are asked to support lines of at least 8,000 bytes.",
	},
	{
		ID: "odd-upgrade-with-content", Name: "an unknown upgrade, with content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §7.8",
		Wire: framedBy("$content", "Connection: Upgrade", "Upgrade: spillway-probe", "Content-Length: $size"),
		Why:  "An upgrade that is not taken is ignored, and the content is content.",
	},
	{
		ID: "odd-upgrade-chunked", Name: "an unknown upgrade, with content in chunks",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §7.8",
		Wire: framedBy("$chunked", "Connection: Upgrade", "Upgrade: spillway-probe", "Transfer-Encoding: chunked"),
		Why:  "An upgrade that is not taken is ignored, and the content is content.",
	},
	{
		ID: "odd-h2c-with-content", Name: "an upgrade to h2c, with content",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9113 §3.1",
		Wire: framedBy("$content", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Content-Length: $size"),
		Why:  "It is deprecated; a server that ignores it reads the content as content.",
	},
	{
		ID: "odd-expect-list", Name: "Expect: 100-continue and another",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: framedBy("$content", "Expect: 100-continue, spillway-probe", "Content-Length: $size"),
		Why:  "An expectation that cannot be met may get 417, which does not take the content off the connection.",
	},
	{
		ID: "odd-expect-twice", Name: "Expect: 100-continue, twice",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: framedBy("$content", "Expect: 100-continue", "Expect: 100-continue", "Content-Length: $size"),
		Why:  "Lines of the same name are one list; one answer belongs to one request.",
	},
	{
		ID: "odd-expect-empty", Name: "Expect of nothing",
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: framedBy("$content", "Expect:", "Content-Length: $size"),
		Why:  "Nothing is expected.",
	},
	{
		ID: "odd-expect-quoted", Name: `Expect: "100-continue"`,
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9110 §10.1.1",
		Wire: framedBy("$content", `Expect: "100-continue"`, "Content-Length: $size"),
		Why:  "It is another expectation, and may get 417.",
	},
	{
		ID: "odd-trailer-framing", Name: "framing fields in a trailer section",
		Oracle: Either, Ref: "RFC 9110 §6.5.1",
		Wire: inPieces(`5\r\nhello\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`),
		Why:  "Trailers come too late to frame anything, or to end the connection: they are dropped, or the request is refused.",
	},
	{
		ID: "odd-trailer-host", Name: "Host in a trailer section",
		Oracle: Keep, Wire: inPieces(`5\r\nhello\r\n0\r\nHost: spillway-probe.invalid\r\n\r\n`), Ref: "RFC 9110 §6.5.1",
		Why: "Trailers are no part of the head.",
	},
	{
		ID: "odd-keep-alive-then-1.1", Name: "HTTP/1.0 keep-alive, then HTTP/1.1",
		Level: May, Oracle: Keep, Wire: oneOf("1.0", []string{"Connection: keep-alive"}) + answer + next + next, Ref: "RFC 9112 §2.3",
		Why: "The version is the message's, and not the connection's.",
	},
	{
		ID: "odd-other-host-first", Name: "another Host, then the right one",
		Oracle: Keep, Ref: "RFC 9112 §3.2",
		Wire: `
C: GET $get HTTP/1.1
C: Host: spillway-probe.invalid
C:` + answer + next,
		Why: "A connection's first request says nothing about where the next one goes.",
	},
	{
		ID: "odd-not-found-first", Name: "five for what is not there, then one",
		Oracle: Keep, Wire: strings.Repeat(`
C: GET $hidden HTTP/1.1
C: Host: $host
C:`+answer, 5) + next, Ref: "RFC 9112 §9.3",
		Why: "A connection's first requests say nothing about the next.",
	},
}

// contentEverywhere is content with methods and targets whose handlers may not know that there is any.
func contentEverywhere() []Scenario {
	var rows []variant
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PUT", "PATCH", "POST", "QUERY"} {
		for _, target := range []struct{ id, is string }{
			{"page", "$get"}, {"nowhere", "/spillway-nowhere"}, {"icon", "/favicon.ico"}, {"dots", "/%2e%2e/"}, {"slashes", "//x//"}, {"query", "$get?a=b"},
		} {
			rows = append(rows, variant{
				id: strings.ToLower(method) + "-" + target.id, name: method + " of " + strings.ReplaceAll(target.is, "$get", "the page"),
				text: method + " " + target.is + " HTTP/1.1\r\n",
			})
		}
	}
	s := Scenario{
		Oracle: Keep, Content: `$smuggled`, Ref: "RFC 9112 §9.3",
		Why: "Whoever answers, and for whatever reason, the content is to be taken off the connection.",
	}
	with := func(framing string) func(string) string {
		return func(line string) string {
			return "\nC: " + strings.TrimSuffix(line, "\r\n") + "\nC: Host: $host" + framing + answer + next
		}
	}
	chunked := s
	s.Name, chunked.Name = "length,", "chunks,"
	return join(
		variants(rows, "content-length-", s, with("\nC: Content-Length: $size\nC:\nC: $content\\")),
		variants(rows, "content-chunked-", chunked, with("\nC: Transfer-Encoding: chunked\nC:\nC: $chunked\\")),
	)
}

// headEnds are heads that end in other bytes than an empty line. The request behind is answered by who sees the end there.
func headEnds() []Scenario {
	return variants([]variant{
		{id: "crlf-cr-x", name: "CRLF, CR and a letter", text: `\r\n\rX`},
		{id: "crlf-cr-nul", name: "CRLF, CR and NUL", text: `\r\n\r\x00`},
		{id: "crlf-cr", name: "CRLF and CR", text: `\r\n\r`},
		{id: "cr-cr", name: "CR CR", text: `\r\r`},
		{id: "crcr-lf", name: "CR CR LF", text: `\r\r\n`},
		{id: "lf-cr", name: "LF CR", text: `\n\r`},
		{id: "crlf-space-crlf", name: "CRLF, a space and CRLF", text: `\r\n \r\n`},
		{id: "crlf-tab-crlf", name: "CRLF, a tab and CRLF", text: `\r\n\t\r\n`},
		{id: "crlf-nul-crlf", name: "CRLF, NUL and CRLF", text: `\r\n\x00\r\n`},
		{id: "crlf-vt-crlf", name: "CRLF, a vertical tab and CRLF", text: `\r\n\x0b\r\n`},
	}, "head-end-", Scenario{
		Name: "a head that ends in", Oracle: Refuse, Content: `$smuggled`, Ref: "RFC 9112 §2.1",
		Why: "Only an empty line ends a head; who looks less closely finds a request where others still read fields.",
	}, func(end string) string {
		return `
C: GET $get HTTP/1.1
C: Host: $host` + end + `$smuggled\` + answer
	})
}
