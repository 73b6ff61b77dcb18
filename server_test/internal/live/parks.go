//go:build linux && !spillway_portable

package server_test

// parks reports whether idle connections give up their goroutine, and clients that go are seen whatever is unread.
const parks = true
