// The lab over TLS: its certificates, and the probe on it.

package command_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// A self-signed certificate is for this machine, and requests are served as without TLS.
func TestSelfSigned(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"native", "nethttp"} {
		s := command.Start(t, "-tls-self-signed", "-api", api)
		if !strings.HasPrefix(s.URL, "https://127.0.0.1:") {
			t.Errorf("listening on %s", s.URL)
		}
		c := s.Dial()
		c.Ask(sockets.Spell("POST", "/ignore", "content")).Want(t, 200, "ignored\n")
		c.Ask(sockets.Spell("POST", "/consume", "content")).Want(t, 200, "consumed 7 bytes\n")
		for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
			if err := certificateOf(t, s).VerifyHostname(name); err != nil {
				t.Error(err)
			}
		}
	}
}

// certificateOf returns the certificate that a server shows.
func certificateOf(t *testing.T, s *command.Server) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", s.Addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

// The files are read again when they have changed.
func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for _, api := range []string{"native", "nethttp"} {
		store(t, cert, key, 1)
		s := command.Start(t, "-tls-cert", cert, "-tls-key", key, "-api", api)
		if got := certificateOf(t, s).SerialNumber.Int64(); got != 1 {
			t.Errorf("%s: the certificate is number %d", api, got)
		}
		store(t, cert, key, 2)
		if !sockets.Eventually(func() bool { return certificateOf(t, s).SerialNumber.Int64() == 2 }) {
			t.Errorf("%s: the new certificate is not shown", api)
		}
	}
}

// store writes a certificate with a serial number, and its key.
func store(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	what := &x509.Certificate{SerialNumber: big.NewInt(serial)}
	der, err := x509.CreateCertificate(rand.Reader, what, what, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The probe finds no fault in any route of the lab over TLS.
func TestProbeOverTLS(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"native", "nethttp"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := command.Start(t, "-tls-self-signed", "-api", api)
			out, err := exec.Command(command.Path, "probe", "-k", "-lab", "-fail-on", "policy", s.URL+"/").CombinedOutput()
			played := 0
			fmt.Sscan(string(out[bytes.LastIndexByte(bytes.TrimSpace(out), '\n')+1:]), &played)
			if err != nil || played < 1500 {
				t.Errorf("%d scenarios, %v\n%s", played, err, out)
			}
		})
	}
}
