// Package body reads one request's content from a connection that goes on behind it, and says what became of the part
// that nobody read.
//
// # Two faces
//
// A [Content] is what a handler has: it reads, and limits what it reads. A [Reader] is what the connection has of the same
// content. It borrows the connection's input, a [Source], from the end of the head until [Reader.Settle], which ends the loan
// and returns a [Leftover], the only value in the program that tells whether the connection's next byte begins a request.
// [Reader.Foresee] is Settle's first step, without I/O, for the response's head, which must say whether the connection ends.
//
// # Reading
//
// Content streams: no byte of it is held back or read ahead but what the connection's own window happens to hold. Reads end
// with io.EOF where the content does. What ends them otherwise is told apart by type: the client went ([CutError]), was too
// slow ([SlowError]), sent too much ([TooLargeError]) or broke the chunked coding ([GarbledError]).
//
// # Settling
//
// What a handler leaves is thrown away within a [Budget] of bytes and time, and parsed meanwhile as if it were read: its
// framing counts, and its limits hold. A goroutine that is still in a read is made to return first, and later reads return
// [ErrClosed], so that nobody who was lent the content can take a byte of the next request.
package body
