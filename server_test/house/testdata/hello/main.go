// Hello is the smallest program with a server in it.
package main

import (
	"os"

	"github.com/spillway-go/spillway/server"
)

func hello(w *server.Response, r *server.Request) error {
	_, err := w.WriteString("hello\n")
	return err
}

func main() {
	srv := &server.Server{Handler: server.HandlerFunc(hello)}
	if err := srv.ListenAndServe("127.0.0.1:8080"); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
