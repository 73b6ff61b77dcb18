// What the tests of the libraries share: calls in the form of a table, servers that a test stops itself, and TLS.

package ecosystem

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
)

// call is a request, as a line of a table.
type call struct {
	Line   string // method and path
	Fields string // "Name: value", with a line end between them
	Body   string
}

// request makes the request to send to s.
func (c call) request(t *testing.T, s site) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(c.Line, " ")
	var body io.Reader
	if c.Body != "" {
		body = strings.NewReader(c.Body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(c.Fields) {
		name, value, _ := strings.Cut(line, ":")
		req.Header.Set(name, strings.TrimSpace(value))
	}
	return req
}

// callAll makes the calls one after the other. Redirects are answers like any other.
func callAll(t *testing.T, s site, calls []call) []answer {
	t.Helper()
	s.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var answers []answer
	for _, c := range calls {
		answers = append(answers, fetch(t, s, c.request(t, s)))
	}
	return answers
}

// serverOf is what an http.Server and spillway's have in common.
type serverOf interface {
	Serve(net.Listener) error
	ServeTLS(l net.Listener, certFile, keyFile string) error
	Shutdown(context.Context) error
	Close() error
}

// server makes e's server, for tests that stop it themselves.
func (e engine) server(s *http.Server) serverOf {
	if s.ErrorLog == nil {
		s.ErrorLog = log.New(io.Discard, "", 0)
	}
	if e.name == spillway.name {
		return nethttp.New(s)
	}
	return s
}

// loopback returns a listener.
func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// certificate is for loopback addresses.
var certificate = sync.OnceValue(func() []tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates
})

// startTLS runs h on e behind TLS until the test ends.
func (e engine) startTLS(t *testing.T, h http.Handler) site {
	t.Helper()
	srv := e.server(&http.Server{Handler: h, TLSConfig: &tls.Config{Certificates: certificate(), NextProtos: []string{"http/1.1"}}})
	l := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeTLS(l, "", "") }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("%s: ServeTLS: %v", e.name, err)
		}
	})
	addr := l.Addr().String()
	return site{"https://" + addr, addr, &http.Client{Transport: transport, Timeout: 20 * time.Second}}
}

// eventually waits until ok reports true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	again, enough := time.NewTicker(time.Millisecond), time.After(patience)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-enough:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// receive waits for a value.
func receive[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
	}
	return v
}
