// What a program's function does that does not return, because it panics or ends its goroutine, costs the connection that it
// was called for, and nothing else.

package conn

import (
	"errors"
	"net"
	"runtime/debug"
)

// errPanicked is the error of a handler that has panicked, or ended its goroutine.
var errPanicked = errors.New("conn: the handler panicked")

// errNoReturn is the error of a read or write that has panicked, or ended its goroutine: nobody knows how much it has moved.
var errNoReturn = errors.New("conn: a read or write did not return")

// call runs the handler and turns a panic into an error.
func (c *Conn) call(t turn) (err error) {
	whole := false
	defer func() {
		if !whole { // it has panicked, or has ended its goroutine; then this one's caller does the rest
			err = errPanicked
			c.logPanic("handler panicked", recover())
		}
	}()
	err = t.handle()
	whole = true
	return err
}

// guarding calls f, and lets no panic out of it.
func (c *Conn) guarding(what string, f func()) {
	whole := false
	defer func() {
		if !whole {
			c.log(what+" panicked", "panic", panicked(recover()))
		}
	}()
	f()
	whole = true
}

// beside calls f in a goroutine that is not the connection's, and lets no panic out of it: the connection ends.
func (c *Conn) beside(doing string, f func()) {
	whole := false
	defer func() {
		if !whole {
			defer c.Abort()
			c.log("connection failed while "+doing, "panic", panicked(recover()))
		}
	}()
	f()
	whole = true
}

// logPanic logs what a panic has said, or once that the connection's goroutine was ended.
func (c *Conn) logPanic(what string, v any) {
	if v == nil && c.quit {
		return
	}
	c.quit = v == nil
	c.log(what, "panic", panicked(v), "method", c.head.Method, "path", c.head.Path)
}

// panicked returns what recover has returned, in words where it has returned nothing.
func panicked(v any) any {
	if v == nil {
		return "nil, or runtime.Goexit"
	}
	return v
}

// logFailure logs an error that is not the client's.
func (c *Conn) logFailure(what string, err error) {
	defer ignorePanic()
	c.cfg.config.Log.Error(what, "error", err, "conn", c.id, "method", c.head.Method, "path", c.head.Path)
}

// log logs a misdeed of the program's, with the stack.
func (c *Conn) log(what string, args ...any) {
	defer ignorePanic()
	args = append(args, "conn", c.id, "remote", c.remote(), "stack", string(debug.Stack()))
	c.cfg.config.Log.Error(what, args...)
}

// remote returns the client's address, or nil if that cannot be had.
func (c *Conn) remote() net.Addr {
	defer ignorePanic()
	return c.RemoteAddr()
}

// ignorePanic, deferred, is for what is called to log a panic: there is nobody left to tell.
func ignorePanic() { recover() }

// shut closes the connection's carrier.
func (c *Conn) shut() { c.guarding("close", func() { c.nc.Close() }) }
