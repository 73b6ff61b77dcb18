// Package nethttp runs any http.Handler, and any http.Server's configuration, on spillway.
//
// [Handler] makes a native handler of a stock one. [New] takes an http.Server and returns a [Server] that does what it
// says on spillway's engine: a program changes one line.
//
//	srv := nethttp.New(&http.Server{Addr: ":8080", Handler: mux})
//	err := srv.ListenAndServe()
//
// Handlers see what they see on net/http: the same requests, one http.ResponseWriter with all of its optional interfaces,
// the same errors. What they may keep after they have returned there, they may keep here. The one thing to know is what
// becomes of a request's content that a handler does not read; package conn says it, and [Server.Limits] bounds it.
//
// # Differences
//
// All that can be seen from outside, and what is logged, is compared with net/http's, by tests that run a thousand
// exchanges, and whole connections, on both. These differences are meant. Requests that net/http takes and spillway
// refuses get a 400 where no other status stands, because two readers may take them to mean two things (RFC 9112
// §11.2).
//
// docs/differences.md says of each whom it concerns, and what to do.
//
// Requests that are refused:
//
//   - line ends: a bare LF is refused, and with it net/rpc's DialHTTP, which sends it; net/http takes it for a line end
//     in heads (RFC 9112 §2.2).
//   - folded fields: refused; net/http unfolds them (RFC 9112 §5.2).
//   - Host: one that is no host and port is refused, as is an absolute-form without a host or with user information;
//     net/http checks the characters alone (RFC 9112 §3.2, 9110 §4.2.4).
//   - two framings: Content-Length with Transfer-Encoding is refused; net/http ignores the length and keeps the
//     connection (RFC 9112 §6.1).
//   - codings and HTTP/1.0: Transfer-Encoding in an HTTP/1.0 request is refused; net/http ignores it, and the chunks
//     with it (RFC 9112 §6.1).
//   - repeated length: several Content-Length fields are refused, equal or not; net/http merges equal ones (RFC 9112
//     §6.3).
//   - coding list: chunked that is not once and last gets 400; net/http answers 501 to all that is not chunked alone
//     (RFC 9112 §6.1).
//   - content of CONNECT: refused; net/http passes it on (RFC 9110 §9.3.6).
//   - form of the target: a fragment, * with a method other than OPTIONS, another scheme than http and https, CONNECT
//     without host and port are refused; net/http passes them on (RFC 9112 §3.2).
//   - long method: more than 64 bytes get 501; net/http has no limit (RFC 9112 §3).
//   - many fields: more field lines than one for each 64 bytes that a head may have, 16,448 by default, get 431;
//     net/http has no limit (RFC 6585 §5).
//   - long target: a request line that does not fit the bytes of a head gets 414; net/http answers 431 (RFC 9110
//     §15.5.15).
//   - chunk extensions: parsed by their grammar, with white space around the semicolon, and refused if malformed;
//     net/http refuses that white space and takes the malformed (RFC 9112 §7.1.1).
//   - white space in trailers: before the colon it is refused; net/http makes it part of the name (RFC 9112 §5.1).
//
// Requests that are read otherwise:
//
//   - empty line: one is allowed before a request line; net/http allows some after a POST only (RFC 9112 §2.2).
//   - expectations of HTTP/1.0: ignored; net/http answers 417 to those it does not know (RFC 9110 §10.1.1).
//   - malformed content: found when it is read, and the connection ends after the response; net/http reads it before
//     the response, and says Connection: close there. Close returns no error for it, and Read another one than net/http
//     (RFC 9112 §9.6).
//   - content after the response: can be read, without EnableFullDuplex; net/http reads up to 256 KiB of it before it
//     sends the head, and then refuses (RFC 9112 §9.3).
//   - trailers of requests: those that may not stand there are dropped, but for the three that frame messages:
//     declaring these is refused, as on net/http (RFC 9110 §6.5.1).
//
// 100 (Continue) and other interim responses:
//
//   - 1xx and HTTP/1.0: not sent; net/http sends them (RFC 9110 §15.2).
//   - 1xx and close: the option close is left out of a 1xx response, which ends nothing; net/http sends it (RFC 9112
//     §9.6).
//   - 100 (Continue): not sent when content has come already; net/http sends it on the first read always. It is sent
//     after WriteHeader too, until the head goes out; net/http then does not send it (RFC 9110 §10.1.1).
//   - kept after Expect: a connection is kept if the content was asked for, or came anyway, and the rest fits the drain
//     limit; net/http closes it unless all was read (RFC 9110 §10.1.1).
//   - content never asked for: is not waited for by Close, nor after a panic; net/http waits (RFC 9110 §10.1.1).
//
// Responses:
//
//   - refusals: say in a line of text what was wrong, with Date and Content-Length, and the client can read them: the
//     connection lingers; net/http often resets it. A head that is cut off gets 400, one that takes too long 408;
//     net/http says nothing (RFC 9112 §9.6, 9110 §15.5.9).
//   - order of fields: Content-Length and Connection stand behind the handler's other fields, also where the handler
//     has set them; net/http then has them among the others, by name. Otherwise the order is the same (RFC 9110 §5.3).
//   - HTTP version: HTTP/1.1 in every response; net/http repeats HTTP/1.0 (RFC 9110 §6.2).
//   - 413: with content left unread closes the connection, whoever found it too large; net/http closes it for
//     http.MaxBytesReader only, and only where that was given its own ResponseWriter, but then even if all was read
//     (RFC 9110 §15.5.14).
//   - trailers of responses: those that may not stand there are not sent; net/http does not check those under
//     http.TrailerPrefix (RFC 9110 §6.5.1).
//   - controls in fields: a response field whose value has a control in it is left out; net/http sends it (RFC 9110
//     §5.5).
//   - invalid length: a Content-Length that is no number, or stands under a key that is not canonical, is not sent;
//     net/http sends it (RFC 9110 §8.6).
//   - other codings: a response with a Transfer-Encoding of the handler other than identity and chunked has chunked
//     behind it where the client asked for it (TE), else it becomes a 500, and its content is not sent; net/http sends
//     two such fields, or none in HTTP/1.0 (RFC 9112 §6.1, §7.4).
//
// Ends of connections:
//
//   - close in any form: Connection: Close, or in a list, closes the connection, whoever says it; net/http knows the
//     handler's word "close" alone, and lets keep-alive win in HTTP/1.0 (RFC 9112 §9.3, §9.6).
//   - what Connection says: close is said whenever the connection is known to end, and keep-alive to HTTP/1.0 clients
//     whenever it does not; net/http says the opposite at times, or nothing (RFC 9112 §9.3, §9.6).
//   - CONNECT without a tunnel: a 2xx response has no content, and the connection ends after any response; net/http
//     sends content and reads on (RFC 9110 §9.3.6).
//   - 101 without a tunnel: a 101 of a handler that does not hijack ends the connection; net/http reads on (RFC 9110
//     §7.8).
//   - cut short without framing: a response that only the connection's end ends, and that the handler gave up, ends in
//     a reset, so that it does not look whole; on net/http it does (RFC 9112 §8).
//
// Logging:
//
//   - ended goroutines: a handler that ends its goroutine, or panics with nil where GODEBUG lets it, is logged like one
//     that panics, with its stack; net/http ends the connection and says nothing.
//
// Connections over time:
//
//   - leftovers: the rest of a request's content is read after the response, within Server.Limits.DrainBytes and
//     DrainTimeout, and the context's end and the deadlines are seen while it is unread; net/http reads up to 256 KiB
//     of it before the response, and does not see them (RFC 9112 §9.3).
//   - silent clients: where no other timeout is set, the IdleTimeout also counts before a connection's first request;
//     net/http lets a client be silent there without end (RFC 9112 §9.5).
//   - shutdown: idle connections have a moment, Limits.ShutdownGrace, in which a request on its way is served, a client
//     that is sending a head has 5 s, and a connection that never spoke holds nothing up; net/http closes idle
//     connections at once, also inside of a second head, and waits more than 5 s for a first one (RFC 9112 §9.6).
//   - own Shutdown: Shutdown and Close of the http.Server that New was given close the listeners and let each
//     connection end after its exchange; they do not wait for that, nor cut it short, as net/http's do.
//   - lingering: a close that may leave input unread is for sending only, until the client has closed too or
//     LingerTimeout is over, and StateClosed comes after that; net/http waits half a second, or not at all (RFC 9112
//     §9.6).
//
// HTTP/2:
//
//   - HTTP/2's server: the golang.org/x/net that the program's go.mod names; net/http has one in itself, which comes
//     with Go (RFC 9113).
package nethttp
