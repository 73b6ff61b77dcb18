//go:build linux && !spillway_portable

// Content that goes from the socket straight into the handler's slice.

package conn

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// Chunks of all sizes, read in pieces of all sizes straight from the socket: the content is what was sent, and the request
// behind it is served.
func TestChunksStraightFromTheSocket(t *testing.T) {
	addr, _ := serveTCP(t, Config{Handler: HandlerFunc(func(w *Response, r *Request) error {
		sum := crc32.NewIEEE()
		p := make([]byte, 128<<10)
		for {
			n, err := r.Body.Read(p[:1+rand.IntN(len(p))])
			sum.Write(p[:n])
			if err == io.EOF {
				_, err := fmt.Fprintf(w, "%s %x", r.RawPath, sum.Sum32())
				return err
			}
			if err != nil {
				return err
			}
		}
	})})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	br := bufio.NewReader(c)
	for i := range 40 {
		var wire bytes.Buffer
		fmt.Fprintf(&wire, "POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", i)
		sum := crc32.NewIEEE()
		most := []int{10, 3000, 40 << 10, 200 << 10}[i%4]
		for range 1 + rand.IntN(40) {
			n := 1 + rand.IntN(most)
			if rand.IntN(3) > 0 {
				n = most
			}
			chunk := bytes.Repeat([]byte{byte(rand.IntN(256))}, n)
			sum.Write(chunk)
			fmt.Fprintf(&wire, "%x\r\n%s\r\n", n, chunk)
		}
		wire.WriteString("0\r\n\r\nGET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := c.Write(wire.Bytes()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{fmt.Sprintf("/%d %x", i, sum.Sum32()), "/behind 0"} {
			if err := expectContent(br, want); err != nil {
				t.Fatalf("with chunks of up to %d bytes: %v", most, err)
			}
		}
	}
}
