// Command graceful is replaced by a new build of itself without losing a request:
//
//	go build -o graceful ./graceful && ./graceful &
//	go build -o graceful ./graceful && kill -USR2 %1    # the new one answers; the old one ends when its last answer is sent
//
// Its answers say which process they come from.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/listen"
	"github.com/spillway-go/spillway/server/restart"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := fmt.Fprintf(w, "process %d\n", os.Getpid())
		return err
	})}
	listeners, err := listen.On(*addr)
	if err != nil {
		log.Fatal(err)
	}
	if err := restart.Serve(srv, listeners...); err != nil {
		log.Fatal(err)
	}
}
