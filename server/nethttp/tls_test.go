// What is agreed on under TLS, and plain HTTP that comes to it.

package nethttp_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server/nethttp"
)

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
		{nil, []string{"h2", "http/1.1"}, "h2"},
		{nil, []string{"http/1.1", "h2"}, "h2"},
		{nil, []string{"http/1.1"}, "http/1.1"},
		{nil, []string{"http/1.0"}, "http/1.0"},
		{[]string{"http/1.1"}, []string{"h2", "http/1.1"}, "http/1.1"},
		{[]string{"h2", "http/1.1", "acme-tls/1"}, []string{"h2", "http/1.1"}, "h2"},
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
