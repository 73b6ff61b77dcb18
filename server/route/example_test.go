// Routes with parameters, groups with middleware, and what the Mux answers itself.

package route_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/route"
	"github.com/spillway-go/spillway/server/servertest"
)

func Example() {
	var mux route.Mux
	mux.HandleFunc("GET /files/{name}", func(w *server.Response, r *server.Request, p route.Params) error {
		_, err := fmt.Fprintf(w, "the file %s\n", p.Get("name"))
		return err
	})
	mux.HandleFunc("GET /files/", func(w *server.Response, r *server.Request, p route.Params) error {
		_, err := w.WriteString("all files\n")
		return err
	})
	show(&mux, "GET /files/a%20b", "GET /files/", "GET /files", "DELETE /files/a")
	// Output:
	// GET /files/a%20b: 200 the file a b
	// GET /files/: 200 all files
	// GET /files: 307
	// DELETE /files/a: 405 Method Not Allowed
}

// A group's middleware stands around its routes alone.
func ExampleMux_Group() {
	authorized := func(h server.Handler) server.Handler {
		return server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			if r.Fields.Get("Authorization") == "" {
				return &server.StatusError{Status: 401, Reason: "who are you?"}
			}
			return h.Serve(w, r)
		})
	}
	var mux route.Mux
	admin := mux.Group("/admin/{site}", authorized)
	admin.HandleFunc("GET /users/{id}", func(w *server.Response, r *server.Request, p route.Params) error {
		_, err := fmt.Fprintf(w, "%s at %s\n", p.Get("id"), p.Get("site"))
		return err
	})
	show(&mux, "GET /admin/north/users/7", "GET /admin/north")
	// Output:
	// GET /admin/north/users/7: 401 who are you?
	// GET /admin/north: 404 404 page not found
}

// show sends requests to a handler, and prints what becomes of them.
func show(h server.Handler, requests ...string) {
	srv := &server.Server{Handler: h}
	l := servertest.Listen()
	go srv.Serve(l)
	defer srv.Close()
	for _, request := range requests {
		c, _ := l.Dial()
		io.WriteString(c, request+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		response, _ := io.ReadAll(c)
		head, content, _ := strings.Cut(string(response), "\r\n\r\n")
		fmt.Println(strings.TrimSpace(fmt.Sprintf("%s: %s %s", request, strings.Fields(head)[1], content)))
	}
}
