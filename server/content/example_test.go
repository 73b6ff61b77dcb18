// Content that a program makes, and a directory of files.

package content_test

import (
	"embed"
	"log"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/content"
)

//go:embed doc.go
var files embed.FS

// started stands for the time of modification of what changes only with the program.
var started = time.Now()

// Content that a handler has in memory is served with ranges and conditions, too.
func ExampleServe() {
	report := func(w *server.Response, r *server.Request) error {
		if err := w.Set("ETag", `"2026-07"`); err != nil {
			return err
		}
		return content.Serve(w, r, "report.csv", started, strings.NewReader("month,uploads\n7,1200\n"))
	}
	_ = &server.Server{Handler: server.HandlerFunc(report)}
}

// A directory of the system, with .br, .zst and .gz files beside those that they are variants of.
func ExampleOpen() {
	dir, err := content.Open("/srv/www")
	if err != nil {
		log.Fatal(err)
	}
	dir.Precompressed = true
	log.Fatal((&server.Server{Handler: dir}).ListenAndServe("127.0.0.1:8080"))
}

// Files that are part of the program.
func ExampleDir() {
	_ = &server.Server{Handler: &content.Dir{FS: files}}
}
