// The routes, written for package server.

package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server"
)

// Native returns the routes as a handler of package server.
func (l *Lab) Native() server.Handler {
	m := routes{}
	for _, r := range table() {
		m[r.path()] = func(w *server.Response, req *server.Request) error { return r.native(l, w, req) }
	}
	return m
}

// routes are handlers by their paths.
type routes map[string]server.HandlerFunc

// Serve finds the handler. A handler's error is its response, where no byte of another has been sent.
func (m routes) Serve(w *server.Response, r *server.Request) error {
	handler, ok := m[r.RawPath]
	if !ok {
		return &server.StatusError{Status: 404, Reason: "no such route"}
	}
	if err := w.Set("Content-Type", plainText); err != nil {
		return err
	}
	return handler(w, r)
}

// index lists the routes.
func (l *Lab) index(w *server.Response, r *server.Request) error {
	page := l.guide(r.Host)
	if err := w.Set("Content-Length", strconv.Itoa(len(page))); err != nil {
		return err
	}
	_, err := w.WriteString(page)
	return err
}

func (l *Lab) health(w *server.Response, r *server.Request) error { return l.Health.Serve(w, r) }

func (*Lab) plaintext(w *server.Response, r *server.Request) error {
	_, err := w.WriteString("Hello, World!")
	return err
}

// consume reads the content to its end.
func (l *Lab) consume(w *server.Response, r *server.Request) error {
	n, err := io.Copy(io.Discard, r.Body)
	l.note(r, err)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "consumed %d bytes\n", n)
	return err
}

func (*Lab) ignore(w *server.Response, r *server.Request) error {
	_, err := w.WriteString("ignored\n")
	return err
}

func (*Lab) fail(*server.Response, *server.Request) error { panic("this route fails") }

// partial reads some of the content and leaves the rest.
func (l *Lab) partial(w *server.Response, r *server.Request) error {
	most, err := number(r.RawQuery, "n", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	n, err := io.CopyN(io.Discard, r.Body, most)
	if err == io.EOF {
		err = nil // there was less
	}
	l.note(r, err)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "read %d bytes\n", n)
	return err
}

// reject reads content up to a limit. Where more is declared it reads nothing.
func (l *Lab) reject(w *server.Response, r *server.Request) error {
	most, err := number(r.RawQuery, "max", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	r.Body.Limit(most)
	err = l.consume(w, r)
	var tooLarge *body.TooLargeError
	if errors.As(err, &tooLarge) {
		return &server.StatusError{Status: 413, Reason: fmt.Sprintf("too large: the limit is %d bytes", tooLarge.Limit)}
	}
	return err
}

// echo sends the content back as it comes.
func (*Lab) echo(w *server.Response, r *server.Request) error {
	if kind, ok := r.Fields.Lookup("Content-Type"); ok {
		if err := w.Set("Content-Type", kind); err != nil {
			return err
		}
	}
	if _, err := io.Copy(flushed{w}, r.Body); err != nil {
		return err
	}
	return w.Flush()
}

// flushed is a response that sends at once what is written to it.
type flushed struct{ *server.Response }

func (w flushed) Write(p []byte) (int, error) {
	n, err := w.Response.Write(p)
	if err != nil {
		return n, err
	}
	return n, w.Flush()
}

// versionServed returns the version as which a request is served: a higher minor version is served as 1.1 (RFC 9110 §2.5).
func versionServed(r *server.Request) string {
	if r.Proto == "HTTP/1.0" {
		return r.Proto
	}
	return "HTTP/1.1"
}

// inspect says what the parser made of the request.
func (l *Lab) inspect(w *server.Response, r *server.Request) error {
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	l.note(r, err)
	if err != nil {
		return err
	}
	return sendJSON(w, &inspection{
		Method:        r.Method,
		Target:        r.Target,
		Path:          r.RawPath,
		Query:         r.RawQuery,
		Proto:         versionServed(r),
		Host:          r.Host,
		Headers:       fieldList(r.Fields.All()),
		ContentLength: r.ContentLength,
		BodyBytes:     n,
		BodySHA256:    hex.EncodeToString(hash.Sum(nil)),
		Trailers:      fieldList(r.Body.Trailers().All()),
	})
}

// sized sends content of a declared length.
func (*Lab) sized(w *server.Response, r *server.Request) error {
	n, err := number(r.RawQuery, "n", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	if err := w.Set("Content-Length", strconv.FormatInt(n, 10)); err != nil {
		return err
	}
	if r.Method == "HEAD" {
		return nil
	}
	return writeX(w, n)
}

// stream sends content whose length is not declared, a piece at a time.
func (*Lab) stream(w *server.Response, r *server.Request) error {
	n, err := number(r.RawQuery, "n", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	chunk, err := number(r.RawQuery, "chunk", 1, math.MaxInt64)
	if err != nil || r.Method == "HEAD" {
		return err
	}
	for {
		piece := min(n, chunk)
		if err := writeX(w, piece); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if n -= piece; n == 0 {
			return nil
		}
	}
}

func (*Lab) status(w *server.Response, r *server.Request) error {
	code, err := number(r.RawQuery, "code", 200, 999)
	if err != nil {
		return err
	}
	return w.SetStatus(int(code))
}

// sleep answers late. A client that has closed its sending side may still wait for the answer, so it gets one, early.
func (*Lab) sleep(w *server.Response, r *server.Request) error {
	ms, err := number(r.RawQuery, "ms", 0, math.MaxInt64/int64(time.Millisecond))
	if err != nil {
		return err
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	_, err = w.WriteString("slept\n")
	return err
}

// hijack takes the connection over and sends back what comes, until its end.
func (*Lab) hijack(w *server.Response, r *server.Request) error {
	if r.Proto == "HTTP/1.0" {
		return &server.StatusError{Status: 400, Reason: "HTTP/1.0 knows no upgrade"}
	}
	w.Del("Content-Type")
	if err := errors.Join(w.SetStatus(101), w.Set("Connection", "Upgrade"), w.Set("Upgrade", "echo")); err != nil {
		return err
	}
	c, err := w.Hijack()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.Copy(c, c)
	return err
}

// uploads returns the note of an upload.
func (l *Lab) uploads(w *server.Response, r *server.Request) error {
	id, err := parameter(r.RawQuery, "id")
	if err != nil {
		return err
	}
	n, ok := l.notes.get(id)
	if !ok {
		return &server.StatusError{Status: 404, Reason: "no upload with this id has ended"}
	}
	return sendJSON(w, n)
}

// note keeps what the handler was given of the content, and the error that ended the reading, if the request asks for it.
func (l *Lab) note(r *server.Request, err error) {
	if id, ok := r.Fields.Lookup("X-Upload-Id"); ok {
		l.notes.add(id, r.Body.Received(), err)
	}
}

func sendJSON(w *server.Response, v any) error {
	b, err := toJSON(v)
	if err != nil {
		return err
	}
	err = errors.Join(w.Set("Content-Type", "application/json"), w.Set("Content-Length", strconv.Itoa(len(b))))
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
