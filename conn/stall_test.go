// A write that stalls when the content has ended.

package conn_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/servertest"
)

// A client sends a request with content, and three requests behind it, before it reads. The handler writes a long response
// while another goroutine reads the content to its end. The write stalls, but there is no content to give up any more: what
// comes behind it are requests, and they are answered.
func TestStallBehindTheContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := servertest.Pipe()
		long := bytes.Repeat([]byte("x"), 1<<20)
		handler := func(w *conn.Response, r *conn.Request) error {
			if r.Method == "GET" {
				_, err := w.WriteString("at " + r.RawPath)
				return err
			}
			go io.Copy(io.Discard, r.Body)
			_, err := w.Write(long)
			return err
		}
		lim := conn.Limits{DrainBytes: 16}
		c := conn.New(server, conn.Share(conn.Config{Handler: conn.HandlerFunc(handler), Limits: lim}), 1)
		closed := make(chan conn.Reason, 1)
		go func() { closed <- c.Serve() }()
		io.WriteString(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n")
		time.Sleep(50 * time.Millisecond)
		io.WriteString(client, "hello world")
		for _, path := range []string{"/1", "/2", "/3"} {
			time.Sleep(10 * time.Millisecond)
			io.WriteString(client, "GET "+path+" HTTP/1.1\r\nHost: a.test\r\n\r\n")
		}
		time.Sleep(2 * time.Second) // the write has stalled for longer than content would be kept
		go client.CloseWrite()
		got, err := io.ReadAll(client)
		if n := bytes.Count(got, []byte("HTTP/1.1 200 OK\r\n")); n != 4 || err != nil || !strings.HasSuffix(string(got), "at /3") {
			t.Errorf("%d responses, %v, in the end %q", n, err, got[max(0, len(got)-100):])
		}
		if why := <-closed; why != conn.ReasonClientClosed {
			t.Errorf("closed: %v", why)
		}
	})
}
