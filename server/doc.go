// Package server serves HTTP/1.1 (RFC 9112) on the connections that it accepts. It is all that an embedding program imports.
//
// # A handler
//
// A [Handler] answers requests, and a [Server] with a handler is ready for use:
//
//	func hello(w *server.Response, r *server.Request) error {
//		_, err := w.WriteString("hello\n")
//		return err
//	}
//
//	srv := &server.Server{Handler: server.HandlerFunc(hello)}
//	err := srv.ListenAndServe("127.0.0.1:8080")
//
// A handler returns an error where it cannot answer. While the response's head has not been sent, the error becomes the
// response: a [StatusError] the one that it describes, an error of the request's content 400, 408 or 413, any other 500 and a
// line in the log. Later it ends the connection in a way that shows the client that the response is cut short. A panic is
// caught and treated in the same way. Programs that have a [net/http.Handler] use package [github.com/spillway-go/spillway/server/nethttp].
//
// # Reading content
//
// Request.Body streams from the connection: nothing is read before the handler reads, and nothing is kept. The first read
// sends 100 (Continue) to a client that waits for it. Content.Limit bounds what this handler takes; Limits.BodyBytes what
// all do. Errors tell a client that went away ([CutError]) from one that was too slow ([SlowError]), sent too much
// ([TooLargeError]), or broke the chunked coding ([GarbledError]).
//
// # Early answers
//
// A handler may answer without reading. What it leaves of the content is the leftover: the response is sent first, and then
// the leftover is read and thrown away if that takes no more than Limits.DrainBytes and Limits.DrainTimeout, so that the
// connection serves another request. Otherwise the connection ends, but only for sending: what the client still sends is
// read for a while, so that no reset destroys the response on its way (RFC 9112 §9.6). A [Leftover] says what became of it, a
// [Verdict] what the connection does then, and a [Reason] why.
//
// # Limits
//
// [Limits] bounds what a client may cost: times, sizes, and the least rate at which it must move bytes while the server waits
// for it. Every limit has a default that is safe where strangers connect, but for the length of content, which has none.
//
// # Stopping
//
// [Server.Shutdown] closes the listeners, lets the exchanges that are running end, and returns when all connections have ended
// or its context is done. [Server.Close] ends all at once. [Server.Drain] comes before, where balancers ask the server's [Server.Health].
// Package [github.com/spillway-go/spillway/server/restart] does all of this when a signal says so, and restarts programs without losing a request.
//
// # Watching
//
// Server.Trace is told of every event of every connection: that it was accepted, each head and response, what became of
// each leftover, and why the connection ended. [Server.Stats] counts them.
//
// # TLS
//
// Package [github.com/spillway-go/spillway/server/https] makes of a *tls.Config what Server.TLS takes. It is a package of its own so that programs without
// TLS do not have it in them.
package server
