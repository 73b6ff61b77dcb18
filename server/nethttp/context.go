// A request's context costs nothing until somebody waits for it.

package nethttp

import (
	"context"
	"net/http"
	"time"
)

// requestContext is cancelled when the handler has returned, the client has gone or a write to it has failed. The client is
// watched from the first call of Done or Err on. Once somebody asks for Done, a context of the standard library does the
// work: those derived from this one then need no goroutine.
//
// It is the exchange under another name. Its inner context is nil until somebody asks for Done; of inner and done, each is set before
// the other is looked at.
type requestContext exchange

// context returns the request's context.
func (x *exchange) context() *requestContext { return (*requestContext)(x) }

type cancellable struct {
	context.Context
	cancel context.CancelFunc
}

func (x *requestContext) Deadline() (time.Time, bool) { return x.conn.parent().Deadline() }

func (x *requestContext) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		return x.conn.http
	case http.LocalAddrContextKey:
		return x.conn.local
	}
	if inner := x.inner.Load(); inner != nil {
		return inner.Value(key)
	}
	return x.conn.parent().Value(key)
}

func (x *requestContext) Done() <-chan struct{} {
	if inner := x.inner.Load(); inner != nil {
		return inner.Done()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if inner := x.inner.Load(); inner != nil {
		return inner.Done()
	}
	ctx, cancel := context.WithCancel(x.conn.parent())
	x.inner.Store(&cancellable{ctx, cancel})
	if x.done.Load() || x.lost {
		cancel()
	}
	x.watch()
	return ctx.Done()
}

func (x *requestContext) Err() error {
	if inner := x.inner.Load(); inner != nil {
		return inner.Err()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.done.Load() || x.lost {
		return context.Canceled
	}
	x.watch() // who asks once may go on asking
	return x.conn.parent().Err()
}

// watch asks to be told when the client has gone. x.mu is held.
func (x *requestContext) watch() {
	if !x.done.Load() && !x.watching {
		x.watching = true
		x.native.WhenGone(x.gone)
	}
}

// gone is called when the client has gone, or cannot be reached.
func (x *requestContext) gone() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.lost || x.done.Load() {
		return
	}
	x.lost = true
	if inner := x.inner.Load(); inner != nil {
		inner.cancel()
	}
	if x.notify != nil {
		x.notify <- true
	}
}

// end is called when the handler has returned.
func (x *requestContext) end() {
	x.done.Store(true)
	if inner := x.inner.Load(); inner != nil {
		inner.cancel()
	}
}

// closeNotify returns the channel that receives a value when the client has gone.
func (x *requestContext) closeNotify() <-chan bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.notify == nil {
		x.notify = make(chan bool, 1)
		if x.lost {
			x.notify <- true
		}
		x.watch()
	}
	return x.notify
}
