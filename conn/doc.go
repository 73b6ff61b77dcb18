// Package conn serves HTTP/1.1 on one connection: it reads a head, lends the content to a handler, sends the response,
// settles what the handler left of the content, and decides whether the connection goes on.
//
// # Terminology
//
// An exchange is one request and its response. The leftover is the content that the handler did not read; a
// [body.Reader] settles it. The verdict says what the connection does after an exchange: serve another one, or end.
// Lingering is the way in which a connection ends while the client may still be sending: the response goes out, the
// sending side is closed, and what comes is thrown away until the client has closed too, so that nothing the client
// sends can make its operating system throw the response away (RFC 9112 §9.6).
//
// # The states of a connection
//
//	busy ──head──▶ serving ──settled──▶ idle ──byte──▶ busy
//	                  │                  │  ▲
//	                  ▼                  ▼  │ readable
//	              lingering            parked
//
// Before its first request a connection is idle until its PROXY header comes, where one may, then busy with the handshake, then
// idle. Stop interrupts it while it is idle. The constants are in state.go.
//
// # Who may touch it
//
// The connection's own goroutine runs the exchanges. It has the input for itself between them, and the handler runs in it.
// Beside a handler there may be:
//
//   - goroutines of the handler's, which may read the content, set deadlines, and abort; what they were lent does nothing
//     once the exchange has ended, since each exchange is lent something new (lending.go);
//   - the one that reads ahead (ahead.go), while somebody wants to know when the client goes, or a write has stalled;
//   - timers: the one that watches a write (stall.go), and the one that sends what was gathered (output.go);
//   - the server's park.Set, which tells that a client has gone.
//
// From the head on only the body reader reads, until it has been settled. No byte is parsed as a request before the
// leftover is known to have ended.
//
// # Locks
//
// They are taken in this order, and none is held while something is waited for, but for the two that say so:
//
//	life                   what is done for an exchange from outside, which must not end meanwhile
//	body.Reader.mu         inside Read and Settle; waits for the client
//	output.mu              the output, and the response that goes into it; held while something is written
//	body.Reader.look       how far the reading has come
//	input.mu               the input while it is lent, what is read ahead, and the watch over a write
//	park.Set               the parked connections
//	transport.Direction    the deadline and the rate of one direction
//
// Stop has a lock of its own, which only Directions and the park.Set come behind. Five places try a lock in place of waiting
// for it, since whoever has it may be waiting for them; each says why.
package conn
