// Fields in a trailer section that count in a head only, as a table. Whoever merges the two has an effect that a client sees.

package probe

import "strings"

const (
	trailerRef = "RFC 9110 §6.5.1"
	trailerWhy = "What came behind the content was not there when the request was judged by its head: nothing for framing, routing, conditions, " +
		"credentials or content counts there, or who looks at the head only is deceived."
)

// trailerFields are requests with such a field, behind the same request without it: whatever the server makes of the one, it makes of the
// other, unless it refuses the field.
func trailerFields() []Scenario {
	content := Scenario{Name: "behind content,", Oracle: Alike, Ref: trailerRef, Why: trailerWhy}
	page := content
	page.Name = "behind a GET's content,"
	var all []Scenario
	for _, r := range []struct {
		variant
		tells []int // statuses of a server that has believed the field
	}{
		{variant{id: "content-length", name: "Content-Length", text: "Content-Length: 5"}, nil},
		{variant{id: "transfer-encoding", name: "Transfer-Encoding", text: "Transfer-Encoding: chunked"}, nil},
		{variant{id: "both", name: "both framing fields", text: `Transfer-Encoding: gzip, chunked\r\nContent-Length: 5`}, []int{501}},
		{variant{id: "close", name: "Connection: close", text: "Connection: close"}, nil},
		{variant{id: "upgrade", name: "an upgrade to h2c", text: `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__`}, []int{101}},
		{variant{id: "expect", name: "Expect", text: "Expect: 100-continue"}, nil},
		{variant{id: "expect-unknown", name: "an unknown expectation", text: "Expect: spillway-probe"}, []int{417}},
		{variant{id: "authorization", name: "Authorization", text: "Authorization: Basic c3BpbGx3YXk6cHJvYmU="}, []int{200, 401, 403}},
		{variant{id: "proxy-authorization", name: "Proxy-Authorization", text: "Proxy-Authorization: Basic c3BpbGx3YXk6cHJvYmU="}, []int{200, 407}},
		{variant{id: "content-encoding", name: "Content-Encoding", text: "Content-Encoding: spillway-probe"}, []int{415}},
		{variant{id: "content-type", name: "Content-Type", text: "Content-Type: spillway/probe"}, []int{200, 415}},
		{variant{id: "content-range", name: "Content-Range", text: "Content-Range: bytes 0-4/10"}, nil},
		{variant{id: "max-forwards", name: "Max-Forwards", text: "Max-Forwards: 0"}, nil},
		{variant{id: "only-if-cached", name: "Cache-Control: only-if-cached", text: "Cache-Control: only-if-cached"}, []int{504}},
		{variant{id: "range", name: "Range", text: "Range: bytes=0-0"}, []int{206, 416}},
		{variant{id: "range-beyond", name: "a Range beyond the end", text: "Range: bytes=999999999-"}, []int{206, 416}},
		{variant{id: "if-match", name: "If-Match", text: `If-Match: "spillway-probe"`}, []int{412}},
		{variant{id: "if-none-match", name: "If-None-Match", text: "If-None-Match: *"}, []int{304, 412}},
		{variant{id: "if-modified-since", name: "If-Modified-Since", text: "If-Modified-Since: Thu, 31 Dec 2099 23:59:59 GMT"}, []int{304}},
		{variant{id: "if-unmodified-since", name: "If-Unmodified-Since", text: "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT"}, []int{412}},
		{variant{id: "accept", name: "Accept", text: "Accept: spillway/probe"}, []int{406}},
	} {
		content.Not, page.Not = r.tells, r.tells
		rows := []variant{r.variant}
		all = append(all, variants(rows, "trailer-", content, func(field string) string { return trailed("POST $post", field) })...)
		all = append(all, variants(rows, "trailer-get-", page, func(field string) string { return trailed("GET $get", field) })...)
	}
	return append(all, Scenario{
		ID: "trailer-keep-alive", Name: "behind content, Connection: keep-alive", kind: "trailer-",
		Oracle: Once, Ref: trailerRef, Why: "A client that has said close waits for the end.",
		Wire: strings.Replace(postChunked, "Transfer-", "Connection: close\nC: Transfer-", 1) + `
C: 5\r\nhello\r\n0\r\nConnection: keep-alive\r\n\r\n\` + answer,
	})
}

// trailed is a request with content in chunks, the same with a trailer section, and another.
func trailed(line, fields string) string {
	head := "\nC: " + line + ` HTTP/1.1
C: Host: $host
C: Transfer-Encoding: chunked
C:
C: `
	return head + `5\r\nhello\r\n0\r\n\r\n\` + answer + head + `5\r\nhello\r\n0\r\n` + fields + `\r\n\r\n\` + answer + next
}
