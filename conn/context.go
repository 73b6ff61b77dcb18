// A request's context costs nothing until somebody asks for it.

package conn

import (
	"context"
	"sync"
)

// exchangeContext is cancelled at the end of its exchange, or when the client has gone.
type exchangeContext struct {
	context.Context // the parent

	in     *input
	mu     sync.Mutex
	done   chan struct{}
	unhook func() bool // from the parent
	err    error
}

// Context returns the request's context. It is cancelled when the handler has returned, when the server's context is,
// and when the client has closed or reset the connection, which is watched from the first call of Done on. Where the
// system cannot tell, under TLS and elsewhere than on Linux, the connection reads up to 64 KiB ahead to see the client's
// end; while more than that of its bytes is unread, it is not seen. Nowhere is a close seen that waits in the client's
// system behind bytes for which the socket's receive buffer has no room.
func (r *Request) Context() context.Context {
	if r.context == nil {
		r.context = &exchangeContext{Context: r.c.Context(), in: &r.c.in}
	}
	return r.context
}

// Done returns the channel that is closed when the context is cancelled, and begins to watch the client.
func (x *exchangeContext) Done() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.done != nil {
		return x.done
	}
	x.done = make(chan struct{})
	if x.err != nil {
		close(x.done)
		return x.done
	}
	x.unhook = context.AfterFunc(x.Context, func() { x.cancel(x.Context.Err()) })
	x.in.watch(func() { x.cancel(context.Canceled) })
	return x.done
}

// Err returns nil until the context is cancelled.
func (x *exchangeContext) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return x.err
	}
	return x.Context.Err()
}

func (x *exchangeContext) cancel(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return
	}
	x.err = err
	if x.done != nil {
		close(x.done)
	}
}

// end cancels the context of an exchange that has ended.
func (x *exchangeContext) end() {
	x.cancel(context.Canceled)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.unhook != nil {
		x.unhook()
	}
}

// watch calls gone, from a goroutine that has nothing else to do, when the client has closed or reset the connection.
func (in *input) watch(gone func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended {
		go gone()
		return
	}
	if !in.lent || in.watchEnd(gone) {
		return
	}
	in.aside.onGone = gone
	in.readAhead(watchBytes)
}

// watchEnd lets the poller watch the client, where it can.
func (in *input) watchEnd(gone func()) bool {
	if !in.c.parks() {
		return false
	}
	fd, ok := in.c.sock.raw.descriptor()
	in.polled = ok && in.c.cfg.poller.watch(in.c, fd, gone)
	return in.polled
}
