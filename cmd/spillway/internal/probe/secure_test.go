// The probe over TLS: whom it trusts, and what it makes of the ends of a connection.

package probe

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/nethttp"
)

// certificates are httptest's, whom -cacert can be told to trust.
func certificates(t *testing.T) (certs []tls.Certificate, file string) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	file = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.TLS.Certificates, file
}

// The scenarios that need no route run over TLS, and find nothing wrong with spillway. Those of which there are many are played over TLS by
// TestProbeOverTLS of server_test/command.
func TestSpillwayHasNoFaultOverTLS(t *testing.T) {
	t.Parallel()
	certs, file := certificates(t)
	for name, start := range map[string]func(net.Listener) io.Closer{
		"native": func(l net.Listener) io.Closer {
			srv := &server.Server{Log: slog.New(slog.DiscardHandler), TLS: https.Config(&tls.Config{Certificates: certs}),
				Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
					_, err := w.WriteString("hello\n")
					return err
				})}
			go srv.Serve(l)
			return srv
		},
		"nethttp": func(l net.Listener) io.Closer {
			srv := nethttp.New(&http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), TLSConfig: &tls.Config{Certificates: certs},
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello\n") })})
			go srv.ServeTLS(l, "", "")
			return srv
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer start(l).Close()
			rep, err := Run(t.Context(), Config{URL: "https://" + l.Addr().String() + "/", CACert: file, Only: func(s *Scenario) bool { return !s.many }})
			if err != nil {
				t.Fatal(err)
			}
			if n := rep.countPlayed(); n < 150 || len(rep.Remarks) > 0 {
				t.Errorf("%d scenarios; remarks: %q", n, rep.Remarks)
			}
			for i := range rep.Results {
				if rep.Results[i].Verdict.Fault() {
					dump(t, &rep.Results[i])
				}
			}
		})
	}
}

// An end without close_notify is remarked on, which is a fault, and a reset below TLS is a reset.
func TestEndsBelowTLS(t *testing.T) {
	t.Parallel()
	certs, _ := certificates(t)
	for name, test := range map[string]struct {
		end     func(*tls.Conn)
		verdict Verdict
		remark  string
	}{
		"with close_notify":    {func(c *tls.Conn) { c.Close() }, OK, ""},
		"without close_notify": {func(c *tls.Conn) { c.NetConn().Close() }, OK, "without close_notify"},
		"by a reset":           {func(c *tls.Conn) { c.NetConn().(*net.TCPConn).SetLinger(0); c.NetConn().Close() }, ResetSeen, ""},
	} {
		t.Run(name, func(t *testing.T) {
			url := toy(func(nc *net.TCPConn, r *bufio.Reader) {
				c := tls.Server(nc, &tls.Config{Certificates: certs})
				req, err := readToy(bufio.NewReader(c))
				if err == nil {
					io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
				}
				if err == nil && strings.Contains(req.fields, "connection: close") {
					test.end(c)
				}
				c.Close()
			}).start(t)
			var stdout, stderr bytes.Buffer
			status := Main([]string{"-k", "-fail-on", "policy", "-only", "persist-connection-close-and-nothing-behind", strings.Replace(url, "http:", "https:", 1)}, &stdout, &stderr)
			sound := test.verdict == OK && test.remark == ""
			if (status == 0) != sound || !strings.Contains(stdout.String(), "\n  "+string(test.verdict)+" ") && !sound || !strings.Contains(stdout.String(), test.remark) {
				t.Errorf("exit status %d\n%s%s", status, &stdout, &stderr)
			}
		})
	}
}
