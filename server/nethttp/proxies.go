// What a balancer has said of a connection reaches http.Handlers in their requests' contexts.

package nethttp

import (
	"context"
	"net/http"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

type proxyHeaderKey struct{}

// ProxyHeader returns the PROXY header that the request's connection began with, or nil. It must not be changed.
func ProxyHeader(r *http.Request) *server.ProxyHeader {
	h, _ := r.Context().Value(proxyHeaderKey{}).(*server.ProxyHeader)
	return h
}

// withProxyHeader returns a connection's context with its PROXY header, if it has one.
func withProxyHeader(ctx context.Context, nc *conn.Conn) context.Context {
	if h := nc.ProxyHeader(); h != nil {
		return context.WithValue(ctx, proxyHeaderKey{}, h)
	}
	return ctx
}
