// A request's context costs nothing until somebody asks for it.

package conn

import (
	"context"
	"io"
	"sync"
	"time"
)

// exchangeContext is cancelled at the end of its exchange, or when the client has gone.
type exchangeContext struct {
	context.Context // the parent

	turn     turn
	mu       sync.Mutex
	watching bool // somebody has asked whether the client is there
	done     chan struct{}
	unhook   func() bool // from the parent
	err      error
}

// Context returns the request's context. It is cancelled when the handler has returned, when the server's context is,
// and when the client has closed or reset the connection, which is watched from the first call of Done or Err on. A client
// that has closed only its sending side has gone too, as far as anybody can tell; but while the handler reads content that
// such a client has sent, the context waits until that has come to its end.
//
// Where the system cannot tell, under TLS and elsewhere than on Linux, the connection reads up to 64 KiB ahead to see the
// client's end; while more than that of its bytes is unread, it is not seen. Nowhere is a close seen that waits in the
// client's system behind bytes for which the socket's receive buffer has no room.
func (r *Request) Context() context.Context {
	r.turn.enter()
	defer r.turn.exit()
	if r.context == nil {
		r.context = &exchangeContext{Context: r.turn.c.Context(), turn: r.turn}
		if r.turn.current.Load() == r.turn.number {
			r.turn.req.context = r.context
		} else {
			r.context.err = context.Canceled
		}
	}
	return r.context
}

// Done returns the channel that is closed when the context is cancelled, and begins to watch the client.
func (x *exchangeContext) Done() <-chan struct{} {
	done := x.begin()
	x.watch()
	return done
}

// begin makes the channel, and lets the parent close it too. That is a program's own, and may panic.
func (x *exchangeContext) begin() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.done == nil {
		x.done = make(chan struct{})
		if x.err != nil {
			close(x.done)
		} else {
			x.unhook = context.AfterFunc(x.Context, func() { x.cancel(x.Context.Err()) })
		}
	}
	return x.done
}

// Err returns nil until the context is cancelled, and begins to watch the client.
func (x *exchangeContext) Err() error {
	x.watch()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return x.err
	}
	return x.Context.Err()
}

// watch begins to watch the client, once, unless the exchange has ended.
func (x *exchangeContext) watch() {
	x.mu.Lock()
	begun := x.watching || x.err != nil
	x.watching = true
	x.mu.Unlock()
	if !begun {
		x.turn.during(func() { x.turn.in.watch(func() { x.cancel(context.Canceled) }) })
	}
}

// cancelled reports whether the context was cancelled, without watching anything.
func (x *exchangeContext) cancelled() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err != nil || x.Context.Err() != nil
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
	if in.taken {
		return
	}
	reader := in.c.req.Body
	if !in.used { // which nobody looks at before the handler has returned
		in.used = true
		in.lend(reader, time.Time{})
	}
	told := func(reset bool) {
		if !reset {
			awaitContent(reader.Ended, reader.Received)
		}
		in.c.beside("telling that the client has gone", gone)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.ended:
		reset := in.gone != io.EOF
		go told(reset)
	case in.lent.Load() && !in.watchEnd(told):
		in.aside.onGone = told
		in.readAhead(watchBytes)
	}
}

// awaitContent waits while a handler reads content that a client has sent before it closed its sending side: until that
// has ended, or nothing was read for a while.
func awaitContent(ended func() bool, received func() int64) {
	const look, patience = 20 * time.Millisecond, 25 // times
	for had, still := int64(-1), 0; !ended() && still < patience; still++ {
		if n := received(); n != had {
			had, still = n, 0
		}
		time.Sleep(look)
	}
}

// watchEnd lets the server watch the client, where it can.
func (in *input) watchEnd(gone func(reset bool)) bool {
	if !in.c.parks() {
		return false
	}
	in.polled = in.c.sock.WithDescriptor(func(fd int) bool { return in.c.cfg.parked.Watch(in.c.id, fd, gone) })
	return in.polled
}
