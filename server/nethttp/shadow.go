// The http.Server's own Shutdown and Close end this server too: programs and frameworks that hold an *http.Server call them.

package nethttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// shadow is what the http.Server serves for a listener of ours. It accepts nothing; but it is closed when the http.Server is
// shut down or closed, before the functions of RegisterOnShutdown run.
type shadow struct {
	net.Listener // ours, for its address
	server       *Server
	accepting    chan struct{} // closed when Accept is called
	closed       chan struct{}
	returned     chan struct{} // closed when the http.Server has let go of it
	once         sync.Once
}

// Accept waits for Close.
func (l *shadow) Accept() (net.Conn, error) {
	close(l.accepting)
	<-l.closed
	return nil, net.ErrClosed
}

// Close ends this server's listening, and lets its connections end.
func (l *shadow) Close() error {
	l.once.Do(func() {
		l.server.retire()
		close(l.closed)
	})
	return nil
}

// end lets the http.Server forget a listener that has ended.
func (l *shadow) end() {
	l.once.Do(func() { close(l.closed) })
	<-l.returned
}

// cast gives the http.Server a shadow of a listener, and returns that and the http.Server's BaseContext; or
// http.ErrServerClosed if the http.Server has been shut down.
func (s *Server) cast(l net.Listener) (*shadow, func(net.Listener) context.Context, error) {
	own := &shadow{Listener: l, server: s, accepting: make(chan struct{}), closed: make(chan struct{}), returned: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.adapter.http
	base, protos := h.BaseContext, h.TLSNextProto
	defer func() { h.BaseContext, h.TLSNextProto = base, protos }()
	h.BaseContext = nil                                                                      // it is called for the true listener
	h.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){protoHTTP2: nil} // so that net/http configures none
	go func() {
		defer close(own.returned)
		h.Serve(own)
	}()
	select {
	case <-own.accepting: // it has read these fields
		return own, base, nil
	case <-own.returned:
		return nil, nil, http.ErrServerClosed
	}
}

// retire closes the listeners and lets the connections end, each after its exchange.
func (s *Server) retire() {
	const patience = time.Second // with listeners that do not end
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.shutdown.Store(true)
	s.engine.StopListening(ctx)
	s.engine.Recycle()
	s.adapter.noKeepAlives.Store(true)
	s.endStreams()
}
