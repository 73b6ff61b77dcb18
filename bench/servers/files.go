// The files that servers are given: what they serve, and a certificate made for the day.

package servers

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
)

// The names of files in Env.Dir.
const (
	CertFile = "cert.pem"
	KeyFile  = "key.pem"
	FileFile = "file"
)

// WriteFiles writes everything that servers read into dir.
func WriteFiles(dir string) error {
	for _, c := range cases.All() {
		if c.Route != cases.Bytes && c.Route != cases.File {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(c.Path()))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, c.Text(), 0o644); err != nil {
			return err
		}
	}
	return writeCertificate(dir)
}

func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cases.Host}, DNSNames: []string{cases.Host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, CertFile), "CERTIFICATE", cert); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, KeyFile), "PRIVATE KEY", private)
}

func writePEM(path, kind string, der []byte) error {
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// Reply returns the content of the replies that come from memory, or nil if the case has none.
func (env *Env) Reply() []byte {
	for _, c := range env.Case.Parts() {
		if c.Route == cases.Bytes {
			return c.Text()
		}
	}
	return nil
}
