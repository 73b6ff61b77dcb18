// How TLS is configured.

package https_test

import (
	"crypto/tls"
	"fmt"
	"log"
	"net/http"
	"runtime"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/nethttp"
)

// handler answers a client by its name, as its certificate says it.
var handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
	name := "nobody"
	if chains := https.State(r).VerifiedChains; len(chains) > 0 {
		name = chains[0][0].Subject.CommonName
	}
	_, err := fmt.Fprintf(w, "hello, %s\n", name)
	return err
})

// Certificates of two sites, which may be renewed while the server runs.
func ExampleFiles() {
	files := &https.Files{Pairs: []https.Pair{
		{Cert: "/etc/ssl/example.org.pem", Key: "/etc/ssl/example.org.key"},
		{Cert: "/etc/ssl/example.net.pem", Key: "/etc/ssl/example.net.key"},
	}}
	cfg, err := files.Config()
	if err != nil {
		log.Fatal(err)
	}
	srv := &server.Server{Handler: handler, TLS: https.Config(cfg)}
	log.Fatal(srv.ListenAndServe(":443"))
}

// The same files for an http.Handler.
func ExampleFiles_nethttp() {
	mux := http.NewServeMux()
	files := &https.Files{Pairs: []https.Pair{{Cert: "/etc/ssl/example.org.pem", Key: "/etc/ssl/example.org.key"}}}

	cfg, err := files.Config()
	if err != nil {
		log.Fatal(err)
	}
	srv := nethttp.New(&http.Server{Addr: ":443", Handler: mux, TLSConfig: cfg})
	log.Fatal(srv.ListenAndServeTLS("", ""))
}

// Clients that must show a certificate, sessions that outlive a restart, and a bound on the handshakes of a flood.
func ExampleFiles_clients() {
	files := &https.Files{
		Pairs:      []https.Pair{{Cert: "/etc/ssl/example.org.pem", Key: "/etc/ssl/example.org.key"}},
		ClientCAs:  "/etc/ssl/clients.pem",
		TicketKeys: []string{"/etc/ssl/tickets-new", "/etc/ssl/tickets-old"},
	}
	cfg, err := files.Config()
	if err != nil {
		log.Fatal(err)
	}
	cfg.MinVersion = tls.VersionTLS13
	srv := &server.Server{Handler: handler, TLS: https.Config(cfg), Limits: server.Limits{MaxHandshakes: runtime.GOMAXPROCS(0)}}
	log.Fatal(srv.ListenAndServe(":443"))
}
