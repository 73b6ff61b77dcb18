// Package https lets a server of package server speak TLS, with Go's crypto/tls:
//
//	srv := &server.Server{Handler: h, TLS: https.Config(&tls.Config{Certificates: certificates})}
//	err := srv.ListenAndServe(":443")
//
// [Files] makes the tls.Config of files that may change while the server runs.
//
// It is a package of its own so that programs without TLS do not have crypto/tls in them, which is larger than all the rest.
package https

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

// Config returns what makes TLS connections as cfg says, for the TLS field of a server.Server. HTTP/1.1 is what is spoken over
// them, so cfg need not name protocols; those that it names in NextProtos must be served. Serve returns an error if cfg is nil
// or has nowhere to get a certificate from.
func Config(cfg *tls.Config) server.TLS { return config{cfg: cfg} }

// ByListener is for a server whose listener makes TLS connections itself, as tls.NewListener's does: it tells the server on
// which protocol a handshake has agreed, and clients that do not speak TLS are told so in plain text. Connections that are not
// of type *tls.Conn stay plain.
func ByListener() server.TLS { return byListener{} }

type config struct {
	byListener
	cfg *tls.Config
}

// errNoCertificate is what is wrong with a configuration with which no handshake can end well.
var errNoCertificate = errors.New("https: the tls.Config is nil, or has neither Certificates nor GetCertificate nor GetConfigForClient")

// Check returns an error if there can be no certificate.
func (c config) Check() error {
	if c.cfg == nil || len(c.cfg.Certificates) == 0 && c.cfg.GetCertificate == nil && c.cfg.GetConfigForClient == nil {
		return errNoCertificate
	}
	return nil
}

// Server returns the server's side of a TLS connection on top of nc.
func (c config) Server(nc net.Conn) conn.Secure { return tls.Server(nc, c.cfg) }

type byListener struct{}

// Check finds nothing wrong.
func (byListener) Check() error { return nil }

// Server leaves connections as they are.
func (byListener) Server(net.Conn) conn.Secure { return nil }

// Handshake runs the handshake, and returns what it agreed on.
func (byListener) Handshake(ctx context.Context, s conn.Secure) (conn.Session, error) {
	err := s.HandshakeContext(ctx)
	var bad tls.RecordHeaderError
	if errors.As(err, &bad) && bad.Conn != nil {
		return conn.Session{}, &conn.PlaintextError{Head: bad.RecordHeader, Err: err}
	}
	if err != nil {
		return conn.Session{}, err
	}
	if state := stateOf(s); state != nil {
		return conn.Session{Protocol: state.NegotiatedProtocol, Version: conn.TLSVersion(state.Version)}, nil
	}
	return conn.Session{}, nil
}

// State returns the state of the TLS connection that a request came on, or nil where the connection is plain. It may be called
// for as long as the request's own methods.
func State(r *server.Request) *tls.ConnectionState {
	return stateOf(conn.Adapt(r).Conn().NetConn())
}

func stateOf(nc net.Conn) *tls.ConnectionState {
	secure, ok := nc.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return nil
	}
	state := secure.ConnectionState()
	return &state
}
