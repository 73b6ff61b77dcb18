// Package server_test is a house of tests that need the whole server, a room for each thing that they ask:
//
//	transcript  what a connection does, line by line: numbered dialogues in fake time
//	model       every small case of a request with content, against a table written by hand
//	answers     a response arrives, whatever its client is still sending
//	live        clients that come, stay, stall and go, over connections of every kind; shutdown
//	faults      connections that fail, by the thousand, in fake time
//	chaos       all of it at once, over real sockets
//	load        more clients than there is room for
//	command     spillway serve: its routes, flags and signals
//	clients     curl, browsers, a proxy, and the HTTP clients of several languages
//	handlers    the packages for native handlers beside net/http, request by request
//	house       the rules of the repository: imports, sizes, and how files are kept
//	docs        what the pages of the documentation state
//
// The modules ecosystem, peers and world are beside them, each with dependencies of its own. What rooms share is in
// internal/sockets and internal/command. [go test ./...] at the root runs every room; the modules are run in their folders.
package server_test
