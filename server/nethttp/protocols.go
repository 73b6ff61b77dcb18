// The protocols that an http.Server serves, HTTP/2 among them: over TLS where ALPN has chosen it, and without TLS to clients that
// know. golang.org/x/net/http2 serves it; the engine has the connections, counts them, and ends them.

package nethttp

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spillway-go/spillway/conn"
)

// The names of protocols in ALPN (RFC 7301 §6), and of HTTP/2 without TLS for the engine and in TLSNextProto.
const (
	protoHTTP10 = "http/1.0"
	protoHTTP11 = "http/1.1"
	protoHTTP2  = "h2"
	protoH2C    = "h2c"
	keyH2C      = "unencrypted_http2"
)

// protocols returns which protocols the http.Server is to serve, as its documentation says.
func protocols(h *http.Server) (p http.Protocols) {
	if h.Protocols != nil {
		return *h.Protocols
	}
	_, own := h.TLSNextProto[protoHTTP2]
	p.SetHTTP1(true)
	p.SetHTTP2(own || h.TLSNextProto == nil && !http2Disabled())
	return p
}

// http2Disabled reports whether GODEBUG turns HTTP/2 off.
func http2Disabled() bool {
	return slices.Contains(strings.Split(os.Getenv("GODEBUG"), ","), "http2server=0")
}

// configureHTTP2 gives the http.Server an HTTP/2 server, where it is to have one and the program has not given it one. It
// follows net/http: a server that is not asked for TLS, and has a configuration for it that does not name HTTP/2, is one
// whose listener speaks TLS without it. s.mu is held.
func (s *Server) configureHTTP2(overTLS bool) error {
	h := s.adapter.http
	p := protocols(h)
	entry, has := h.TLSNextProto[protoHTTP2]
	named := h.TLSConfig == nil || slices.Contains(h.TLSConfig.NextProtos, protoHTTP2)
	s.speaker = makeSpeaker(h, s.QuietClients)
	if has {
		return usable(entry)
	}
	if http2Disabled() || !p.HTTP2() && !p.UnencryptedHTTP2() || !overTLS && !named && !p.UnencryptedHTTP2() {
		return nil
	}
	entries, err := speak(s.speaker)
	if err != nil {
		return err
	}
	h.TLSConfig = s.speaker.TLSConfig
	if h.TLSNextProto == nil {
		h.TLSNextProto = make(map[string]protoServer)
	}
	maps.Copy(h.TLSNextProto, entries)
	h.RegisterOnShutdown(s.endStreams)
	return nil
}

// endStreams lets the HTTP/2 connections end, each after its streams.
func (s *Server) endStreams() {
	if s.speaker != nil {
		s.speaker.Shutdown(context.Background()) // which has no connections to wait for
	}
}

// offered returns the protocols to offer in ALPN: those listed, without those that nobody serves, and those that are served.
func offered(listed []string, p http.Protocols) []string {
	serves := map[string]bool{protoHTTP2: p.HTTP2(), protoHTTP11: p.HTTP1(), protoHTTP10: p.HTTP1()}
	offered := slices.DeleteFunc(slices.Clone(listed), func(name string) bool {
		served, known := serves[name]
		return known && !served
	})
	for _, name := range []string{protoHTTP2, protoHTTP11, protoHTTP10} {
		if serves[name] && !slices.Contains(offered, name) {
			offered = append(offered, name)
		}
	}
	return offered
}

// nextProto returns what serves a protocol for the engine, or nil for what the engine serves itself.
func (s *Server) nextProto(name string) func(*conn.Conn, *conn.Hijacked) {
	switch name {
	case "", protoHTTP11, protoHTTP10:
		if s.adapter.noHTTP1 {
			return refuse
		}
		return nil
	case protoH2C:
		if serve := s.others[keyH2C]; serve != nil && s.speaksH2C {
			return s.alpn(serve, s.unencrypted)
		}
		return nil
	}
	if serve := s.others[name]; serve != nil {
		return s.alpn(serve, s.encrypted)
	}
	return nil
}

// refuse lets a connection end whose protocol is not served.
func refuse(*conn.Conn, *conn.Hijacked) {}

// protoServer is an entry of TLSNextProto.
type protoServer = func(*http.Server, *tls.Conn, http.Handler)

// alpn lets an entry of TLSNextProto serve connections: each as the *tls.Conn that secure makes of it, nil if none can be made,
// and with the http.Server that goes with it.
func (s *Server) alpn(serve protoServer, secure func(*connection, *conn.Hijacked) (*http.Server, *tls.Conn)) func(*conn.Conn, *conn.Hijacked) {
	return func(nc *conn.Conn, h *conn.Hijacked) {
		c := nc.Value().(*connection)
		c.contain(func() {
			c.prepare()
			if config, t := secure(c, h); t != nil {
				serve(config, t, alpnHandler{c, nc})
			}
		})
	}
}

// encrypted returns the *tls.Conn that a connection is, or nil if it has another TLS, of which net/http knows nothing.
func (s *Server) encrypted(c *connection, h *conn.Hijacked) (*http.Server, *tls.Conn) {
	t, _ := h.Conn.(*tls.Conn)
	if c.quiet {
		return s.speaker, t
	}
	return c.http, t
}

// unencrypted reads the rest of the preface, and returns the connection in the way in which TLSNextProto has one without TLS;
// or nil, if there is something else.
func (s *Server) unencrypted(c *connection, h *conn.Hijacked) (*http.Server, *tls.Conn) {
	const rest = "SM\r\n\r\n" // RFC 9113 §3.4
	if d := s.engine.Limits.ReadHeaderTimeout; d > 0 {
		h.SetReadDeadline(time.Now().Add(d))
	}
	got := make([]byte, len(rest))
	if _, err := io.ReadFull(h, got); err != nil || string(got) != rest {
		return nil, nil
	}
	h.SetReadDeadline(time.Time{})
	return s.speaker, tls.Client(withoutTLS{h, c}, nil)
}

// alpnHandler is the handler for requests of other protocols. It fills in what their servers leave out, and says when a
// connection is to end.
type alpnHandler struct {
	conn   *connection
	native *conn.Conn
}

// BaseContext is what golang.org/x/net/http2 looks for to have the connection's context.
func (h alpnHandler) BaseContext() context.Context {
	return context.WithValue(h.conn.parent(), http.LocalAddrContextKey, h.conn.local)
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
	if ctx := r.Context(); ctx.Value(http.ServerContextKey) != h.conn.http { // it is the speaker
		given := r
		r = r.WithContext(context.WithValue(ctx, http.ServerContextKey, h.conn.http))
		defer func() { given.MultipartForm = r.MultipartForm }() // whose files the protocol's server removes
	}
	if h.native.CountRequest() != conn.ReasonNone || h.conn.noKeepAlives.Load() {
		w.Header().Set("Connection", "close") // which HTTP/2 does not send: it says GOAWAY (RFC 9113 §6.8)
	}
	returned := false
	w, tell := h.tell(w, r)
	defer func() { tell(returned) }()
	h.conn.ServeHTTP(w, r)
	returned = true
}
