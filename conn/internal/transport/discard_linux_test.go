// Throwing away takes as many bytes as it says, and no others.

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDiscard(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			addr := "127.0.0.1:0"
			if network == "unix" {
				addr = filepath.Join(t.TempDir(), "s")
			}
			l, err := net.Listen(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			to, err := net.Dial(network, l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer to.Close()
			from, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer from.Close()
			var s Socket
			s.Init(from, func() { from.Close() })

			content := make([]byte, 1<<20)
			copy(content[1000:], "here")
			go to.Write(content)
			for left := int64(1000); left > 0; {
				n, err := s.Discard(left)
				if err != nil || n < 1 || int64(n) > left {
					t.Fatalf("discarded %d of %d bytes, %v", n, left, err)
				}
				left -= int64(n)
			}
			var here [4]byte
			if _, err := io.ReadFull(from, here[:]); string(here[:]) != "here" || err != nil {
				t.Fatalf("behind the discarded bytes is %q, %v", here, err)
			}
			for left := int64(len(content) - 1004); left > 0; {
				n, err := s.Discard(left + 100)
				if err != nil {
					t.Fatal(err)
				}
				left -= int64(n)
			}
			s.Reads.By(time.Now().Add(20 * time.Millisecond))
			if n, err := s.Discard(1); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("with nothing to come: %d, %v", n, err)
			}
			s.Reads.By(time.Time{})
			to.Close()
			if n, err := s.Discard(1); n != 0 || err != io.EOF {
				t.Errorf("at the end: %d, %v", n, err)
			}
		})
	}
}
