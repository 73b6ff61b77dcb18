// Errors that are nil, or no status of an error.

package conn_test

import (
	"io"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/servertest"
)

// A handler that returns a pointer that is nil as an error has failed: the client gets a 500, and the next request its answer.
func TestErrorsThatAreNilPointers(t *testing.T) {
	for name, failure := range map[string]error{
		"StatusError":   (*conn.StatusError)(nil),
		"TooLargeError": (*body.TooLargeError)(nil),
		"no status":     &conn.StatusError{Status: 200, Reason: "fine"},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := servertest.Pipe()
			handler := conn.HandlerFunc(func(w *conn.Response, r *conn.Request) error {
				if r.RawPath == "/next" {
					_, err := w.WriteString("served")
					return err
				}
				return failure
			})
			go conn.New(server, conn.Share(conn.Config{Handler: handler}), 1).Serve()
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET /next HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
			got, err := io.ReadAll(client)
			if !strings.HasPrefix(string(got), "HTTP/1.1 500 ") || !strings.HasSuffix(string(got), "\r\n\r\nserved") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
