// HTTP/2 over a listener that speaks TLS itself.

package nethttp_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProtocolsOverATLSListener(t *testing.T) {
	for _, c := range []struct {
		name    string
		offered []string // by the listener
		same    bool     // the http.Server has the listener's configuration
	}{
		{"h2 and HTTP/1, unknown to the server", []string{"h2", "http/1.1"}, false},
		{"h2 and HTTP/1", []string{"h2", "http/1.1"}, true},
		{"HTTP/1", []string{"http/1.1"}, true},
		{"nothing", nil, true},
		{"nothing, unknown to the server", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(map[string]map[string]string)
			for name, of := range servers {
				h := &http.Server{Handler: http.HandlerFunc(tells), ErrorLog: new(logLines).logger()}
				cfg := certificate(t)
				cfg.NextProtos = c.offered
				if c.same {
					h.TLSConfig = cfg
				}
				srv := of(h)
				l := listen(t)
				go srv.Serve(tls.NewListener(l, cfg))
				got[name] = make(map[string]string)
				for _, client := range []string{"HTTP/1", "HTTP/2"} {
					got[name][client] = askOver(l.Addr(), clients[client])
				}
				srv.Close()
			}
			if diff := cmp.Diff(got["net/http"], got["spillway"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// askOver asks a TLS server in one protocol, and returns what it says or that it failed.
func askOver(addr net.Addr, protocols *http.Protocols) string {
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("https://" + addr.String())
	if err != nil {
		return "failed"
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return fmt.Sprint(string(content), " ", err)
}
