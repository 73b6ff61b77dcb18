// The catalogue for those who send it to something else than one server: requests as bytes.

package probe

import (
	"bytes"
	"context"
	"net/url"
	"slices"
)

// mostPayload is how large a request may be to be a Payload.
const mostPayload = 64 << 10

// Payload is one scenario's first request as bytes, with another request hidden in its content or behind it.
type Payload struct {
	ID, Group, Name, Why, Section string
	Kind                          string // with others of the same kind, it is one of many; "" if it is not
	Odd                           bool   // it breaks a rule of framing, and nobody should pass it on as it is
	Data                          []byte
}

// Place is where payloads are sent: what their Host field says, the target of their POSTs, and the word that makes the
// target of the hidden request one that nobody else asks for.
type Place struct{ Host, Post, Token string }

// Hidden returns the target that only the hidden request asks for.
func (p *Place) Hidden() string { return (&place{token: p.Token}).hidden() }

// Payloads returns the scenarios that hide a request and whose first request is sent at once, without waiting for anything.
func Payloads(at *Place) ([]Payload, error) {
	p := &place{host: at.Host, get: at.Post, post: at.Post, method: "POST", token: at.Token}
	var all []Payload
	for _, s := range Catalogue(false, false) {
		sc, err := s.parse(p)
		if err != nil {
			return nil, err
		}
		data := sc.opening()
		_, behind, _ := bytes.Cut(data, []byte("\n"))
		if len(data) > mostPayload || !bytes.Contains(behind, []byte(p.hidden())) {
			continue
		}
		all = append(all, Payload{
			ID: s.ID, Group: s.Group, Name: s.Name, Why: s.Why, Section: s.Ref, Kind: s.kind, Odd: s.odd(), Data: data,
		})
	}
	return all, nil
}

// odd reports whether the request breaks a rule of framing. A number that is only larger than others can count breaks none.
func (s *Scenario) odd() bool {
	return !s.Waits && slices.Contains([]Oracle{Framing, Ambiguous, Conflict, Refuse}, s.Oracle)
}

// opening is what the client sends before it waits for an answer; nothing if it does anything else before.
func (sc *script) opening() []byte {
	var data []byte
	for _, st := range sc.steps {
		switch st.kind {
		case send:
			data = append(data, st.data...)
		case response:
			return data
		case pause:
		default:
			return nil
		}
	}
	return data
}

// Locate returns the address of a URL's server. Unless remote is true that must be on this machine.
func Locate(ctx context.Context, raw string, remote bool) (addr string, u *url.URL, err error) {
	addr, u, err = locate(raw)
	if err != nil || remote {
		return addr, u, err
	}
	p := &player{place: place{addr: addr}}
	err = p.mustBeLocal(ctx)
	return p.addr, u, err
}
