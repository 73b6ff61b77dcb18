// Package parser turns the bytes of HTTP/1.x requests into values. It does no I/O, starts no goroutine and keeps
// nothing between messages; what it refuses, it refuses with the status that the client is to get.
//
// # Use
//
// A connection reads until [Head.Parse] has found the head's end. [FramingOf] says how the content behind it is delimited,
// and [Head.Persists] whether another request may follow. Chunked content is walked through with [Chunks.Next]; behind its
// last chunk stands the trailer section, for [Section.ParseTrailers]. The functions that parse can be called with any part of
// what is to come, and again when more has come: a byte that was looked at is not looked at again.
//
// # Terminology
//
// The words are those of RFC 9110 and RFC 9112: a request's head is its request line and its field lines, up to and
// including the empty line; its content is what follows, framed by a Content-Length or by the chunked transfer coding;
// a trailer section may end chunked content. A window is what a connection has received and not yet consumed.
//
// # Security
//
// Two parties that read one stream differently can be played against each other (request smuggling, RFC 9112 §11.2), so
// the parser takes one reading of each message or none: lines end in CRLF, a length is given once and in one way, and
// nothing is repaired. An [Error] ends the connection: no byte behind it can be trusted to begin a request. Everything that
// grows with what a client sends is bounded by [Limits].
package parser
