// Law of this file: what the package is for, in as few lines as show it.

package servertest_test

import (
	"fmt"
	"io"

	"github.com/spillway-go/spillway/server/servertest"
)

// A server that closes with unread input destroys its own response; one that half-closes and reads on does not.
func ExamplePipe() {
	for _, lingers := range []bool{false, true} {
		client, server := servertest.Pipe()
		fmt.Fprint(client, "a request that nobody reads")
		fmt.Fprint(server, "a response")
		if lingers {
			server.CloseWrite()
			io.CopyN(io.Discard, server, 27)
		}
		server.Close()
		b, err := io.ReadAll(client)
		fmt.Printf("%q, %v\n", b, err)
		client.Close()
	}
	// Output:
	// "", read tcp 192.0.2.2:49152->192.0.2.1:80: read: connection reset by peer
	// "a response", <nil>
}
