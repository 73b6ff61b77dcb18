package nethttp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/spillway-go/spillway/server/nethttp"
)

// One server speaks both protocols, on one port, and plain HTTP on another.
func TestHTTP2(t *testing.T) {
	h := &http.Server{TLSConfig: certificate(t), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv := r.Context().Value(http.ServerContextKey) != nil
		fmt.Fprint(w, r.Proto, r.TLS != nil, srv, r.RemoteAddr != "", r.Context().Value(http.LocalAddrContextKey) != nil)
	})}
	//lint:ignore SA1019 programs in use call it
	if err := http2.ConfigureServer(h, nil); err != nil {
		t.Fatal(err)
	}
	srv := nethttp.New(h)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeTLS(l, "", "") }()
	for proto, transport := range map[string]http.RoundTripper{
		"HTTP/1.1": &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		//lint:ignore SA1019 it is the client that comes with the server under test
		"HTTP/2.0": &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	} {
		client := http.Client{Transport: transport}
		res, err := client.Get("https://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(res.Body)
		if string(content) != proto+" true true true true" && string(content) != proto+"true true true true" {
			t.Errorf("%q over %s", content, proto)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		t.Errorf("ServeTLS: %v", err)
	}
}

// certificate returns a configuration with httptest's certificate.
func certificate(t *testing.T) *tls.Config {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates}
}

// What ALPN offers: HTTP/2 only where somebody serves it.
func TestALPN(t *testing.T) {
	for _, c := range []struct {
		listed []string
		ask    []string
		want   string
	}{
		{nil, []string{"h2", "http/1.1"}, "http/1.1"},
		{[]string{"h2", "http/1.1", "acme-tls/1"}, []string{"h2", "http/1.1"}, "http/1.1"},
		{[]string{"h2", "http/1.1", "acme-tls/1"}, []string{"acme-tls/1"}, "acme-tls/1"},
	} {
		cfg := certificate(t)
		cfg.NextProtos = c.listed
		srv := nethttp.New(&http.Server{TLSConfig: cfg, Handler: http.HandlerFunc(hello)})
		nc := dial(t, tlsEngine{srv})
		client := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: c.ask})
		if err := client.Handshake(); err != nil || client.ConnectionState().NegotiatedProtocol != c.want {
			t.Errorf("%v: %q, %v", c, client.ConnectionState().NegotiatedProtocol, err)
		}
	}
}

type tlsEngine struct{ *nethttp.Server }

func (e tlsEngine) Serve(l net.Listener) error { return e.ServeTLS(l, "", "") }

// A client that does not speak TLS is told so, and the log tells both that and other handshakes that failed.
func TestPlainHTTPOnTLS(t *testing.T) {
	var log logLines
	nc := dial(t, tlsEngine{nethttp.New(&http.Server{TLSConfig: certificate(t), ErrorLog: log.logger()})})
	io.WriteString(nc, get)
	got, err := io.ReadAll(nc)
	if !strings.HasPrefix(string(got), "HTTP/1.0 400 ") || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	want := []string{"http: TLS handshake error from ADDR: client sent an HTTP request to an HTTPS server"}
	if all := log.all(); !slices.Equal(all, want) {
		t.Errorf("%q", all)
	}
}
