// How a program with an http.Server, or an http.Handler, moves to this one.

package nethttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

// A program with an http.Server changes one line.
func Example() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello, %s!\n", r.PathValue("name"))
	})
	srv := nethttp.New(&http.Server{ // was: srv := &http.Server{
		Addr:              "127.0.0.1:8080",
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
	})
	log.Fatal(srv.ListenAndServe())
}

// With TLS nothing else changes, and HTTP/2 is there as it was.
func Example_tls() {
	srv := nethttp.New(&http.Server{
		Addr:      ":8443",
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13},
	})
	log.Fatal(srv.ListenAndServeTLS("cert.pem", "key.pem"))
}

// A graceful shutdown is written as it is with net/http.
func Example_shutdown() {
	srv := nethttp.New(&http.Server{Addr: "127.0.0.1:8080"})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(within); err != nil {
			srv.Close() // the rest has had its time
		}
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// What an http.Server has no words for is set in the Server: how much of a leftover is read, how slow a client may be.
func ExampleServer() {
	srv := nethttp.New(&http.Server{Addr: "127.0.0.1:8080"})
	srv.Limits.DrainBytes = 1 << 20
	srv.Limits.MinReadRate = 240 // bytes per second
	srv.MaxConns = 10_000
	log.Fatal(srv.ListenAndServe())
}

// A stock handler in a native server.
func ExampleHandler() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	srv := &server.Server{Handler: nethttp.Handler(http.NotFoundHandler())}
	go srv.Serve(l)
	defer srv.Close()
	res, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	content, _ := io.ReadAll(res.Body)
	fmt.Printf("%d %s", res.StatusCode, content)
	// Output: 404 404 page not found
}
