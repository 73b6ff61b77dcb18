// What balancers ask before they send clients here.

package server

// Drain lets the Health of the server answer 503 from now on, while everything is served as before: balancers that ask it send
// their clients elsewhere. Shutdown comes when they have had the time to notice.
func (s *Server) Drain() { s.draining.Store(true) }

// Draining reports whether Drain, StopListening, Shutdown or Close was called.
func (s *Server) Draining() bool {
	s.once.Do(s.prepare)
	return s.draining.Load() || s.registry.retired()
}

// Health returns a handler for the health checks of balancers: it answers 200, or 503 once the server is Draining.
func (s *Server) Health() Handler {
	return HandlerFunc(func(w *Response, _ *Request) error {
		text := "ok\n"
		if s.Draining() {
			if err := w.SetStatus(503); err != nil {
				return err
			}
			text = "draining\n"
		}
		if err := w.Set("Cache-Control", "no-store"); err != nil {
			return err
		}
		_, err := w.WriteString(text)
		return err
	})
}
