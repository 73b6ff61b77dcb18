// The flags of spillway serve that are about TLS.

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"log/slog"
	"math/big"
	"net"
	"time"

	"github.com/spillway-go/spillway/server/https"
)

// tlsFlags say where the certificate comes from, if there is one.
type tlsFlags struct {
	cert, key  string
	selfSigned bool
}

func (f *tlsFlags) define(set *flag.FlagSet) {
	set.StringVar(&f.cert, "tls-cert", "", "serve over TLS, with the certificates in `FILE`, in PEM, which may change while it runs")
	set.StringVar(&f.key, "tls-key", "", "their key is in `FILE`, in PEM")
	set.BoolVar(&f.selfSigned, "tls-self-signed", false, "serve over TLS, with a certificate for localhost that is made at the start and that nobody trusts")
}

// check finds what cannot be meant.
func (f *tlsFlags) check() error {
	switch {
	case (f.cert == "") != (f.key == ""):
		return errors.New("-tls-cert and -tls-key need each other")
	case f.selfSigned && f.cert != "":
		return errors.New("-tls-self-signed makes the certificate that -tls-cert names: take one of them")
	}
	return nil
}

// config returns what the flags say, or nil where TLS is not to be spoken.
func (f *tlsFlags) config(log *slog.Logger) (*tls.Config, error) {
	switch {
	case f.cert != "":
		return (&https.Files{Pairs: []https.Pair{{Cert: f.cert, Key: f.key}}, Log: log}).Config()
	case f.selfSigned:
		return selfSigned()
	}
	return nil, nil
}

// selfSigned makes a certificate for this machine alone.
func selfSigned() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	what := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, what, what, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
