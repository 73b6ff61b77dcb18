// What the exchanges of one connection have in common is made once.

package nethttp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"

	"github.com/spillway-go/spillway/conn"
)

// connection is the value that a conn.Conn keeps.
type connection struct {
	*adapter
	nc      net.Conn
	context context.Context // the requests' contexts' parent
	log     *slog.Logger    // where the http.Server has no ErrorLog
	ready   bool            // what follows is filled in
	remote  string
	local   net.Addr
	tls     *tls.ConnectionState
}

// connection returns the connection of a request.
func (a *adapter) connection(r *conn.Request) *connection {
	c, ok := r.Conn().Value().(*connection)
	if !ok || c.adapter != a {
		c = &connection{adapter: a, nc: r.Conn().NetConn(), context: r.Conn().Context(), log: r.Conn().Log()}
		r.Conn().Keep(c.context, c)
	}
	if !c.ready {
		c.prepare()
	}
	return c
}

// prepare fills in what is known only after the handshake.
func (c *connection) prepare() {
	c.ready = true
	c.local = c.nc.LocalAddr()
	if addr := c.nc.RemoteAddr(); addr != nil {
		c.remote = addr.String()
	}
	if secure, ok := c.nc.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := secure.ConnectionState()
		c.tls = &state
	}
}

// tellState calls the http.Server's hook.
func (c *connection) tellState(s http.ConnState) {
	if c.http.ConnState != nil {
		c.http.ConnState(c.nc, s)
	}
}
