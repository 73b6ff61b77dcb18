// Here the server parks its idle connections.

//go:build linux && !spillway_portable

package sockets

// Parks reports whether idle connections give up their goroutine, and clients that go are seen whatever is unread.
const Parks = true
