// What has been received beside a handler: the end of the stream, and the next request.

package conn_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/servertest"
)

// A client that half-closes has gone, as far as a context can tell, but it gets its response.
func TestResponseBehindAHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := servertest.Pipe()
		handler := func(w *conn.Response, r *conn.Request) error {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Second):
				t.Error("the context is not cancelled")
			}
			_, err := w.WriteString("goodbye")
			return err
		}
		io.WriteString(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
		client.CloseWrite()
		c := conn.New(server, conn.Share(conn.Config{Handler: conn.HandlerFunc(handler)}), 1)
		if why := c.Serve(); why != conn.ReasonClientClosed {
			t.Errorf("closed: %v", why)
		}
		if got, err := io.ReadAll(client); !strings.HasSuffix(string(got), "\r\n\r\ngoodbye") || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// The window is empty when the next request is awaited, but it need not stand at the buffer's front: content was consumed
// while the connection read ahead behind it.
func TestRequestBehindReadingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := servertest.Pipe()
		handler := func(w *conn.Response, r *conn.Request) error {
			r.Context().Done()
			synctest.Wait() // until the connection reads ahead
			content, _ := io.ReadAll(r.Body)
			_, err := w.WriteString(r.RawPath + " " + string(content))
			return err
		}
		go conn.New(server, conn.Share(conn.Config{Handler: conn.HandlerFunc(handler)}), 1).Serve()
		io.WriteString(client, "POST /first HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\nhello world")
		time.Sleep(time.Second)
		io.WriteString(client, "GET /"+strings.Repeat("x", 100)+" HTTP/1.1\r\nHost: a.test\r\n\r\n")
		client.CloseWrite()
		got, err := io.ReadAll(client)
		if want := "/" + strings.Repeat("x", 100) + " "; !strings.HasSuffix(string(got), want) || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}
