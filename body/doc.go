// Package body reads one request's content from a connection that goes on behind it, and says what became of the part
// that nobody read.
//
// A [Reader] borrows the connection's input, a [Source], from the end of the head until [Reader.Settle]. It streams: no
// byte of the content is held back or read ahead but what the connection's own window happens to hold. Settle ends the
// loan and returns a [Leftover], the only value in the program that tells whether the connection's next byte begins a
// request.
package body
