// Here the server parks no connections.

//go:build !linux || spillway_portable

package sockets

// Parks reports whether idle connections give up their goroutine, and clients that go are seen whatever is unread.
const Parks = false
