// A server that is restarted by a signal.

package restart_test

import (
	"log"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/listen"
	"github.com/spillway-go/spillway/server/restart"
)

// SIGUSR2 starts the program anew, with the same socket; SIGTERM ends it.
func Example() {
	srv := &server.Server{}
	listeners, err := listen.On("127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	err = restart.Serve(srv, listeners...)
	if err != nil {
		log.Fatal(err)
	}
}
