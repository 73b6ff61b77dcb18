// What a connection does after an exchange, and why it ended: every reason with all that is said of it, in one table.

package conn

import (
	"strconv"

	"github.com/spillway-go/spillway/body"
)

// Verdict is what a connection does after an exchange.
type Verdict uint8

// The verdicts.
const (
	VerdictReuse  Verdict = iota // serve another request
	VerdictClose                 // the client is gone: close at once
	VerdictLinger                // end in the way that cannot destroy the response
	VerdictHijack                // a handler has taken the connection over
	VerdictPark                  // wait for a request without a goroutine
)

var verdictNames = [...]string{"reuse", "close", "linger", "hijack", "park"}

// String returns the verdict in lower-case words, or as a number if it is none.
func (v Verdict) String() string { return nameOf(verdictNames[:], "Verdict", int(v)) }

// Reason is why a connection ended.
type Reason uint8

// The reasons. Those from ReasonLeftoverTooLong on say what became of a leftover.
const (
	ReasonNone            Reason = iota // it has not ended
	ReasonClientClosed                  // the client closed between requests
	ReasonClientGone                    // the client closed or reset inside a request or a response
	ReasonHandshakeFailed               // the TLS handshake failed
	ReasonIdleTimeout                   // no request came in time
	ReasonHeaderTimeout                 // a request's head did not end in time
	ReasonRefused                       // the head broke the grammar, or a limit
	ReasonClientAsked                   // the client's request allowed no other behind it
	ReasonHandlerAsked                  // the handler set Connection: close
	ReasonTruncated                     // the response was not completed
	ReasonUnframed                      // only the end of the connection ends the response
	ReasonWriteFailed                   // the response could not be sent
	ReasonShutdown                      // the server is shutting down
	ReasonMaxRequests                   // the connection has served as many requests as it may
	ReasonMaxAge                        // the connection has been open for as long as it may
	ReasonTooManyConns                  // the client has more connections than it may
	ReasonProxyUntrusted                // an address that is not trusted sent a PROXY header, or should have
	ReasonProxyMissing                  // the connection did not begin with the PROXY header that it must have
	ReasonProxyMalformed                // the PROXY header broke its grammar, or its checksum
	ReasonProxyTimeout                  // the PROXY header did not end in time
	ReasonAborted                       // the server closed the connection
	ReasonHijacked                      // a handler has hijacked the connection
	ReasonOtherProtocol                 // another protocol was served on it, and has ended
	ReasonLeftoverTooLong               // more was left of the content than the budget has bytes
	ReasonLeftoverTooSlow               // the rest of the content did not come in the budget's time
	ReasonLeftoverUnasked               // the client was never asked for its content
	ReasonLeftoverCut                   // the client closed inside the content
	ReasonLeftoverGarbled               // the content broke its own framing
)

// Reasons is the number of reasons, for tables of them.
const Reasons = int(ReasonLeftoverGarbled) + 1

// Stage is the part of a connection's life in which it ends for a reason.
type Stage uint8

// The stages.
const (
	StageAny       Stage = iota
	StageProxy           // the PROXY header in front of everything is being read
	StageHandshake       // TLS is being negotiated
	StageIdle            // the connection waits for a request
	StageHead            // a request's head is being read
	StageResponse        // the handler runs, or its response is being sent
	StageLeftover        // what the handler left of the content is being settled
)

var stageNames = [...]string{"any", "proxy", "handshake", "idle", "head", "response", "leftover"}

// String returns the stage in a lower-case word, or as a number if it is none.
func (s Stage) String() string { return nameOf(stageNames[:], "Stage", int(s)) }

// reasons is the table. The verdict follows from the reason: what ends in VerdictLinger is sent whole, and the client's rest
// is read, so that the close cannot destroy it; what ends in VerdictClose has nobody left who would read it.
var reasons = [Reasons]struct {
	name, text string
	verdict    Verdict
	stage      Stage
	section    string
}{
	ReasonNone:            {"none", "It has not ended.", VerdictReuse, StageAny, ""},
	ReasonClientClosed:    {"client closed", "The client closed between two requests.", VerdictClose, StageIdle, "RFC 9112 §9.6"},
	ReasonClientGone:      {"client gone", "The client closed or reset the connection inside a request or a response.", VerdictClose, StageAny, "RFC 9112 §9.5"},
	ReasonHandshakeFailed: {"handshake failed", "The TLS handshake failed, or agreed on a protocol that nothing serves.", VerdictClose, StageHandshake, ""},
	ReasonIdleTimeout:     {"idle timeout", "No request came within the IdleTimeout.", VerdictLinger, StageIdle, "RFC 9112 §9.5"},
	ReasonHeaderTimeout:   {"header timeout", "A request's head did not end within the ReadHeaderTimeout; it was answered 408.", VerdictLinger, StageHead, "RFC 9110 §15.5.9"},
	ReasonRefused:         {"refused", "The request's head broke the grammar or a limit; it was answered with the status that says so.", VerdictLinger, StageHead, "RFC 9112 §2.2"},
	ReasonClientAsked:     {"client asked", "The request said Connection: close, or came in HTTP/1.0 without keep-alive, or was a CONNECT that no tunnel followed.", VerdictLinger, StageResponse, "RFC 9112 §9.3"},
	ReasonHandlerAsked:    {"handler asked", "The handler set Connection: close, or sent a 101.", VerdictLinger, StageResponse, "RFC 9112 §9.6"},
	ReasonTruncated:       {"truncated", "The handler failed when the head had been sent already, or wrote less or more than the Content-Length.", VerdictLinger, StageResponse, "RFC 9112 §8"},
	ReasonUnframed:        {"unframed", "Only the end of the connection ends the response, as it does for an HTTP/1.0 client where the length is not known.", VerdictLinger, StageResponse, "RFC 9112 §6.3"},
	ReasonWriteFailed:     {"write failed", "The response could not be sent, or the client did not take it in time.", VerdictClose, StageResponse, "RFC 9112 §9.5"},
	ReasonShutdown:        {"shutdown", "The server is shutting down.", VerdictLinger, StageAny, "RFC 9112 §9.6"},
	ReasonMaxRequests:     {"max requests", "The connection has served MaxRequests requests.", VerdictLinger, StageResponse, "RFC 9112 §9.6"},
	ReasonMaxAge:          {"max age", "The connection has been open for its MaxAge; where no response could say so, it had been idle for a tenth of it.", VerdictLinger, StageAny, "RFC 9112 §9.6"},
	ReasonTooManyConns:    {"too many connections", "The client had MaxConnsPerClient other connections when this one was accepted.", VerdictClose, StageAny, "RFC 9112 §9.4"},
	ReasonProxyUntrusted:  {"proxy untrusted", "A PROXY header came from an address outside ProxyTrusted, or the connection did where one is required.", VerdictClose, StageProxy, ""},
	ReasonProxyMissing:    {"proxy missing", "The connection began with something else than the PROXY header that is required.", VerdictClose, StageProxy, ""},
	ReasonProxyMalformed:  {"proxy malformed", "The PROXY header broke its grammar, was too long, or had another checksum than it says.", VerdictClose, StageProxy, ""},
	ReasonProxyTimeout:    {"proxy timeout", "The PROXY header did not end within the ProxyHeaderTimeout.", VerdictClose, StageProxy, ""},
	ReasonAborted:         {"aborted", "The server or a handler closed the connection at once.", VerdictClose, StageAny, ""},
	ReasonHijacked:        {"hijacked", "A handler has hijacked the connection.", VerdictHijack, StageAny, "RFC 9110 §7.8"},
	ReasonOtherProtocol:   {"other protocol", "The client and the server have agreed on another protocol, which has been served to its end.", VerdictClose, StageAny, ""},
	ReasonLeftoverTooLong: {"leftover too long", "More was left of the content than DrainBytes, or as far as anybody could know when the head was sent.", VerdictLinger, StageLeftover, "RFC 9112 §9.3"},
	ReasonLeftoverTooSlow: {"leftover too slow", "The rest of the content did not come within the DrainTimeout.", VerdictLinger, StageLeftover, "RFC 9112 §9.3"},
	ReasonLeftoverUnasked: {"leftover unasked", "The client waits for a 100 (Continue) that was never sent, so its content may come or not.", VerdictLinger, StageLeftover, "RFC 9110 §10.1.1"},
	ReasonLeftoverCut:     {"leftover cut", "The client closed inside the content.", VerdictClose, StageLeftover, "RFC 9112 §8"},
	ReasonLeftoverGarbled: {"leftover garbled", "The content broke its own framing, so that nobody knows where it ends.", VerdictLinger, StageLeftover, "RFC 9112 §7.1"},
}

// String returns the reason in lower-case words, or as a number if it is none.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r].name
	}
	return nameOf(nil, "Reason", int(r))
}

// Text returns the reason in a sentence, or "" if it is none.
func (r Reason) Text() string {
	if int(r) < len(reasons) {
		return reasons[r].text
	}
	return ""
}

// Section returns the section of an RFC that the reason comes from, or "" where it comes from none.
func (r Reason) Section() string {
	if int(r) < len(reasons) {
		return reasons[r].section
	}
	return ""
}

// Verdict returns how a connection ends for the reason: VerdictReuse for ReasonNone.
func (r Reason) Verdict() Verdict {
	if int(r) < len(reasons) {
		return reasons[r].verdict
	}
	return VerdictClose
}

// Stage returns the part of a connection's life in which it ends for the reason.
func (r Reason) Stage() Stage {
	if int(r) < len(reasons) {
		return reasons[r].stage
	}
	return StageAny
}

// leftoverReason is the reason for which a leftover without a boundary ends the connection.
func leftoverReason(l body.Leftover) Reason {
	return ReasonLeftoverTooLong + Reason(l-body.LeftoverTooLong)
}

// nameOf returns the name of a value of an enumeration, or its number if it is none of it.
func nameOf(names []string, kind string, value int) string {
	if value < len(names) {
		return names[value]
	}
	return kind + "(" + strconv.Itoa(value) + ")"
}
