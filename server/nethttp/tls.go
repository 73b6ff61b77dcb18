// TLS as an http.Server configures it.

package nethttp

import (
	"crypto/tls"
)

// tlsConfig returns the configuration for connections, with the certificate from the files, if there are any.
func (s *Server) tlsConfig(certFile, keyFile string) (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := s.adapter.http.TLSConfig.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg.NextProtos = offered(cfg.NextProtos, protocols(s.adapter.http))
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
