// Law of this package: a test says what happens on the wire, and everything that goes wrong tells the whole dialogue.

// Package servertest is the test kit for HTTP servers and handlers, as net/http/httptest is for net/http: servers to
// start, clients that a test scripts byte by byte, and a network in memory.
//
// [Start] runs a spillway server for one test and says what became of each exchange. [Dial] opens a connection to any
// HTTP/1.1 server, and [Upload] is a whole client in one call, whose upload goes wrong where and how the test wants it:
//
//	seen := servertest.Upload{Size: 1 << 20, Stop: 300_000, End: servertest.Reset}.Send(t, addr)
//
// # The network in memory
//
// [Pipe] makes one connection, a [Listener] makes many. Both are buffered, full-duplex and half-closable, and both can
// lose a response exactly as a real network does: closing a connection with unread input resets it, and a reset
// destroys what the peer has not read yet.
//
// # Every kind of connection
//
// [Carriers] are the kinds of connections that a server must keep its promises on: a socket, TLS of both makes, a Unix
// socket, wrappers that can do less. [Over] starts a server on one, and [TestListener] tests whether spillway keeps its
// promises on yours:
//
//	servertest.TestListener(t, servertest.Carrier{Name: "mine", Open: openMine})
//
// # Faults
//
// [Faults] makes reads, writes and deadlines of a connection go wrong, drawn from a seed that makes the same faults again.
//
// # Fake time
//
// Everything works inside a testing/synctest bubble: waiting is durably blocking, no goroutine is started except by
// timers, and [Link.Rate] and [Link.Delay] are exact to the nanosecond. A connection or listener made inside a bubble
// must be used inside it, and one made outside must be used outside, as with channels and timers.
//
// # What is modelled
//
// Of TCP: the order of data, FIN and RST; half-close; bounded buffers; what a close does with unread data, before and
// after; the errors an application sees. The model is harsh where systems differ: a RST destroys received, unread data
// at once (RFC 9293 §3.10.7.4: "all segment queues should be flushed"), although Linux lets the application read it.
// A server that is safe here is safe everywhere.
//
// Not of TCP: the handshake (dialing takes no time), acknowledgements (buffer space is free again as soon as the peer
// has read, without a Delay), loss, retransmission, keep-alive and TIME_WAIT.
//
// # A race that is real
//
// When one end writes, then resets, a peer that is already waiting in Read may or may not get the data: on a link
// without Delay the two goroutines race, as they do on a loopback interface. Inside a bubble any Delay, if only of a
// nanosecond, decides it: data and RST sent at one instant arrive at one instant, and the data is lost.
package servertest
