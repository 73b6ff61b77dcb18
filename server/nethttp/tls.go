// TLS as an http.Server configures it, and the protocols that ALPN may choose.

package nethttp

import (
	"context"
	"crypto/tls"
	"net/http"
	"slices"

	"github.com/spillway-go/spillway/conn"
)

// protoH2 is HTTP/2's name in ALPN.
const protoH2 = "h2"

// tlsConfig returns the configuration for connections, with the certificate from the files, if there are any.
func (s *Server) tlsConfig(certFile, keyFile string) (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := s.adapter.http.TLSConfig.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg.NextProtos = s.offered(cfg.NextProtos)
	has := len(cfg.Certificates) > 0 || cfg.GetCertificate != nil || cfg.GetConfigForClient != nil
	if has && certFile == "" && keyFile == "" {
		return cfg, nil
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	cfg.Certificates = []tls.Certificate{cert}
	return cfg, nil
}

// offered returns the protocols to offer in ALPN: those listed, without HTTP/2 if nobody serves it, and HTTP/1.1.
func (s *Server) offered(listed []string) []string {
	const h1, h2 = "http/1.1", protoH2
	h := s.adapter.http
	_, serves := h.TLSNextProto[h2]
	serves = serves && (h.Protocols == nil || h.Protocols.HTTP2())
	offered := slices.DeleteFunc(slices.Clone(listed), func(p string) bool { return p == h2 && !serves })
	if serves && !slices.Contains(offered, h2) {
		offered = append(offered, h2)
	}
	if !slices.Contains(offered, h1) {
		offered = append(offered, h1)
	}
	return offered
}

// nextProtos makes the engine hand connections over to the functions in TLSNextProto.
func (s *Server) nextProtos() map[string]func(*conn.Conn, conn.Secure) {
	protos := make(map[string]func(*conn.Conn, conn.Secure))
	for name, serve := range s.adapter.http.TLSNextProto {
		protos[name] = func(nc *conn.Conn, secure conn.Secure) {
			t, ok := secure.(*tls.Conn)
			if !ok {
				return // it has another TLS under it, of which net/http knows nothing
			}
			c := nc.Value().(*connection)
			c.contain(func() {
				c.prepare()
				serve(s.adapter.http, t, alpnHandler{c})
			})
		}
	}
	return protos
}

// alpnHandler is the handler for requests of other protocols. It fills in what their servers leave out.
type alpnHandler struct{ conn *connection }

// BaseContext is what golang.org/x/net/http2 looks for to have the connection's context.
func (h alpnHandler) BaseContext() context.Context {
	return context.WithValue(h.conn.context, http.LocalAddrContextKey, h.conn.local)
}

// ServeHTTP serves a request.
func (h alpnHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil {
		r.TLS = h.conn.tls
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.RemoteAddr == "" {
		r.RemoteAddr = h.conn.remote
	}
	h.conn.ServeHTTP(w, r)
}
