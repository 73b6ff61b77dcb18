// What the exchanges of one connection have in common is made once.

package nethttp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/spillway-go/spillway/conn"
)

// connection is the value that a conn.Conn keeps. A parked connection has one too, so what the conn.Conn knows is not in it.
type connection struct {
	*adapter
	nc      net.Conn
	native  *conn.Conn
	guest   bool // its server is not this package's, and has a log of its own
	ready   bool // what follows is filled in
	remote  string
	local   net.Addr
	tls     *tls.ConnectionState
	keys    *[]string    // of the last response's header; the native response's lock guards them
	told    atomic.Int64 // the state that the hook was told last, plus one
	streams atomic.Int64 // exchanges in another protocol that were told of
}

// connection returns the connection of a request.
func (a *adapter) connection(nc *conn.Conn) *connection {
	c, ok := nc.Value().(*connection)
	if !ok || c.adapter != a {
		c = &connection{adapter: a, nc: nc.NetConn(), native: nc, guest: true}
		nc.Keep(withProxyHeader(nc.Context(), nc), c)
	}
	if !c.ready {
		c.prepare()
	}
	return c
}

// parent returns the parent of the requests' contexts.
func (c *connection) parent() context.Context { return c.native.Context() }

// prepare fills in what is known only after the handshake.
func (c *connection) prepare() {
	c.ready = true
	c.local = c.native.LocalAddr()
	if addr := c.native.RemoteAddr(); addr != nil {
		c.remote = addr.String()
	}
	if secure, ok := c.nc.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := secure.ConnectionState()
		c.tls = &state
	}
}

// tellState calls the http.Server's hook, unless it knows: the server of another protocol says what the engine has said.
func (c *connection) tellState(s http.ConnState) {
	if c.http.ConnState != nil && c.told.Swap(int64(s)+1) != int64(s)+1 {
		c.contain(func() { c.http.ConnState(c.nc, s) })
	}
}

// contain calls a function of the program's that nobody else calls for it. If it does not return, the connection ends, and
// nothing else.
func (c *connection) contain(f func()) {
	returned := false
	defer func() { // deferred, because f may end the goroutine
		if !returned {
			c.nc.Close()
		}
	}()
	returned = c.guard(f)
}

// guard calls f, lets no panic out of it, and reports whether it has returned. A panic is logged. Where f ends the goroutine,
// guard does not return either, and the engine logs that; so it is logged once.
func (c *connection) guard(f func()) (returned bool) {
	returned, panicked := c.call(f)
	if panicked != "" {
		c.logf("%s", panicked)
	}
	return returned
}

// call calls f, and reports whether it has returned, and what is to be logged of a panic in it.
func (c *connection) call(f func()) (returned bool, panicked string) {
	defer func() {
		if !returned {
			panicked = c.sayPanic(recover())
		}
	}()
	f()
	return true, ""
}

// sayPanic returns what is to be logged of a panic, nothing if it is net/http's own way to end a connection.
func (c *connection) sayPanic(v any) string {
	if v == http.ErrAbortHandler {
		return ""
	}
	if v == nil {
		v = "nil, or runtime.Goexit"
	}
	const most = 64 << 10
	stack := make([]byte, most)
	stack = stack[:runtime.Stack(stack, false)]
	return fmt.Sprintf("http: panic serving %v: %v\n%s", c.client(), v, stack)
}

// client returns the client's address, also where the connection is not prepared.
func (c *connection) client() string {
	if c.remote != "" {
		return c.remote
	}
	if addr := c.native.RemoteAddr(); addr != nil {
		return addr.String()
	}
	return ""
}
