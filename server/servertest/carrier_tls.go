// TLS for tests: one certificate, which everybody who uses the kit trusts and nobody else.

package servertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// tlsHost is whom the certificate is for.
const tlsHost = "localhost"

// identity makes the certificate, once. Its times do not depend on the clock: it may run in a bubble first.
var identity = sync.OnceValue(func() *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	what := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{tlsHost}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, what, what, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})

func serverTLS() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{*identity()}} }

func clientTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(identity().Leaf)
	return &tls.Config{RootCAs: pool, ServerName: tlsHost}
}

// overTLS is open with clients that speak TLS.
func overTLS(open func(testing.TB) (net.Listener, DialFunc)) func(testing.TB) (net.Listener, DialFunc) {
	return func(t testing.TB) (net.Listener, DialFunc) {
		t.Helper()
		l, dial := open(t)
		return l, func(ctx context.Context) (net.Conn, error) {
			under, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			c := tls.Client(under, clientTLS())
			if err := c.HandshakeContext(ctx); err != nil {
				under.Close()
				return nil, err
			}
			return c, nil
		}
	}
}
