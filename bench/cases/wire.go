// The bytes of a case's request and of the response that is due.

package cases

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Host is the authority that every request names.
const Host = "bench.test"

// ProxyHeader is what connections begin with where a balancer stands before the server.
const ProxyHeader = "PROXY TCP4 192.0.2.1 192.0.2.2 4433 443\r\n"

const chunkBytes = 32 * kib // what Go's own client sends as one chunk

// digits is how many digits of a request differ where requests differ.
const digits = 8

// browserFields are a browser's fields but for Host and X-Request-Id, which make them 19.
var browserFields = []string{
	"Connection: keep-alive",
	"Pragma: no-cache",
	"Cache-Control: no-cache",
	`sec-ch-ua: "Chromium";v="136", "Google Chrome";v="136", "Not.A/Brand";v="99"`,
	"sec-ch-ua-mobile: ?0",
	`sec-ch-ua-platform: "Linux"`,
	"Upgrade-Insecure-Requests: 1",
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
	"Sec-Fetch-Site: same-origin",
	"Sec-Fetch-Mode: navigate",
	"Sec-Fetch-User: ?1",
	"Sec-Fetch-Dest: document",
	"Referer: https://bench.test/catalogue/books?sort=price&page=3",
	"Accept-Encoding: gzip, deflate, br, zstd",
	"Accept-Language: en-GB,en;q=0.9,de;q=0.8",
	"Cookie: session=6f1d0c2b9a7e4f5d8c3b2a1e0f9d8c7b; theme=dark; consent=necessary; ab=17b",
}

// Path returns the path that the case asks for. Where requests differ it ends in digits.
func (c *Case) Path() string {
	switch {
	case c.Route == Bytes:
		return "/bytes/" + strconv.Itoa(c.Reply)
	case c.Vary:
		return "/plaintext/00000000"
	}
	return [...]string{"/plaintext", "/json", "/consume", "/ignore", "/refuse", "/bytes/", "/file", "/sleep"}[c.Route]
}

// Wire returns one request as it is sent, and where in it the digits begin that differ every time.
func (c *Case) Wire() (wire []byte, vary []int) {
	var b bytes.Buffer
	method := "GET"
	if c.Content > 0 {
		method = "POST"
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, c.Path(), Host)
	if c.Browser {
		b.WriteString(strings.Join(browserFields, "\r\n") + "\r\nX-Request-Id: 4b1c7e52-00000000\r\n")
	}
	switch {
	case c.Chunked:
		b.WriteString("Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for content := Content(c.Content); len(content) > 0; {
			n := min(len(content), cmp.Or(c.ChunkBytes, chunkBytes))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, content[:n])
			content = content[n:]
		}
		b.WriteString("0\r\n\r\n")
	case c.Content > 0:
		fmt.Fprintf(&b, "Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", c.Content)
		b.Write(Content(c.Content))
	default:
		b.WriteString("\r\n")
	}
	wire = b.Bytes()
	if c.Vary {
		zeros := []byte("00000000")
		path := bytes.Index(wire, zeros)
		vary = []int{path, path + digits + bytes.Index(wire[path+digits:], zeros)}
	}
	return wire, vary
}

// PutNumber writes n's last digits at the places that differ.
func PutNumber(wire []byte, vary []int, n uint64) {
	for _, at := range vary {
		for i, rest := digits-1, n; i >= 0; i-- {
			wire[at+i] = byte('0' + rest%10)
			rest /= 10
		}
	}
}

// Content returns content that spells one request after another, so that a server which takes leftover content for a
// request gives itself away.
func Content(n int) []byte {
	stray := []byte("GET /plaintext HTTP/1.1\r\nHost: stray.test\r\n\r\n")
	return bytes.Repeat(stray, n/len(stray)+1)[:n]
}

// Status returns the status that is due.
func (c *Case) Status() int {
	if c.Route == Refuse {
		return 413
	}
	return 200
}

// Text returns the response's content that is due. A refusal may say what it likes: nil.
func (c *Case) Text() []byte {
	switch c.Route {
	case JSON:
		return []byte(`{"message":"Hello, World!"}` + "\n")
	case Consume:
		return Consumed(int64(c.Content))
	case Ignore:
		return []byte("ignored\n")
	case Refuse:
		return nil
	case Bytes:
		return bytes.Repeat([]byte("x"), c.Reply)
	case File:
		return bytes.Repeat([]byte("f"), FileBytes)
	}
	return []byte("Hello, World!")
}

// Consumed returns the reply to content that was read to its end.
func Consumed(n int64) []byte { return fmt.Appendf(nil, "consumed %d bytes\n", n) }
