//go:build linux && !spillway_portable

package conn

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// Chunks of all sizes, read in pieces of all sizes straight from the socket: the content is what was sent, and the request
// behind it is served.
func TestChunksStraightFromTheSocket(t *testing.T) {
	var want []byte
	addr, _ := serveTCP(t, Config{Handler: HandlerFunc(func(w *Response, r *Request) error {
		var got []byte
		p := make([]byte, 128<<10)
		for {
			n, err := r.Body.Read(p[:1+rand.IntN(len(p))])
			got = append(got, p[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		if r.Method == "POST" && !bytes.Equal(got, want) {
			return fmt.Errorf("%d bytes of content are not the %d that were sent", len(got), len(want))
		}
		return echoPath(w, r)
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
		want = want[:0]
		most := []int{10, 3000, 40 << 10, 200 << 10}[i%4]
		for range 1 + rand.IntN(40) {
			n := 1 + rand.IntN(most)
			if rand.IntN(3) > 0 {
				n = most
			}
			chunk := bytes.Repeat([]byte{byte(rand.IntN(256))}, n)
			want = append(want, chunk...)
			fmt.Fprintf(&wire, "%x\r\n%s\r\n", n, chunk)
		}
		wire.WriteString("0\r\n\r\nGET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := c.Write(wire.Bytes()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{fmt.Sprintf("/%d", i), "/behind"} {
			if err := expectContent(br, path); err != nil {
				t.Fatalf("with chunks of up to %d bytes: %v", most, err)
			}
		}
	}
}
