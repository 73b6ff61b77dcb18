// How a connection uses the parser, in as few lines as show it.

package parser_test

import (
	"fmt"

	"github.com/spillway-go/spillway/parser"
)

// A head comes in two pieces, and what stands behind it is the content's.
func ExampleHead_Parse() {
	received := "POST /upload?dry HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	limits := parser.DefaultLimits()
	var head parser.Head
	for _, window := range []string{received[:30], received} {
		n, err := head.Parse([]byte(window), &limits)
		if err != nil {
			fmt.Println(err)
			return
		}
		if n == 0 {
			fmt.Println("more is needed")
			continue
		}
		framing, err := parser.FramingOf(&head)
		fmt.Println(head.Method, head.Path, head.Query, framing == parser.Chunked, err)
		fmt.Printf("%q\n", window[n:])
	}
	// Output:
	// more is needed
	// POST /upload dry true <nil>
	// "5\r\nhello\r\n0\r\n\r\n"
}

// What two parties could read in two ways is refused, with the status for it and the rule that it broke.
func ExampleFramingOf() {
	limits := parser.DefaultLimits()
	var head parser.Head
	request := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	if _, err := head.Parse([]byte(request), &limits); err != nil {
		fmt.Println(err)
		return
	}
	_, err := parser.FramingOf(&head)
	fmt.Println(err)
	// Output: parser: Content-Length and Transfer-Encoding in one request (RFC 9112 §6.1)
}
