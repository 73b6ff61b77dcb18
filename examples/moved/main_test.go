// The program speaks the protocols that it says.

package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProtocols(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	borrowed := httptest.NewTLSServer(nil) // its certificate, and a client that knows it
	defer borrowed.Close()
	for _, test := range []struct{ scheme, want string }{{"http", "HTTP/1.1\n"}, {"https", "HTTP/2.0\n"}} {
		srv, client, ended := newServer(""), borrowed.Client(), make(chan error, 1)
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
		if test.scheme == "https" {
			if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			srv.HTTPServer().TLSConfig = borrowed.TLS.Clone()
			srv.HTTPServer().TLSConfig.NextProtos = nil
			go func() { ended <- srv.ServeTLS(l, "", "") }()
		} else {
			go func() { ended <- srv.Serve(l) }()
		}
		for path, want := range map[string]string{"/": test.want, "/files/main.go": "// Command moved"} {
			res, err := client.Get(test.scheme + "://" + l.Addr().String() + path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != 200 || !strings.HasPrefix(string(got), want) {
				t.Errorf("%s %s: %d %.40q, %v", test.scheme, path, res.StatusCode, got, err)
			}
		}
		client.CloseIdleConnections()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
}
