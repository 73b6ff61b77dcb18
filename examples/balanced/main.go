// Command balanced stands behind HAProxy, which says in a PROXY header whose connection it is: handlers, limits and the access log
// see the client's address. HAProxy asks /health, and is told 503 for a while before the program ends, so that it sends its clients
// elsewhere in time.
//
//	go run ./balanced & haproxy -f balanced/haproxy.cfg &
//	curl http://127.0.0.1:8000/
package main

import (
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/accesslog"
	"github.com/spillway-go/spillway/server/listen"
	"github.com/spillway-go/spillway/server/restart"
	"github.com/spillway-go/spillway/server/route"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	listeners, err := listen.On(*addr)
	if err != nil {
		log.Fatal(err)
	}
	process := restart.Process{Server: newServer(slog.New(slog.NewJSONHandler(os.Stdout, nil))), DrainTime: 5 * time.Second}
	if err := process.Serve(listeners...); err != nil {
		log.Fatal(err)
	}
}

func newServer(logger *slog.Logger) *server.Server {
	mux := new(route.Mux)
	srv := &server.Server{
		Handler:           mux,
		ProxyProtocol:     server.ProxyRequired, // from loopback, unless ProxyTrusted says otherwise
		MaxConnsPerClient: 100,                  // whose addresses are the header's
		Trace:             accesslog.New(logger).Trace,
	}
	mux.Handle("GET /health", srv.Health())
	mux.HandleFunc("GET /{$}", func(w *server.Response, r *server.Request, _ route.Params) error {
		_, err := fmt.Fprintf(w, "hello, %v\n", r.RemoteAddr())
		return err
	})
	return srv
}
