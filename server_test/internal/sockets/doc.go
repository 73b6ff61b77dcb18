// Package sockets is what the tests over real sockets share: a server on a loopback address, or on any other kind of
// connection, with the routes of the lab that they need, a client that says exactly what it met, the same server as a
// process of its own, and a check that nothing is left behind. A test that uses any of it begins with [Clean] or [Each],
// and its package's TestMain is [Main].
package sockets
