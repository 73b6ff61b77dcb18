// The code of the pages that stands in no other example, so that it is compiled.

package docs_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/accesslog"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/live"
	"github.com/spillway-go/spillway/server/nethttp"
)

func Example_stock() {
	mux := http.NewServeMux()

	srv := nethttp.New(&http.Server{Addr: "127.0.0.1:8080", Handler: mux}) // was: srv := &http.Server{…}
	log.Fatal(srv.ListenAndServe())
}

func Example_tls() {
	cfg, handler := &tls.Config{}, server.HandlerFunc(save)

	srv := &server.Server{Handler: handler, TLS: https.Config(cfg)}
	log.Fatal(srv.ListenAndServe("127.0.0.1:8443"))
}

func Example_proxied() {
	handler := server.HandlerFunc(save)

	srv := &server.Server{Handler: handler, ProxyProtocol: server.ProxyRequired}
	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}

// save answers early where it can, and reads at its own pace.
func save(w *server.Response, r *server.Request) error {
	if r.ContentLength > 1<<30 {
		return &server.StatusError{Status: 413, Reason: "at most 1 GiB"} // arrives, whatever is still being sent
	}
	r.Body.Limit(1 << 30)                        // chunked content that turns out to be larger is a 413 too
	r.SetDrain(4<<20, 10*time.Second)            // if it is left: keep the connection for up to 4 MiB
	r.SetReadDeadline(time.Now().Add(time.Hour)) // for this request alone
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return err // becomes a 400, 408 or 413
	}
	_, err = fmt.Fprintf(w, "%d bytes\n", n)
	return err
}

func Example_limits() {
	srv := &server.Server{
		Handler:  server.HandlerFunc(save),
		MaxConns: 10_000,
		Limits: server.Limits{
			BodyBytes:   1 << 30, // content of more than 1 GiB: 413
			DrainBytes:  1 << 20, // leftovers of up to 1 MiB keep their connection
			MinReadRate: -1,      // clients may be as slow as they like
		},
	}
	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}

func Example_shutdown() {
	srv := &server.Server{Handler: server.HandlerFunc(save)}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- srv.Shutdown(within)
	}()
	if err := srv.ListenAndServe("127.0.0.1:8080"); !errors.Is(err, server.ErrClosed) {
		log.Fatal(err)
	}
	if err := <-done; err != nil {
		log.Print(err) // says how many connections had to be ended
	}
}

func Example_accessLog() {
	srv := &server.Server{Handler: server.HandlerFunc(save)}
	srv.Trace = accesslog.New(slog.Default()).Trace
	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}

func Example_live() {
	l, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	page := &live.Page{}
	seen := page.Watch("shop")
	srv := &server.Server{Handler: server.HandlerFunc(save), Trace: seen.Trace, TraceIf: seen.TraceIf}
	go srv.Serve(seen.Listener(l))
	err = (&server.Server{Handler: page}).ListenAndServe("127.0.0.1:9000")
	log.Fatal(err)
}

func Example_refusals() {
	srv := &server.Server{
		Handler: server.HandlerFunc(save),
		Trace: func(e server.Event) {
			if e.Kind == server.EventSettled && e.Refusal != nil {
				slog.Info("request refused", "remote", e.Remote, "line", e.RequestLine, "rule", e.Refusal.Reason, "section", e.Refusal.Section)
			}
		},
	}
	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}

func Example_watching() {
	srv := &server.Server{
		Handler: server.HandlerFunc(save),
		Log:     slog.Default(),
		Trace: func(e server.Event) {
			if e.Kind == server.EventClosed && e.Reason != server.ReasonClientClosed {
				slog.Info("connection ended", "conn", e.Conn, "verdict", e.Verdict, "reason", e.Reason)
			}
		},
	}
	go func() {
		for range time.Tick(time.Minute) {
			stats := srv.Stats()
			slog.Info("connections", "open", stats.Open, "idle", stats.Idle, "too slow", stats.Closes[server.ReasonLeftoverTooSlow])
		}
	}()
	log.Fatal(srv.ListenAndServe("127.0.0.1:8080"))
}
