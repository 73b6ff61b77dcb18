// A handler that finds out who its client is.

package forwarded_test

import (
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/forwarded"
	"github.com/spillway-go/spillway/server/servertest"
)

func Example() {
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // the balancers
	whoami := func(w *server.Response, r *server.Request) error {
		client := forwarded.For(r.RemoteAddr().String(), slices.Collect(r.Fields.Values("Forwarded")), trusted)
		_, err := fmt.Fprintln(w, "hello,", client)
		return err
	}
	srv, l := &server.Server{Handler: server.HandlerFunc(whoami)}, servertest.Listen()
	go srv.Serve(l)
	defer srv.Close()

	c, _ := l.Dial() // from 192.0.2.2
	io.WriteString(c, "GET / HTTP/1.0\r\nForwarded: for=127.0.0.1, for=203.0.113.7\r\n\r\n")
	answer, _ := io.ReadAll(c)
	fmt.Printf("%s", answer[len(answer)-len("hello, 203.0.113.7\n"):])
	// Output: hello, 203.0.113.7
}
