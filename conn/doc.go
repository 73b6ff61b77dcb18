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
// # Who may read the connection
//
// The exchange reads the head. From then on only the body reader reads, until it has been settled. No byte is parsed as
// a request before the leftover is known to have ended.
package conn
