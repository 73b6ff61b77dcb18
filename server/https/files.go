// Certificates and session ticket keys that stand in files, and are read again when the files change.

package https

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spillway-go/spillway/server"
)

// Files names the files that a server's TLS is made of. Those of the Pairs and the TicketKeys are looked at again while the
// server runs, during a handshake, so that a new certificate needs no restart. They may be replaced in any way and order:
// while they cannot be used, as when the certificate is already new and the key still old, what they held before is, and the
// Log is told once.
type Files struct {
	Pairs []Pair // in the order in which they are tried: the first that suits the client is used, else the first

	// ClientCAs is a file with the certificates, in PEM, of those whom the server trusts to say who its clients are. If it is
	// set, every client must show a certificate that one of them has signed. It is read once.
	ClientCAs string

	// TicketKeys are files with a secret each, of at least 32 random bytes. The first encrypts session tickets, and all decrypt
	// them, so that clients resume their sessions with a server that was started again, or with another that has the same
	// files. To change the secret, put a new file before the others, on all servers, and drop the last a day later; whoever
	// has one can read what was sent in the sessions of TLS 1.2 whose tickets it encrypts. Empty: the keys are the process's own.
	TicketKeys []string

	Every time.Duration // how often the files are looked at, at most; 0: 1 s
	Log   server.Logger // is told of files that cannot be used; nil: package log's standard logger
}

// Pair names the file of a certificate, with those that lead to its root behind it, and that of its key, both in PEM.
type Pair struct{ Cert, Key string }

// Config reads the files and returns a configuration that goes on looking at them, for package https's Config, or for the
// TLSConfig of an http.Server. Its other fields may be set before it is used. Files must not be changed from then on.
func (f *Files) Config() (*tls.Config, error) {
	if len(f.Pairs) == 0 {
		return nil, errors.New("https: Files has no Pairs, and TLS needs a certificate")
	}
	cfg := &tls.Config{}
	for _, add := range []func(*tls.Config) error{f.addPairs, f.addClientCAs, f.addTicketKeys} {
		if err := add(cfg); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

func (f *Files) addPairs(cfg *tls.Config) error {
	pairs := make([]*watched[*tls.Certificate], len(f.Pairs)) // each by itself: one that breaks does not keep the others old
	for i, p := range f.Pairs {
		var err error
		if pairs[i], err = watch(f, []string{p.Cert, p.Key}, p.certificate); err != nil {
			return err
		}
	}
	cfg.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		first := pairs[0].get()
		if len(pairs) == 1 || hello.SupportsCertificate(first) == nil {
			return first, nil
		}
		for _, p := range pairs[1:] {
			if c := p.get(); hello.SupportsCertificate(c) == nil {
				return c, nil
			}
		}
		return first, nil // the client itself says best what it does not like
	}
	return nil
}

// certificate makes the certificate from what the two files hold.
func (p Pair) certificate(contents [][]byte) (*tls.Certificate, error) {
	c, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, fmt.Errorf("https: certificate %.200q with key %.200q: %w", p.Cert, p.Key, err)
	}
	return &c, nil
}

func (f *Files) addClientCAs(cfg *tls.Config) error {
	if f.ClientCAs == "" {
		return nil
	}
	pem, err := os.ReadFile(f.ClientCAs)
	if err != nil {
		return fmt.Errorf("https: client CAs: %w", err)
	}
	cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("https: client CAs: %.200q holds no certificate in PEM", f.ClientCAs)
	}
	return nil
}

// addTicketKeys lets tickets be made and read with keys that follow the files, also in configurations that are made from this
// one by Clone, which copies functions, but keys only as they are.
func (f *Files) addTicketKeys(cfg *tls.Config) error {
	if len(f.TicketKeys) == 0 {
		return nil
	}
	keys, err := watch(f, f.TicketKeys, f.ticketKeys)
	cfg.WrapSession = func(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		return keys.get().EncryptTicket(cs, s)
	}
	cfg.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		return keys.get().DecryptTicket(ticket, cs)
	}
	return err
}

// leastSecret is how many bytes a ticket key's file must hold.
const leastSecret = 32

// ticketKeys makes a configuration that has the keys, and is used for nothing else, from what the files hold.
func (f *Files) ticketKeys(contents [][]byte) (*tls.Config, error) {
	keys := make([][32]byte, len(contents))
	for i, secret := range contents {
		if len(secret) < leastSecret {
			return nil, fmt.Errorf("https: ticket key %.200q holds %d bytes, and %d is the least", f.TicketKeys[i], len(secret), leastSecret)
		}
		keys[i] = sha256.Sum256(secret)
	}
	cfg := &tls.Config{}
	cfg.SetSessionTicketKeys(keys)
	return cfg, nil
}
