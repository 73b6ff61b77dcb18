// The parser's speed beside http.ReadRequest's.

package parser

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The three inputs of the benchmarks: a minimal request, a browser's, and one with long cookies.
var inputs = []struct{ name, head string }{
	{"Minimal", "GET /plaintext HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"},
	{"Browser", "GET /articles/2026/spillway?ref=front&utm_source=list HTTP/1.1\r\n" +
		"Host: www.example.test\r\n" +
		"Connection: keep-alive\r\n" +
		"Cache-Control: max-age=0\r\n" +
		"Sec-Ch-Ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n" +
		"Sec-Ch-Ua-Mobile: ?0\r\n" +
		"Sec-Ch-Ua-Platform: \"Linux\"\r\n" +
		"Dnt: 1\r\n" +
		"Upgrade-Insecure-Requests: 1\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Sec-Fetch-Site: same-origin\r\n" +
		"Sec-Fetch-Mode: navigate\r\n" +
		"Sec-Fetch-User: ?1\r\n" +
		"Sec-Fetch-Dest: document\r\n" +
		"Referer: https://www.example.test/articles/2026/\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n" +
		"If-None-Match: \"5f3c-61a2b\"\r\n" +
		"Priority: u=0, i\r\n\r\n"},
	{"Cookies", "GET /account HTTP/1.1\r\nHost: www.example.test\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
		"Accept: */*\r\nCookie: " + string(bytes.Repeat([]byte("session=0123456789abcdef; "), 60)) + "last=1\r\n" +
		"Cookie2: " + string(bytes.Repeat([]byte("tracking=fedcba9876543210; "), 60)) + "last=1\r\n\r\n"},
}

func BenchmarkHead(b *testing.B) {
	lim := DefaultLimits()
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			window, h := []byte(in.head), new(Head)
			b.SetBytes(int64(len(window)))
			b.ReportAllocs()
			for b.Loop() {
				h.Reset()
				if n, err := h.Parse(window, &lim); n != len(window) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkHeadRepeats(b *testing.B) {
	lim := DefaultLimits()
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			window, h := []byte(in.head), new(Head)
			if _, err := h.Parse(window, &lim); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(window)))
			for b.Loop() {
				if !h.Repeats(window) {
					b.Fatal("the same head does not repeat")
				}
			}
		})
	}
}

// BenchmarkChunks walks through 4 KiB of content in chunks of a size.
func BenchmarkChunks(b *testing.B) {
	lim := DefaultLimits()
	for _, size := range []int{1, 16, 4096} {
		chunk := fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("a", size))
		wire := []byte(strings.Repeat(chunk, 4096/size) + "0\r\n")
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for c, rest, done := (Chunks{}), wire, false; !done; done = c.Size == 0 {
					n, whole, err := c.Next(rest, &lim)
					if !whole || err != nil {
						b.Fatal(n, err)
					}
					rest = rest[n+int(c.Size):]
				}
			}
		})
	}
}

// BenchmarkReadRequest is net/http's counterpart of BenchmarkHead.
func BenchmarkReadRequest(b *testing.B) {
	for _, in := range inputs {
		b.Run(in.name, func(b *testing.B) {
			from, br := bytes.NewReader(nil), bufio.NewReader(nil)
			b.SetBytes(int64(len(in.head)))
			b.ReportAllocs()
			for b.Loop() {
				from.Reset([]byte(in.head))
				br.Reset(from)
				if _, err := http.ReadRequest(br); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
