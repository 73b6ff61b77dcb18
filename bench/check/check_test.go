// The check passes servers that answer rightly, and notices those that do not.

package check

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/bench/cases"

	"github.com/spillway-go/spillway/server/servertest"
)

// next reads a request's head, and its content if that is wanted.
func next(in *bufio.Reader, content bool) bool {
	r, err := http.ReadRequest(in)
	if err == nil && content {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return err == nil
}

const ignored = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nignored\n"

func leftover() *cases.Case {
	return &cases.Case{Route: cases.Ignore, Content: 64 << 10, Conns: 1, Pipeline: 1}
}

func TestCheckPassesWhatIsRight(t *testing.T) {
	addr := servertest.Serve(t, func(nc *net.TCPConn, in *bufio.Reader) {
		for next(in, true) {
			io.WriteString(nc, ignored)
		}
	})
	if notes, err := Case(addr, leftover()); err != nil || len(notes) != 0 {
		t.Errorf("Case = %q, %v", notes, err)
	}
}

func TestCheckNotesAnAnnouncedClose(t *testing.T) {
	addr := servertest.Serve(t, func(nc *net.TCPConn, in *bufio.Reader) {
		next(in, false)
		io.WriteString(nc, strings.Replace(ignored, "OK\r\n", "OK\r\nConnection: close\r\n", 1))
		nc.CloseWrite()
		io.Copy(io.Discard, in)
	})
	if notes, err := Case(addr, leftover()); err != nil || len(notes) != 1 || !strings.Contains(notes[0], "closes the connection") {
		t.Errorf("Case = %q, %v", notes, err)
	}
}

func TestCheckNoticesWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(nc *net.TCPConn, in *bufio.Reader)
		want string
	}{
		{"content read as requests", func(nc *net.TCPConn, in *bufio.Reader) {
			for first := true; next(in, false); first = false {
				if first {
					io.WriteString(nc, ignored)
				} else {
					io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!")
				}
			}
		}, `"H`}, // the stray response is seen behind the first one, or taken for the second
		{"reset", func(nc *net.TCPConn, in *bufio.Reader) {
			next(in, true)
			nc.SetLinger(0)
		}, "connection reset"},
		{"close without announcement", func(nc *net.TCPConn, in *bufio.Reader) {
			next(in, true)
			io.WriteString(nc, ignored)
		}, "connection closed"},
		{"other content", func(nc *net.TCPConn, in *bufio.Reader) {
			next(in, true)
			io.WriteString(nc, strings.Replace(ignored, "ignored", "IGNORED", 1))
			time.Sleep(50 * time.Millisecond)
		}, `content "IGNORED\n" where "ignored\n" was due`},
		{"other status", func(nc *net.TCPConn, in *bufio.Reader) {
			next(in, true)
			io.WriteString(nc, strings.Replace(ignored, "200", "400", 1))
			time.Sleep(50 * time.Millisecond)
		}, "status 400 where 200 was due"},
		{"bytes behind the last response", func(nc *net.TCPConn, in *bufio.Reader) {
			for n := 1; next(in, true); n++ {
				io.WriteString(nc, ignored)
				if n == turns {
					io.WriteString(nc, "more")
				}
			}
		}, "bytes behind the response"},
		{"bytes behind the end", func(nc *net.TCPConn, in *bufio.Reader) {
			next(in, true)
			io.WriteString(nc, strings.Replace(ignored, "OK\r\n", "OK\r\nConnection: close\r\n", 1)+"more")
		}, "4 bytes behind a response that announced the end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Case(servertest.Serve(t, test.do), leftover()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Case = %v, want %q", err, test.want)
			}
		})
	}
}
