// Command moved is a program for net/http that has been moved to spillway by one line, the one with nethttp.New. It speaks
// HTTP/1.1, and HTTP/2 over TLS, as before:
//
//	go run ./moved                                    # plain
//	go run ./moved -cert cert.pem -key key.pem
//	curl -k --http2 https://127.0.0.1:8080/           # HTTP/2.0
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	cert := flag.String("cert", "", "the certificate; without it there is no TLS")
	key := flag.String("key", "", "its key")
	flag.Parse()
	srv := newServer(*addr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- srv.Shutdown(within)
	}()
	if err := serve(srv, *cert, *key); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := <-done; err != nil {
		log.Fatal(err)
	}
}

func newServer(addr string) *nethttp.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.Proto) })
	mux.Handle("GET /files/", http.StripPrefix("/files/", http.FileServerFS(os.DirFS("."))))
	return nethttp.New(&http.Server{Addr: addr, Handler: mux}) // was: return &http.Server{Addr: addr, Handler: mux}
}

func serve(srv *nethttp.Server, cert, key string) error {
	if cert != "" {
		return srv.ListenAndServeTLS(cert, key)
	}
	return srv.ListenAndServe()
}
