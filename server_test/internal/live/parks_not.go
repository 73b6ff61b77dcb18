//go:build !linux || spillway_portable

package server_test

const parks = false
