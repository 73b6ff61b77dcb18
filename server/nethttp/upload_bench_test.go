// What an upload costs that a handler reads to the end, beside what it costs on net/http.

package nethttp_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// uploaded returns a request with 16 MiB of content, in chunks as net/http's client sends them where chunked is set.
func uploaded(chunked bool) string {
	const size, chunk = 16 << 20, 32 << 10
	const head = "POST /consume HTTP/1.1\r\nHost: example.test\r\n"
	if !chunked {
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, size, strings.Repeat("x", size))
	}
	line := fmt.Sprintf("%x\r\n%s\r\n", chunk, strings.Repeat("x", chunk))
	return head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat(line, size/chunk) + "0\r\n\r\n"
}

func BenchmarkUpload(b *testing.B) {
	readers := map[string]func(io.Reader) io.Reader{
		"body":    func(r io.Reader) io.Reader { return r },
		"wrapped": func(r io.Reader) io.Reader { return io.LimitReader(r, 1<<40) },
	}
	for _, chunked := range []bool{false, true} {
		for how, reader := range readers {
			for _, e := range engines {
				b.Run(fmt.Sprintf("chunked=%t/%s/%s", chunked, how, e.name), func(b *testing.B) {
					consume := func(w http.ResponseWriter, r *http.Request) {
						io.Copy(io.Discard, reader(r.Body))
					}
					c := newClient(b, dial(b, e.make(&http.Server{Handler: http.HandlerFunc(consume)})), uploaded(chunked))
					b.ReportAllocs()
					b.SetBytes(16 << 20)
					for b.Loop() {
						c.do(b)
					}
				})
			}
		}
	}
}
