// The page as a handler of package server.

package live

import (
	"github.com/spillway-go/spillway/server"
)

// Serve serves the page: at a path that ends in a slash, and what it loads below that.
func (p *Page) Serve(w *server.Response, r *server.Request) error {
	a := p.Answer(Ask{
		Method: r.Method, Path: r.RawPath, Query: r.RawQuery, Host: r.Host,
		Origin: r.Fields.Get("Origin"), FetchSite: r.Fields.Get("Sec-Fetch-Site"),
		RemoteAddr: r.RemoteAddr().String(), Context: r.Context(), place: addressOf(r.RemoteAddr(), r.LocalAddr()),
	})
	if err := w.SetStatus(a.Status); err != nil {
		return err
	}
	for _, f := range a.Fields {
		if err := w.Set(f[0], f[1]); err != nil {
			return err
		}
	}
	if a.Stream == nil {
		_, err := w.Write(a.Body)
		return err
	}
	a.Stream(r.Context(), func(b []byte) error {
		if _, err := w.Write(b); err != nil {
			return err
		}
		return w.Flush()
	})
	return nil
}
