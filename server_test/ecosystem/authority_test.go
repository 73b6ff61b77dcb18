// A certificate authority that speaks as much of ACME (RFC 8555) as a client needs that proves a name by TLS-ALPN-01
// (RFC 8737). It believes whoever signs its requests.

package ecosystem

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// authority issues certificates for names whose server, at site, answers for them.
type authority struct {
	URL    string
	pool   *x509.CertPool // its own certificate
	site   string
	issued atomic.Int64

	t    *testing.T
	key  *ecdsa.PrivateKey
	root *x509.Certificate

	mu     sync.Mutex
	host   string // of the order
	proven bool
	pem    []byte // what was issued for it
}

func startAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	what := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour * 24 * 365)}
	der, err := x509.CreateCertificate(rand.Reader, what, what, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, root: root, pool: x509.NewCertPool()}
	a.pool.AddCert(root)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	a.URL = srv.URL
	return a
}

// ServeHTTP serves one account and one order, at fixed addresses.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	ids := []map[string]string{{"type": "dns", "value": a.host}}
	order := map[string]any{"status": "pending", "identifiers": ids, "authorizations": []string{a.URL + "/authz"}, "finalize": a.URL + "/finalize"}
	challenge := map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": "token", "status": "pending"}
	authz := map[string]any{"status": "pending", "identifier": ids[0], "challenges": []any{challenge}}
	if a.proven {
		order["status"], authz["status"], challenge["status"] = "ready", "valid", "valid"
	}
	if a.pem != nil {
		order["status"], order["certificate"] = "valid", a.URL+"/certificate"
	}
	switch r.URL.Path {
	case "/directory":
		say(w, 200, "", map[string]string{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/order"})
	case "/nonce":
	case "/account":
		say(w, 201, a.URL+"/account/1", map[string]string{"status": "valid"})
	case "/order":
		var asked struct{ Identifiers []struct{ Value string } }
		status := 200
		if payload(r, &asked) && len(asked.Identifiers) == 1 { // a new one, and no question
			status, a.host = 201, asked.Identifiers[0].Value
			ids[0]["value"] = a.host
		}
		say(w, status, a.URL+"/order", order)
	case "/authz":
		say(w, 200, "", authz)
	case "/challenge":
		a.proven = a.answers()
		say(w, 200, "", challenge)
	case "/finalize":
		var asked struct{ CSR string }
		if !payload(r, &asked) || !a.proven || !a.issue(asked.CSR) {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		order["status"], order["certificate"] = "valid", a.URL+"/certificate"
		say(w, 200, a.URL+"/order", order)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Write(a.pem)
	default:
		http.NotFound(w, r)
	}
}

func say(w http.ResponseWriter, status int, location string, v any) {
	if location != "" {
		w.Header().Set("Location", location)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// payload reads what a signed request says, and reports whether it says anything.
func payload(r *http.Request, v any) bool {
	var signed struct{ Payload string }
	if json.NewDecoder(r.Body).Decode(&signed) != nil || signed.Payload == "" {
		return false
	}
	text, err := base64.RawURLEncoding.DecodeString(signed.Payload)
	return err == nil && json.Unmarshal(text, v) == nil
}

// answers reports whether the site proves the name: its handshake agrees on acme-tls/1, with a certificate for the name that
// has the challenge's extension.
func (a *authority) answers() bool {
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: &tls.Config{
		ServerName: a.host, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true,
	}}
	nc, err := d.Dial("tcp", a.site)
	if err != nil {
		a.t.Errorf("the challenge: %v", err)
		return false
	}
	defer nc.Close()
	state := nc.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	for _, extension := range leaf.Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			return state.NegotiatedProtocol == "acme-tls/1" && leaf.VerifyHostname(a.host) == nil
		}
	}
	return false
}

// issue signs a request for a certificate.
func (a *authority) issue(request string) bool {
	der, err := base64.RawURLEncoding.DecodeString(request)
	if err != nil {
		return false
	}
	asked, err := x509.ParseCertificateRequest(der)
	if err != nil || fmt.Sprint(asked.DNSNames) != fmt.Sprint([]string{a.host}) {
		return false
	}
	what := &x509.Certificate{
		SerialNumber: big.NewInt(1 + a.issued.Add(1)), DNSNames: asked.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err = x509.CreateCertificate(rand.Reader, what, a.root, asked.PublicKey, a.key)
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return err == nil
}
