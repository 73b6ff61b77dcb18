// The one line in a program, and how a handler has its context.

package spillwayotel_test

import (
	"context"
	"log"

	"github.com/spillway-go/spillway/contrib/otel"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/route"
)

func Example() {
	mux := new(route.Mux)
	mux.HandleFunc("GET /items/{id}", func(w *server.Response, r *server.Request, p route.Params) error {
		item, err := lookUp(spillwayotel.Context(r), p.Get("id"))
		if err != nil {
			return err
		}
		_, err = w.WriteString(item)
		return err
	})
	traced := spillwayotel.Middleware(spillwayotel.Config{Route: mux.Match})(mux)
	srv := &server.Server{Handler: traced}
	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}

func lookUp(context.Context, string) (string, error) { return "an item", nil }
