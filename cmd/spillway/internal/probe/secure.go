// Servers that speak TLS: the same dialogues, and the ends of a connection told apart as without TLS.

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const (
	connectTime   = 5 * time.Second // for a connection
	handshakeTime = 5 * time.Second // for a handshake, if patience is not more
)

// security is how TLS is spoken with the server.
type security struct {
	*tls.Config
	abrupt atomic.Int64 // connections that the server ended without close_notify (RFC 9112 §9.8)
}

// secure returns how TLS is spoken as the flags say, or nil where the URL says that it is not.
func (cfg *Config) secure(scheme, host string) (*security, error) {
	switch {
	case scheme != "https" && (cfg.Insecure || cfg.CACert != ""):
		return nil, errors.New("-k and -cacert are for https URLs")
	case scheme != "https":
		return nil, nil
	case cfg.Insecure && cfg.CACert != "":
		return nil, errors.New("-k trusts every certificate, and -cacert a few: take one of them")
	}
	own := &tls.Config{ServerName: host, InsecureSkipVerify: cfg.Insecure, NextProtos: []string{"http/1.1"}}
	if cfg.CACert != "" {
		pem, err := os.ReadFile(cfg.CACert)
		if err != nil {
			return nil, fmt.Errorf("-cacert: %w", err)
		}
		own.RootCAs = x509.NewCertPool()
		if !own.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("-cacert %q holds no certificate in PEM", cfg.CACert)
		}
	}
	return &security{Config: own}, nil
}

// dial opens a connection, over which TLS is spoken where the URL says so, within the patience if that is long.
func (p *player) dial(ctx context.Context, patience time.Duration) (*dialogue.Talker, error) {
	within, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(within, "tcp", p.addr)
	if err == nil && p.secure != nil {
		nc, err = p.secure.handshake(ctx, nc, max(patience, handshakeTime))
	}
	if err != nil {
		return nil, err
	}
	t := dialogue.New(nc)
	t.SetPatience(p.patience)
	return t, nil
}

// handshakeError says that there is a connection, and no TLS.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string {
	var untrusted *tls.CertificateVerificationError
	if errors.As(e.err, &untrusted) {
		return e.err.Error() + " (-cacert FILE names whom to trust, -k trusts everybody)"
	}
	return "the TLS handshake: " + e.err.Error()
}

func (e *handshakeError) Unwrap() error { return e.err }

// handshake makes the TLS connection.
func (s *security) handshake(ctx context.Context, nc net.Conn, within time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	under := &below{Conn: nc}
	c := tls.Client(under, s.Config)
	if err := c.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, &handshakeError{err}
	}
	return &secured{c, under, s}, nil
}

// below is the connection under TLS. Go's TLS takes its end for the end of what is said, if it comes between two records.
type below struct {
	net.Conn
	ended bool
}

func (c *below) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.ended = c.ended || err == io.EOF
	return n, err
}

// secured is a TLS connection as a Talker wants it: its CloseWrite is close_notify.
type secured struct {
	*tls.Conn
	under *below
	*security
}

// Read counts an end that came without close_notify, and is an end all the same.
func (c *secured) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.under.ended && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		c.abrupt.Add(1)
		err = io.EOF
	}
	return n, err
}

// Abort resets the connection below TLS.
func (c *secured) Abort() {
	c.under.Conn.(*net.TCPConn).SetLinger(0)
	c.under.Close()
}

// remark says what was seen of TLS that no scenario explains, or "".
func (s *security) remark() string {
	if s == nil || s.abrupt.Load() == 0 {
		return ""
	}
	return fmt.Sprintf("The server ended %s without close_notify, so that nobody can tell whether somebody on the way has cut what it said (RFC 9112 §9.8).",
		plural(int(s.abrupt.Load()), "connection"))
}
