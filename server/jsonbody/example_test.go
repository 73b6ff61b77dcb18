// JSON in and out.

package jsonbody_test

import (
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/jsonbody"
)

func Example() {
	type greeting struct {
		Name string `json:"name"`
	}
	greet := func(w *server.Response, r *server.Request) error {
		var g greeting
		if err := jsonbody.Read(r, &g, jsonbody.Limits{Bytes: 4 << 10}); err != nil {
			return err
		}
		return jsonbody.Write(w, map[string]string{"hello": g.Name})
	}
	_ = &server.Server{Handler: server.HandlerFunc(greet)}
}
