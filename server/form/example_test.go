// A form of fields, and one with files that go where they are to be kept as they come.

package form_test

import (
	"fmt"
	"io"
	"os"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/form"
)

func ExampleParse() {
	login := func(w *server.Response, r *server.Request) error {
		values, err := form.Parse(r, form.Limits{Bytes: 4 << 10, Pairs: 10})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "hello, %s\n", values.Get("name"))
		return err
	}
	_ = &server.Server{Handler: server.HandlerFunc(login)}
}

func ExampleParts() {
	upload := func(w *server.Response, r *server.Request) error {
		for part, err := range form.Parts(r, form.Limits{Parts: 20, PartBytes: 1 << 30}) {
			if err != nil {
				return err
			}
			if part.FileName == "" {
				continue // a field, see Part.Text
			}
			f, err := os.CreateTemp("", "upload-*")
			if err != nil {
				return err
			}
			n, err := io.Copy(f, part)
			if err := f.Close(); err != nil {
				return err
			}
			if err != nil {
				return err // becomes a 400, 408 or 413
			}
			if _, err := fmt.Fprintf(w, "%s: %d bytes\n", part.Name, n); err != nil {
				return err
			}
		}
		return nil
	}
	_ = &server.Server{Handler: server.HandlerFunc(upload)}
}
