// The three lines in a program.

package spillwayprom_test

import (
	"log"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/spillway-go/spillway/contrib/prometheus"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/route"
)

func Example() {
	var mux route.Mux
	mux.Handle("GET /metrics", nethttp.Handler(promhttp.Handler()))
	srv := &server.Server{Handler: &mux}

	m := spillwayprom.New(srv.Stats)
	srv.Trace = m.Trace
	prometheus.MustRegister(m)

	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}
