// What another handler API needs that is built on this one. None of it costs anything while it is not used.

package conn

import (
	"time"

	"github.com/spillway-go/spillway/body"
)

// Log returns the log that the connection writes to.
func (c *Conn) Log() Logger { return c.cfg.config.Log }

// Adapted is a Handler that needs nothing but an Adapter. Where it is a server's Handler, ServeAdapted is called in place of Serve, and
// nothing else is made for the exchange.
type Adapted interface {
	Handler
	ServeAdapted(a Adapter) error
}

// Adapter does what a handler API that is built on this one may do with an exchange, and a handler may not. It has the Response's
// methods, under the Response's rules.
type Adapter struct{ Response }

// Adapt returns the Adapter of an exchange. It is good for as long as that is under way.
func Adapt(r *Request) Adapter { return Adapter{Response{r.turn}} }

// Conn returns the connection that the request came on.
func (a Adapter) Conn() *Conn { return a.c }

// Tell fills in what a Handler would be told of the request.
func (a Adapter) Tell(r *Request) { r.fill(a.turn) }

// Content returns the reader of the request's content.
func (a Adapter) Content() *body.Reader { return a.req.Body }

// Field returns the name and the value of field line i of the request, 0 ≤ i < Fields.Len.
func (a Adapter) Field(i int) (name, value string) { return a.head.At(i) }

// Persists reports whether the request lets another follow it on its connection (RFC 9112 §9.3).
func (a Adapter) Persists() bool { return a.req.Persists() }

// SetReadDeadline is the Request's.
func (a Adapter) SetReadDeadline(t time.Time) error { return a.setReadDeadline(t) }

// SetDrain is the Request's.
func (a Adapter) SetDrain(bytes int64, within time.Duration) { a.setDrain(bytes, within) }

// WhenGone calls gone, in a goroutine of its own, when the client has closed or reset the connection while the handler
// runs. A second call replaces the first. It is what cancels the Context, and may not be used beside that.
func (a Adapter) WhenGone(gone func()) { a.during(func() { a.in.watch(gone) }) }

// Buffered returns the content that was written and is still held back. It is valid until the next call of any method.
func (a Adapter) Buffered() (content []byte) {
	a.mark(func(res *response) { content = res.content })
	return content
}

// Send decides the framing and sends the head and the content so far, like Flush, but leaves it to the connection when
// they go out.
func (a Adapter) Send() error {
	res, err := a.lock()
	if err != nil {
		return err
	}
	defer a.out.mu.Unlock()
	return res.push(nil, false)
}

// Head is a response's head while it is given to the connection. It is good inside of GiveHead only.
type Head struct{ res *response }

// GiveHead sets the status, from 200 to 999 or 101, and calls give for the rest, with the response locked once for all: give calls
// nothing but the methods of its argument. As AsStock does, it makes the response as net/http does. Where it is too late for a
// head, nothing is called.
func (a Adapter) GiveHead(status int, phrase func(status int) string, give func(h Head)) {
	res, err := a.lock()
	if err != nil {
		return
	}
	defer a.out.mu.Unlock()
	if res.open() == nil {
		res.status, res.chosen = status, true
		res.beStock(phrase)
		give(Head{res})
	}
}

// Add adds a field line, under the rules of Response.Set, and returns its errors.
func (h Head) Add(name, value string) error { return h.res.put(name, value, false) }

// Again adds a field line if the last response on the connection had the same one at this place, and reports whether it has. Such a
// line is known to be one that Add takes as it is.
func (h Head) Again(name, value string) bool { return h.res.fields.Again(name, value) }

// Close says that the connection ends behind the response.
func (h Head) Close() { h.res.closing = true }

// OmitDate leaves the Date field out.
func (h Head) OmitDate() { h.res.undated = true }

// AsStock makes the response as net/http does: Date stands behind the handler's fields, Transfer-Encoding at the end, a 101 may be sent
// without a Hijack, the connection ends behind it, and the reason phrases are those that phrase returns, one line each.
func (a Adapter) AsStock(phrase func(status int) string) {
	a.mark(func(res *response) { res.beStock(phrase) })
}

func (w *response) beStock(phrase func(status int) string) { w.stock, w.phrase = true, phrase }

// SniffedType is the Content-Type that the server has found out. It stands behind the handler's fields.
func (a Adapter) SniffedType(mediaType string) {
	a.mark(func(res *response) { res.sniffed = mediaType })
}

// UntilClose lets the end of the connection be the end of the content, whatever the HTTP version, unless a Content-Length
// is set.
func (a Adapter) UntilClose() { a.mark(func(res *response) { res.untilClose = true }) }

// Hijack is the Response's Hijack without a condition: it may also come after the head, with any status. What was written
// and not yet sent is sent first.
func (a Adapter) Hijack() (*Hijacked, error) { return a.hijack() }
