// Law of this package: it plays a client and writes down what happened; it judges nothing and knows no testing.T.

// Package dialogue holds what a scripted HTTP/1.1 client says and hears: a [Client] that sends any bytes at any pace and
// ends in any way, a [Record] of each send, receive, end and reset with its time, the notation in which both are written,
// and a reader of responses that survives hostile ones.
//
// The notation is that of the project's transcripts: C: for the client, S: for the server, one line of text for each line
// on the wire, whose CRLF is not written. A backslash at the end says that the line does not end there; \r, \n, \t, \\ and
// \xHH stand for what they do elsewhere; {x*40} is x 40 times; <FIN> ends a direction and <RST> resets the connection.
package dialogue
