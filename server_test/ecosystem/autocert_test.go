// autocert gets its certificate over TLS-ALPN-01 from an authority on this machine: the handshake of acme-tls/1 and those of
// the clients that wait for the certificate are spillway's, under both APIs.

package ecosystem

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/nethttp"
)

// memory is an autocert.Cache that outlives a Manager.
type memory struct{ sync.Map }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	if v, ok := m.Load(key); ok {
		return v.([]byte), nil
	}
	return nil, autocert.ErrCacheMiss
}

func (m *memory) Put(_ context.Context, key string, data []byte) error {
	m.Store(key, data)
	return nil
}
func (m *memory) Delete(_ context.Context, key string) error { m.Map.Delete(key); return nil }

// certified are servers whose certificates are a Manager's.
var certified = map[string]func(*autocert.Manager, net.Listener) io.Closer{
	"native": func(m *autocert.Manager, l net.Listener) io.Closer {
		cfg := m.TLSConfig()
		cfg.NextProtos = []string{"http/1.1", acme.ALPNProto}
		srv := &server.Server{TLS: https.Config(cfg), Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			_, err := io.WriteString(w, "hello, "+https.State(r).ServerName)
			return err
		})}
		go srv.Serve(l)
		return srv
	},
	"nethttp": func(m *autocert.Manager, l net.Listener) io.Closer {
		srv := nethttp.New(&http.Server{TLSConfig: m.TLSConfig(), ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hello, "+r.TLS.ServerName)
		})})
		go srv.ServeTLS(l, "", "")
		return srv
	},
}

// The first clients wait until there is a certificate; a server that is started again takes it from the cache.
func TestAutocert(t *testing.T) {
	const host, clients = "a.example", 8
	for name, start := range certified {
		t.Run(name, func(t *testing.T) {
			authority := startAuthority(t)
			cache := &memory{}
			for range 2 {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				authority.site = l.Addr().String()
				m := &autocert.Manager{
					Prompt: autocert.AcceptTOS, Cache: cache, HostPolicy: autocert.HostWhitelist(host),
					Client: &acme.Client{DirectoryURL: authority.URL + "/directory"},
				}
				srv := start(m, l)
				var over sync.WaitGroup
				for range clients {
					over.Go(func() {
						if got, err := greeting(l.Addr().String(), host, authority.pool); err != nil || !strings.HasSuffix(got, "hello, "+host) {
							t.Errorf("%q, %v", got, err)
						}
					})
				}
				over.Wait()
				if _, err := greeting(l.Addr().String(), "b.example", authority.pool); err == nil {
					t.Error("a name that nobody allowed has a certificate")
				}
				srv.Close()
			}
			if n := authority.issued.Load(); n != 1 {
				t.Errorf("%d certificates were issued", n)
			}
		})
	}
}

// greeting asks a site by its name over TLS.
func greeting(addr, host string, pool *x509.CertPool) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nc, err := (&tls.Dialer{Config: &tls.Config{ServerName: host, RootCAs: pool, NextProtos: []string{"http/1.1"}}}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
		return "", err
	}
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(res.Body)
	return string(content), errors.Join(err, res.Body.Close())
}
