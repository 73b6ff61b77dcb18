// Package https lets a server of package server speak TLS, with Go's crypto/tls:
//
//	srv := &server.Server{Handler: h, TLS: https.Config(&tls.Config{Certificates: certificates})}
//	err := srv.ListenAndServe(":443")
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
// them, so cfg need not name protocols; those that it names in NextProtos must be served.
//
// With nil, connections stay as the listener made them, and those that are of type *tls.Conn already have the protocol that
// they agreed on looked at, and clients that do not speak TLS answered in plain text.
func Config(cfg *tls.Config) server.TLS { return config{cfg} }

type config struct{ cfg *tls.Config }

// Server returns the server's side of a TLS connection on top of nc.
func (c config) Server(nc net.Conn) conn.Secure {
	if c.cfg == nil {
		return nil
	}
	return tls.Server(nc, c.cfg)
}

// Handshake runs the handshake, and returns the protocol that it agreed on (RFC 7301).
func (c config) Handshake(ctx context.Context, s conn.Secure) (string, error) {
	err := s.HandshakeContext(ctx)
	var bad tls.RecordHeaderError
	if errors.As(err, &bad) && bad.Conn != nil {
		return "", &conn.PlaintextError{Head: bad.RecordHeader, Err: err}
	}
	if err != nil {
		return "", err
	}
	if state := stateOf(s); state != nil {
		return state.NegotiatedProtocol, nil
	}
	return "", nil
}

// State returns the state of the TLS connection that a request came on, or nil where the connection is plain. It may be called
// for as long as the request's own methods.
func State(r *server.Request) *tls.ConnectionState {
	return stateOf(conn.Adapt(nil, r).Conn().NetConn())
}

func stateOf(nc net.Conn) *tls.ConnectionState {
	secure, ok := nc.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return nil
	}
	state := secure.ConnectionState()
	return &state
}
