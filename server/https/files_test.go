// Files that change while they are used: certificates, keys, secrets, and what is wrong with them.

package https_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/nethttp"
)

// made is a certificate in PEM, with its key.
type made struct {
	cert, key []byte
	leaf      *x509.Certificate
	private   *ecdsa.PrivateKey
}

// issue makes a certificate with a serial number for some names, signed by another, or by itself.
func issue(t testing.TB, serial int64, by *made, names ...string) *made {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	what := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: names, IsCA: by == nil, BasicConstraintsValid: true,
		NotBefore:   time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), // bubbles live in 2000
		NotAfter:    time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	parent, signer := what, private
	if by != nil {
		parent, signer = by.leaf, by.private
	}
	der, err := x509.CreateCertificate(rand.Reader, what, parent, private.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return &made{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), leaf, private,
	}
}

// write writes a file.
func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// store writes a certificate and its key, and returns where.
func (m *made) store(t testing.TB, dir, name string) https.Pair {
	t.Helper()
	p := https.Pair{Cert: filepath.Join(dir, name+".pem"), Key: filepath.Join(dir, name+".key")}
	write(t, p.Cert, m.cert)
	write(t, p.Key, m.key)
	return p
}

// logged keeps what is logged.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Debug(string, ...any) {}
func (l *logged) Warn(string, ...any)  {}
func (l *logged) Error(msg string, pairs ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprint(append([]any{msg}, pairs...)...))
}

func (l *logged) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

// serialOf returns the serial number of the certificate that a client would get.
func serialOf(t *testing.T, cfg *tls.Config, name string) int64 {
	t.Helper()
	c, err := cfg.GetCertificate(&tls.ClientHelloInfo{
		ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.SerialNumber.Int64()
}

// A pair is looked at once a second. What cannot be used is logged once, and what it held before is served.
func TestACertificateThatChanges(t *testing.T) {
	one, two, three := issue(t, 1, nil, "a.test"), issue(t, 2, nil, "a.test"), issue(t, 3, nil, "a.test")
	pair := one.store(t, t.TempDir(), "site")
	synctest.Test(t, func(t *testing.T) {
		log := &logged{}
		cfg, err := (&https.Files{Pairs: []https.Pair{pair}, Log: log}).Config()
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range []struct {
			does  func()
			waits time.Duration
			want  int64
			lines int
		}{
			{func() {}, 0, 1, 0},
			{func() { two.store(t, filepath.Dir(pair.Cert), "site") }, time.Second - 1, 1, 0},
			{func() {}, 1, 2, 0},
			{func() { write(t, pair.Cert, three.cert) }, time.Second, 2, 1},
			{func() {}, 10 * time.Second, 2, 1},
			{func() { write(t, pair.Key, three.key) }, time.Second, 3, 1},
			{func() { os.Remove(pair.Key) }, time.Second, 3, 2},
			{func() {}, time.Second, 3, 2},
			{func() { write(t, pair.Key, three.key) }, time.Second, 3, 2},
			{func() { write(t, pair.Cert, []byte("no certificate")) }, time.Second, 3, 3},
			{func() { one.store(t, filepath.Dir(pair.Cert), "site") }, time.Second, 1, 3},
			{func() { os.Remove(pair.Key) }, time.Second, 1, 4},
		} {
			step.does()
			time.Sleep(step.waits)
			if got := serialOf(t, cfg, "a.test"); got != step.want || len(log.all()) != step.lines {
				t.Errorf("step %d: the certificate is %d, want %d; logged: %q", i, got, step.want, log.all())
			}
		}
	})
}

// Of several pairs the one that has the client's name is used, and the first for any other; each changes by itself.
func TestPairsByName(t *testing.T) {
	dir := t.TempDir()
	a, b := issue(t, 1, nil, "a.test").store(t, dir, "a"), issue(t, 2, nil, "*.b.test").store(t, dir, "b")
	synctest.Test(t, func(t *testing.T) {
		cfg, err := (&https.Files{Pairs: []https.Pair{a, b}, Log: &logged{}}).Config()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{"a.test": 1, "www.b.test": 2, "c.test": 1, "": 1}
		for range 2 {
			for name, serial := range want {
				if got := serialOf(t, cfg, name); got != serial {
					t.Errorf("%q gets %d, want %d", name, got, serial)
				}
			}
			write(t, a.Key, nil) // broken, which is no concern of the other's
			issue(t, 3, nil, "*.b.test").store(t, dir, "b")
			want["www.b.test"] = 3
			time.Sleep(time.Second)
		}
	})
}

// What cannot work is an error at once, which names the file.
func TestFilesThatCannotWork(t *testing.T) {
	dir := t.TempDir()
	good, other := issue(t, 1, nil, "a.test").store(t, dir, "good"), issue(t, 2, nil, "a.test").store(t, dir, "other")
	short := filepath.Join(dir, "short")
	write(t, short, make([]byte, 31))
	pairs := []https.Pair{good}
	for want, files := range map[string]*https.Files{
		"no Pairs":                        {},
		"no/such":                         {Pairs: []https.Pair{{Cert: "no/such", Key: good.Key}}},
		"no/key":                          {Pairs: []https.Pair{{Cert: good.Cert, Key: "no/key"}}},
		"other.key":                       {Pairs: []https.Pair{{Cert: good.Cert, Key: other.Key}}},
		"no/clients":                      {Pairs: pairs, ClientCAs: "no/clients"},
		"holds no certificate":            {Pairs: pairs, ClientCAs: short},
		"no/secret":                       {Pairs: pairs, TicketKeys: []string{"no/secret"}},
		"holds 31 bytes, and 32 is the l": {Pairs: pairs, TicketKeys: []string{short}},
	} {
		if cfg, err := files.Config(); cfg != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", want, cfg, err)
		}
	}
}

// engines serve with a configuration, and what they answer is the protocol, and the client's name if it has one.
var engines = map[string]func(t *testing.T, cfg *tls.Config) (addr string){
	"native": func(t *testing.T, cfg *tls.Config) string {
		return serve(t, &server.Server{TLS: https.Config(cfg), Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			_, err := io.WriteString(w, nameOf(https.State(r)))
			return err
		})}, func(l net.Listener) net.Listener { return l })
	},
	"nethttp": func(t *testing.T, cfg *tls.Config) string {
		srv := nethttp.New(&http.Server{TLSConfig: cfg, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, nameOf(r.TLS))
		})})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go srv.ServeTLS(l, "", "")
		t.Cleanup(func() { srv.Close() })
		return l.Addr().String()
	},
}

func nameOf(s *tls.ConnectionState) string {
	if len(s.VerifiedChains) == 0 {
		return "nobody"
	}
	chain := s.VerifiedChains[0]
	return chain[0].DNSNames[0] + " by " + chain[len(chain)-1].DNSNames[0]
}

// eachEngine runs a test on both.
func eachEngine(t *testing.T, test func(*testing.T, func(*testing.T, *tls.Config) string)) {
	for name, start := range engines {
		t.Run(name, func(t *testing.T) { test(t, start) })
	}
}

// ask makes a connection, sends one request, and returns the connection's state and the answer's content.
func ask(addr string, cfg *tls.Config) (tls.ConnectionState, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	nc, err := (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return tls.ConnectionState{}, "", err
	}
	defer nc.Close()
	io.WriteString(nc, request)
	got, err := io.ReadAll(nc)
	_, content, _ := strings.Cut(string(got), "\r\n\r\n")
	return nc.(*tls.Conn).ConnectionState(), content, err
}

// The certificate changes ten times, first one file and then the other, while clients come without a pause: no handshake
// fails, and every certificate is seen.
func TestTheCertificateChangesUnderLoad(t *testing.T) {
	const changes, clients = 10, 8
	eachEngine(t, func(t *testing.T, start func(*testing.T, *tls.Config) string) {
		root := issue(t, 1000, nil, "root.test")
		dir, pool := t.TempDir(), x509.NewCertPool()
		pool.AddCert(root.leaf)
		pair := issue(t, 0, root, "a.test").store(t, dir, "site")
		cfg, err := (&https.Files{Pairs: []https.Pair{pair}, Every: time.Millisecond, Log: &logged{}}).Config()
		if err != nil {
			t.Fatal(err)
		}
		addr := start(t, cfg)
		var newest atomic.Int64 // that a client has seen
		shaken, stop, over := make(chan bool), make(chan bool), sync.WaitGroup{}
		for range clients {
			over.Go(func() {
				for {
					state, content, err := ask(addr, &tls.Config{RootCAs: pool, ServerName: "a.test"})
					if err != nil || content != "nobody" {
						t.Errorf("%q, %v", content, err)
						return
					}
					newest.Store(max(newest.Load(), state.PeerCertificates[0].SerialNumber.Int64()))
					select {
					case shaken <- true:
					case <-stop:
						return
					}
				}
			})
		}
		for i := range int64(changes) {
			issue(t, i+1, root, "a.test").store(t, dir, "site")
			for n := 0; n < 24 || newest.Load() != i+1; n++ {
				if <-shaken; n > 10_000 {
					t.Fatalf("certificate %d is not served", i+1)
				}
			}
		}
		close(stop)
		over.Wait()
	})
}

// A client must show a certificate that the file's authorities have signed, and the handler sees the chain.
func TestClientsWithCertificates(t *testing.T) {
	eachEngine(t, func(t *testing.T, start func(*testing.T, *tls.Config) string) {
		dir := t.TempDir()
		root, stranger := issue(t, 1, nil, "root.test"), issue(t, 2, nil, "stranger.test")
		clients := filepath.Join(dir, "clients")
		write(t, clients, root.cert)
		cfg, err := (&https.Files{Pairs: []https.Pair{issue(t, 3, nil, "a.test").store(t, dir, "site")}, ClientCAs: clients}).Config()
		if err != nil {
			t.Fatal(err)
		}
		addr := start(t, cfg)
		for name, by := range map[string]*made{"alice.test": root, "mallory.test": stranger, "": nil} {
			client := &tls.Config{InsecureSkipVerify: true}
			if by != nil {
				shown := issue(t, 4, by, name)
				pair, err := tls.X509KeyPair(shown.cert, shown.key)
				if err != nil {
					t.Fatal(err)
				}
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			_, content, err := ask(addr, client)
			if by == root && (err != nil || content != "alice.test by root.test") {
				t.Errorf("%s: %q, %v", name, content, err)
			}
			if by != root && (err == nil || content != "") {
				t.Errorf("%q was served: %q", name, content)
			}
		}
	})
}

// A session is resumed with another server that has the same secret, for as long as the secret is among its files.
func TestTicketsThatOutliveTheServer(t *testing.T) {
	eachEngine(t, func(t *testing.T, start func(*testing.T, *tls.Config) string) {
		dir := t.TempDir()
		pair := issue(t, 1, nil, "a.test").store(t, dir, "site")
		secrets := []string{filepath.Join(dir, "1"), filepath.Join(dir, "2"), filepath.Join(dir, "3")}
		for _, path := range secrets {
			write(t, path, []byte(rand.Text()+rand.Text()))
		}
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			client := &tls.Config{InsecureSkipVerify: true, ServerName: "a.test", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			for i, step := range []struct {
				keys    []string
				resumes bool
			}{
				{secrets[:1], false},
				{secrets[:1], true},
				{[]string{secrets[1], secrets[0]}, true},
				{secrets[1:2], true}, // the second encrypts since the last step
				{secrets[2:], false},
				{nil, false},
				{nil, false},
			} {
				cfg, err := (&https.Files{Pairs: []https.Pair{pair}, TicketKeys: step.keys}).Config()
				if err != nil {
					t.Fatal(err)
				}
				state, _, err := ask(start(t, cfg), client)
				if err != nil || state.DidResume != step.resumes {
					t.Errorf("%s, step %d: resumed: %v, %v", tls.VersionName(version), i, state.DidResume, err)
				}
			}
		}
	})
}

// A new secret is taken up without a restart.
func TestASecretThatChanges(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	write(t, secret, []byte(rand.Text()+rand.Text()))
	cfg, err := (&https.Files{
		Pairs: []https.Pair{issue(t, 1, nil, "a.test").store(t, dir, "site")}, TicketKeys: []string{secret}, Every: time.Nanosecond,
	}).Config()
	if err != nil {
		t.Fatal(err)
	}
	addr := engines["nethttp"](t, cfg)
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "a.test", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i, resumes := range []bool{false, true, false, true} {
		if i == 2 {
			write(t, secret, []byte(rand.Text()+rand.Text()))
		}
		if state, _, err := ask(addr, client); err != nil || state.DidResume != resumes {
			t.Errorf("connection %d resumed: %v, %v", i, state.DidResume, err)
		}
	}
}
