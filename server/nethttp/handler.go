// An exchange is served by an http.Handler in the way that net/http's server would serve it.

package nethttp

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

// Handler returns a native handler that answers requests with h; nil means http.DefaultServeMux. Use it to mount stock
// handlers in a server.Server. Requests see an http.Server under http.ServerContextKey, with h and nothing else in it.
// What a stock http.Server is configured with needs [New].
func Handler(h http.Handler) server.Handler {
	return &adapter{http: &http.Server{Handler: h}}
}

// adapter runs the handler of an http.Server.
type adapter struct {
	http         *http.Server
	noKeepAlives atomic.Bool
	noHTTP1      bool // only other protocols are served
	quiet        bool // nothing of what clients do wrong is logged
	trace        func(server.Event)
	lists        lists
}

// Serve serves one exchange, of which native handlers may have had a part.
func (a *adapter) Serve(_ *conn.Response, r *conn.Request) error { return a.serve(conn.Adapt(r), r) }

// ServeAdapted serves one exchange, of which nobody else has any part.
func (a *adapter) ServeAdapted(native conn.Adapter) error {
	var r conn.Request
	native.Tell(&r)
	return a.serve(native, &r)
}

func (a *adapter) serve(native conn.Adapter, r *conn.Request) (err error) {
	if a.noHTTP1 {
		return conn.ErrAbort
	}
	c := a.connection(native.Conn())
	x := &exchange{conn: c, native: native, declared: -1}
	if err := x.makeRequest(r); err != nil {
		x.native.Set("Connection", "close") // as net/http does
		return err
	}
	defer x.leave()
	returned := c.guard(func() {
		a.ServeHTTP(x, &x.request)
		err = x.finish()
	})
	if !returned {
		return conn.ErrAbort // nothing more is sent, and the connection ends
	}
	return err
}

// ServeHTTP chooses the handler.
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.RequestURI == "*" && r.Method == "OPTIONS" && !a.http.DisableGeneralOptionsHandler {
		generalOptions(w, r)
		return
	}
	h := a.http.Handler
	if h == nil {
		h = http.DefaultServeMux
	}
	h.ServeHTTP(w, r)
}

// generalOptions answers OPTIONS * (RFC 9110 §9.3.7).
func generalOptions(w http.ResponseWriter, r *http.Request) {
	const most = 4 << 10 // of a content that has no meaning
	w.Header().Set("Content-Length", "0")
	if r.ContentLength != 0 {
		io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, most))
	}
}

// leave ends the exchange when the handler has returned, or never will.
func (x *exchange) leave() {
	x.context().end()
	if x.request.MultipartForm != nil {
		x.request.MultipartForm.RemoveAll()
	}
}
