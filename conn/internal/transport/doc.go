// Package transport moves one connection's bytes: it reads, writes, throws away and half-closes, and knows how long each
// of that may take. It knows nothing of requests, and nothing of who uses it: what it has to call is handed in.
//
// # Whose deadlines
//
// A [Direction] sets the connection's deadlines. On a plain TCP or Unix socket that nobody else has, a deadline that moves
// to a later time is left where it was, and set anew when it strikes too early: so a kept connection sets its idle
// deadline once in a timeout, not once in a request. On every other connection, and once somebody else has it too, the
// deadline is set before each operation, where somebody else has the connection only if it has changed: what was set or
// lifted in its place stays. Only a deadline that was set here, and that has struck, is ever set anew: one
// that a wrapper or a hook has set ends the operation, as it was meant to.
//
// # Deadlines that do nothing
//
// Some connections cannot interrupt a Read or a Write: their setters return an error, or do nothing. An operation on a
// connection that is not a plain socket is therefore watched by a timer as well. If it goes on for long after its time is
// over, the connection is closed, which is the only way left to end it.
package transport
