// The handlers of the fault test: they do what the plan says, and complain of what must not be.

package faults_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

// Serve is the handler of every request.
func (r *faultRun) Serve(w *server.Response, q *server.Request) error {
	r.mu.Lock()
	number := r.served
	r.served++
	r.mu.Unlock()
	if number >= len(r.requests) {
		r.complain("a request too much: %s %s", q.Method, q.Target)
		return conn.ErrAbort
	}
	want := r.requests[number]
	if q.Method != want.method || q.Target != fmt.Sprint("/", number) || q.Fields.Get("X-Number") != fmt.Sprint(number) {
		r.complain("request %d is %s %s with the number %s", number, q.Method, q.Target, q.Fields.Get("X-Number"))
		return conn.ErrAbort
	}
	w.Set("X-Number", fmt.Sprint(number))
	return (&faultHandler{r, want, w, q, 0}).serve()
}

// faultHandler is one exchange's.
type faultHandler struct {
	*faultRun
	plan *faultRequest
	w    *server.Response
	q    *server.Request
	had  int // bytes of content
}

func (h *faultHandler) serve() error {
	if h.plan.hurries > 0 {
		h.q.SetReadDeadline(time.Now().Add(h.plan.hurries))
		h.w.SetWriteDeadline(time.Now().Add(h.plan.hurries))
	}
	if h.plan.answer == faultFlushes || h.plan.answer.late() {
		h.w.Set("Content-Type", "text/plain")
		if err := h.w.Flush(); err != nil {
			return err
		}
	}
	if err := h.read(); err != nil {
		return err
	}
	h.think()
	switch h.plan.answer {
	case faultPanics, faultPanicsLate:
		panic("as the plan wants it")
	case faultFails, faultFailsLate:
		return errors.New("as the plan wants it")
	case faultEchoes:
		return nil
	case faultDeclares:
		h.w.Set("Content-Length", fmt.Sprint(len(h.plan.response())))
	}
	_, err := io.WriteString(h.w, h.plan.response())
	return err
}

// read reads what the plan says, in odd pieces, and compares.
func (h *faultHandler) read() error {
	want := h.plan.content
	buf := make([]byte, 1+len(want)*5%4000)
	for h.plan.reads < 0 || h.had < h.plan.reads {
		p := buf
		if h.plan.reads >= 0 {
			p = p[:min(len(p), h.plan.reads-h.had)]
		}
		n, err := h.q.Body.Read(p)
		if !strings.HasPrefix(want[h.had:], string(p[:n])) {
			h.complain("the handler of request %d read %q behind %d bytes", h.plan.number, p[:n], h.had)
		}
		h.had += n
		if h.plan.answer == faultEchoes && n > 0 {
			if _, err := h.w.Write(p[:n]); err != nil {
				return err
			}
			if err := h.w.Flush(); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF && h.had != len(want):
			h.complain("the handler of request %d read %d of %d bytes to a clean end", h.plan.number, h.had, len(want))
			return nil
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (h *faultHandler) think() {
	if h.plan.watches {
		select {
		case <-h.q.Context().Done():
		case <-time.After(h.plan.thinks):
		}
		return
	}
	time.Sleep(h.plan.thinks)
}
