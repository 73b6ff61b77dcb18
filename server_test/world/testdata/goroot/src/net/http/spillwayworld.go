// This file is added to a copy of net/http: there, a Server's methods ask world() who serves.

package http

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
)

// A WorldServer serves in a Server's place.
type WorldServer interface {
	ListenAndServe() error
	ListenAndServeTLS(certFile, keyFile string) error
	Serve(net.Listener) error
	ServeTLS(l net.Listener, certFile, keyFile string) error
	Shutdown(context.Context) error
	Close() error
	SetKeepAlivesEnabled(bool)
}

// WorldNew makes what serves in a Server's place. Where it is nil, the Server serves itself.
var WorldNew func(*Server) WorldServer

// worldState stands in every Server.
type worldState struct {
	once   sync.Once
	server WorldServer
}

// worldCaller is what the names of the functions begin with that mean the Server itself when they call its methods.
const worldCaller = "vendor/github.com/spillway-go/spillway/"

// world returns what serves in s's place, or nil. It must be called by the methods of s directly, for it looks at their
// caller: the server that serves in s's place calls s's methods too.
func (s *Server) world() WorldServer {
	if WorldNew == nil {
		return nil
	}
	var pcs [1]uintptr
	runtime.Callers(3, pcs[:])
	if frame, _ := runtime.CallersFrames(pcs[:]).Next(); strings.HasPrefix(frame.Function, worldCaller) {
		return nil
	}
	s.worldState.once.Do(func() { s.worldState.server = WorldNew(s) })
	return s.worldState.server
}

// worldServe is what Serve begins with: the tests of this package may look at the listener first.
func (s *Server) worldServe(w WorldServer, l net.Listener) error {
	if fn := testHookServerServe; fn != nil {
		fn(s, l)
	}
	return w.Serve(l)
}
