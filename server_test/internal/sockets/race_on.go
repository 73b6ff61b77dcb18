// Here the race detector is on.

//go:build race

package sockets

// Race reports whether the race detector is on: tests that count or measure much ask.
const Race = true
