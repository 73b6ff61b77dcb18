// What is defined below this package and an embedding program needs, under this package's name.

package server

import (
	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/parser"
)

type (
	// Handler answers requests. What its Serve returns, and that it may panic, is said at package conn's Handler.
	Handler = conn.Handler
	// HandlerFunc is a function that is a Handler.
	HandlerFunc = conn.HandlerFunc
	// Request is one request, as its handler has it. It may not be used after the handler has returned; its strings may be kept.
	Request = conn.Request
	// Response is the answer to one request, as its handler makes it. It may not be used after the handler has returned.
	Response = conn.Response
	// Content is a request's content: a stream that reads from the connection.
	Content = body.Content
	// Fields are the field lines of a request or of a trailer section, in the order received. They cannot be changed.
	Fields = parser.Fields
	// Field is a field line of a StatusError.
	Field = conn.Field
	// Hijacked is a connection that a handler has hijacked: a net.Conn whose Read begins with what had been received already.
	Hijacked = conn.Hijacked
	// StatusError is an error with the response that a handler wants for it.
	StatusError = conn.StatusError
	// Limits bounds what a client may cost. Each zero field means its default, each negative one turns a limit off.
	Limits = conn.Limits
	// TLS makes the server's side of TLS connections. Package server/https has it for a *tls.Config.
	TLS = conn.TLS
	// ProxyProtocol says whether connections begin with a header of the PROXY protocol, version 1 or 2.
	ProxyProtocol = conn.ProxyProtocol
	// ProxyHeader is what a balancer says of a connection in the PROXY protocol. Its TLVs are what it says beside the addresses.
	ProxyHeader = parser.ProxyHeader
	// Logger takes messages with pairs of a key and a value behind them, as a *log/slog.Logger does.
	Logger = conn.Logger
	// Stats is a snapshot of what a server's connections do and have done.
	Stats = conn.Stats
	// Event is one step in a connection's life and what is known by then, for Server.Trace. It may be kept.
	Event = conn.Event
	// Times are when an exchange had come how far, for Event.
	Times = conn.Times
	// TLSVersion is a version of TLS, by its number in crypto/tls; 0: none.
	TLSVersion = conn.TLSVersion
	// Handshake is why a TLS handshake failed, for Stats.
	Handshake = conn.Handshake
	// Refusal says which rule a refused request broke, with what, for Event.
	Refusal = parser.Error
	// Rule is what a refused request broke, for Stats.
	Rule = parser.Rule
	// EventKind is what happened to a connection.
	EventKind = conn.EventKind
	// Verdict is what a connection does after an exchange.
	Verdict = conn.Verdict
	// Reason is why a connection ended.
	Reason = conn.Reason
	// Leftover is what became of the content that a handler did not read.
	Leftover = body.Leftover
)

// The kinds of events, in the order in which they come. EventSettled comes once for every request of which a byte has come.
const (
	EventAccepted   = conn.EventAccepted   // the connection has been accepted
	EventHeadParsed = conn.EventHeadParsed // a request's head has come, and its handler runs next
	EventResponded  = conn.EventResponded  // the response is complete, or given up, and about to be sent
	EventSettled    = conn.EventSettled    // the exchange is over, however it ended, and it is known what follows
	EventClosed     = conn.EventClosed     // the connection has ended
)

// What a connection may begin with. A PROXY header is believed only from an address that is trusted.
const (
	ProxyOff      = conn.ProxyOff      // a request; a header gets 400
	ProxyOptional = conn.ProxyOptional // a header or a request
	ProxyRequired = conn.ProxyRequired // a header
)

// The kinds of failed TLS handshakes.
const (
	HandshakeRefused  = conn.HandshakeRefused  // one side did not accept what the other offered
	HandshakeGone     = conn.HandshakeGone     // the client closed or reset the connection
	HandshakeTimeout  = conn.HandshakeTimeout  // it did not end in time
	HandshakeNotTLS   = conn.HandshakeNotTLS   // the client spoke something else than TLS
	HandshakeHTTP     = conn.HandshakeHTTP     // the client spoke HTTP without TLS, and was told so
	HandshakeProtocol = conn.HandshakeProtocol // it agreed on a protocol that nothing serves
)

// The verdicts.
const (
	VerdictReuse  = conn.VerdictReuse  // serve another request
	VerdictClose  = conn.VerdictClose  // the client is gone: close at once
	VerdictLinger = conn.VerdictLinger // end in the way that cannot destroy the response
	VerdictHijack = conn.VerdictHijack // a handler has the connection
	VerdictPark   = conn.VerdictPark   // wait for a request without a goroutine
)

// The leftovers. After the first two the connection's next byte begins a request; after the others it must end.
const (
	LeftoverNothing = body.LeftoverNothing // the handler read to the end, or there was no content
	LeftoverDrained = body.LeftoverDrained // the rest was read and thrown away, to its end
	LeftoverTooLong = body.LeftoverTooLong // more than the budget's bytes remained, or may have
	LeftoverTooSlow = body.LeftoverTooSlow // the end did not come within the budget's time
	LeftoverUnasked = body.LeftoverUnasked // the client still waits for a 100 (Continue) that was never sent
	LeftoverCut     = body.LeftoverCut     // the client closed inside the content
	LeftoverGarbled = body.LeftoverGarbled // the content broke its own framing: it has no end
)

// The reasons for which connections end. Reason.Text says more of each.
const (
	ReasonNone            = conn.ReasonNone            // it has not ended
	ReasonClientClosed    = conn.ReasonClientClosed    // the client closed between requests
	ReasonClientGone      = conn.ReasonClientGone      // the client closed or reset inside a request or a response
	ReasonHandshakeFailed = conn.ReasonHandshakeFailed // the TLS handshake failed
	ReasonIdleTimeout     = conn.ReasonIdleTimeout     // no request came in time
	ReasonHeaderTimeout   = conn.ReasonHeaderTimeout   // a request's head did not end in time
	ReasonRefused         = conn.ReasonRefused         // the head broke the grammar, or a limit
	ReasonClientAsked     = conn.ReasonClientAsked     // the client's request allowed no other behind it
	ReasonHandlerAsked    = conn.ReasonHandlerAsked    // the handler set Connection: close
	ReasonTruncated       = conn.ReasonTruncated       // the response was not completed
	ReasonUnframed        = conn.ReasonUnframed        // only the end of the connection ends the response
	ReasonWriteFailed     = conn.ReasonWriteFailed     // the response could not be sent
	ReasonShutdown        = conn.ReasonShutdown        // the server is shutting down
	ReasonMaxRequests     = conn.ReasonMaxRequests     // the connection has served as many requests as it may
	ReasonMaxAge          = conn.ReasonMaxAge          // the connection has been open for as long as it may
	ReasonTooManyConns    = conn.ReasonTooManyConns    // the client has more connections than it may
	ReasonProxyUntrusted  = conn.ReasonProxyUntrusted  // an address that is not trusted sent a PROXY header, or should have
	ReasonProxyMissing    = conn.ReasonProxyMissing    // the connection did not begin with the PROXY header that it must have
	ReasonProxyMalformed  = conn.ReasonProxyMalformed  // the PROXY header broke its grammar, or its checksum
	ReasonProxyTimeout    = conn.ReasonProxyTimeout    // the PROXY header did not end in time
	ReasonAborted         = conn.ReasonAborted         // the server closed the connection
	ReasonHijacked        = conn.ReasonHijacked        // a handler has hijacked the connection
	ReasonOtherProtocol   = conn.ReasonOtherProtocol   // another protocol was served on it, and has ended
	ReasonLeftoverTooLong = conn.ReasonLeftoverTooLong // more was left of the content than the budget has bytes
	ReasonLeftoverTooSlow = conn.ReasonLeftoverTooSlow // the rest of the content did not come in the budget's time
	ReasonLeftoverUnasked = conn.ReasonLeftoverUnasked // the client was never asked for its content
	ReasonLeftoverCut     = conn.ReasonLeftoverCut     // the client closed inside the content
	ReasonLeftoverGarbled = conn.ReasonLeftoverGarbled // the content broke its own framing
)

// The errors of reading and writing, for errors.Is.
var (
	ErrAbort         = conn.ErrAbort         // returned by a handler: end the connection, and log nothing
	ErrEnded         = conn.ErrEnded         // the exchange has ended
	ErrHeadSent      = conn.ErrHeadSent      // the response's head has been sent
	ErrHijacked      = conn.ErrHijacked      // the connection was hijacked
	ErrContentLength = conn.ErrContentLength // content beyond the declared Content-Length
	ErrNoContent     = conn.ErrNoContent     // a response with this status has no content
	ErrNoTrailers    = conn.ErrNoTrailers    // the response's framing has no trailer section
	ErrMinRate       = conn.ErrMinRate       // the client was slower than the minimum rate
	ErrAbandoned     = body.ErrAbandoned     // the content was given up
	ErrContentClosed = body.ErrClosed        // read after the exchange has ended
	ErrContentBusy   = body.ErrBusy          // read beside another read
)

// The errors of reading content, for errors.As. A handler that returns one has it answered with its StatusCode.
type (
	// TooLargeError says that the content exceeds its limit: 413.
	TooLargeError = body.TooLargeError
	// SlowError says that the content did not come in time, or too slowly: 408.
	SlowError = body.SlowError
	// CutError says that the client closed inside the content: 400.
	CutError = body.CutError
	// GarbledError says that the content broke its own framing: 400, or the status of the limit that it broke.
	GarbledError = body.GarbledError
)

// StatusOf returns the status of the response that an error becomes when a handler returns it before the head is sent, as
// middleware wants to know it; 0 for nil, and for ErrAbort, which becomes none.
func StatusOf(err error) int { return conn.StatusOf(err) }
