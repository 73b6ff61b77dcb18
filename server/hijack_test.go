// Connections that a handler has hijacked.

package server_test

import (
	"bufio"
	"context"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// A handler that stays with the connection that it has hijacked does not hold Shutdown up, and one that ends its
// goroutine leaves the connection open.
func TestHijackedConnectionsAreNobodysBusiness(t *testing.T) {
	for name, last := range map[string]func(*server.Hijacked){
		"stays":  func(c *server.Hijacked) { io.Copy(c, c); c.Close() },
		"goexit": func(c *server.Hijacked) { go func() { io.Copy(c, c); c.Close() }(); runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &server.Server{MaxConns: 1, Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
					if err := w.SetStatus(101); err != nil {
						return err
					}
					c, err := w.Hijack()
					if err == nil {
						last(c)
					}
					return err
				})}
				l := servertest.Listen()
				go srv.Serve(l)
				c, _ := l.Dial()
				defer c.Close()
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\nearly")
				br := bufio.NewReader(c)
				for line := ""; line != "\r\n"; {
					line, _ = br.ReadString('\n')
				}
				synctest.Wait()
				if n := srv.Stats().Open; n != 0 {
					t.Errorf("%d connections are open", n)
				}
				if err := srv.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
				io.WriteString(c, "late")
				got := make([]byte, len("earlylate"))
				if _, err := io.ReadFull(br, got); string(got) != "earlylate" {
					t.Errorf("echoed %q, %v", got, err)
				}
			})
		})
	}
}
