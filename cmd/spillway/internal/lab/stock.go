// The routes, written for net/http.

package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spillway-go/spillway/server"
)

// Stock returns the routes as a handler of net/http.
func (l *Lab) Stock() http.Handler {
	m := stockRoutes{}
	for _, r := range table() {
		m[r.path()] = func(w http.ResponseWriter, req *http.Request) error { return r.stock(l, w, req) }
	}
	return m
}

// stockRoutes are handlers by their paths. A handler's error is its response.
type stockRoutes map[string]func(http.ResponseWriter, *http.Request) error

// ServeHTTP finds the handler. A panic gets a response too, as most programs with a router arrange it.
func (m stockRoutes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			panic(v)
		} else if v != nil {
			complain(r, v)
			refuse(w, 500, "Internal Server Error")
		}
	}()
	handler, ok := m[r.URL.EscapedPath()]
	if !ok {
		refuse(w, 404, "no such route")
		return
	}
	w.Header().Set("Content-Type", plainText)
	if err := handler(w, r); err != nil {
		refuse(w, statusOf(err), err.Error())
	}
}

// complain logs a panic where the server logs.
func complain(r *http.Request, v any) {
	if srv, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && srv.ErrorLog != nil {
		srv.ErrorLog.Printf("handler panicked: %v", v)
	}
}

func refuse(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", plainText)
	w.WriteHeader(status)
	fmt.Fprintln(w, line)
}

// statusOf returns the status for an error of reading the content, or of the query.
func statusOf(err error) int {
	var with interface{ StatusCode() int }
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &with):
		return with.StatusCode()
	case errors.As(err, &over):
		return 413
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 408
	}
	return 400
}

func (l *Lab) stockIndex(w http.ResponseWriter, r *http.Request) error {
	page := l.guide(r.Host)
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	io.WriteString(w, page)
	return nil
}

func (*Lab) stockFail(http.ResponseWriter, *http.Request) error { panic("this route fails") }

func (l *Lab) stockHealth(w http.ResponseWriter, r *http.Request) error {
	l.StockHealth.ServeHTTP(w, r)
	return nil
}

func (*Lab) stockPlaintext(w http.ResponseWriter, r *http.Request) error {
	const hello = "Hello, World!"
	w.Header().Set("Content-Length", strconv.Itoa(len(hello)))
	io.WriteString(w, hello)
	return nil
}

func (l *Lab) stockConsume(w http.ResponseWriter, r *http.Request) error {
	n, err := io.Copy(io.Discard, r.Body)
	l.stockNote(r, n, err)
	if err == nil {
		fmt.Fprintf(w, "consumed %d bytes\n", n)
	}
	return err
}

func (*Lab) stockIgnore(w http.ResponseWriter, r *http.Request) error {
	io.WriteString(w, "ignored\n")
	return nil
}

func (l *Lab) stockPartial(w http.ResponseWriter, r *http.Request) error {
	most, err := number(r.URL.RawQuery, "n", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	n, err := io.CopyN(io.Discard, r.Body, most)
	if err == io.EOF {
		err = nil // there was less
	}
	l.stockNote(r, n, err)
	if err == nil {
		fmt.Fprintf(w, "read %d bytes\n", n)
	}
	return err
}

func (l *Lab) stockReject(w http.ResponseWriter, r *http.Request) error {
	most, err := number(r.URL.RawQuery, "max", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	if r.ContentLength > most {
		l.stockNote(r, 0, &http.MaxBytesError{Limit: most})
		return tooLarge(most)
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err = l.stockConsume(w, r)
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return tooLarge(most)
	}
	return err
}

func tooLarge(most int64) error {
	return &server.StatusError{Status: 413, Reason: fmt.Sprintf("too large: the limit is %d bytes", most)}
}

func (*Lab) stockEcho(w http.ResponseWriter, r *http.Request) error {
	if kind := r.Header["Content-Type"]; kind != nil {
		w.Header()["Content-Type"] = kind[:1]
	}
	n, err := io.Copy(stockFlushed{w, http.NewResponseController(w)}, r.Body)
	if err != nil && n > 0 {
		panic(http.ErrAbortHandler) // the client can tell
	}
	if err == nil {
		http.NewResponseController(w).Flush()
	}
	return err
}

// stockFlushed is a response that sends at once what is written to it.
type stockFlushed struct {
	io.Writer
	*http.ResponseController
}

func (w stockFlushed) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err == nil {
		err = w.Flush()
	}
	return n, err
}

func (l *Lab) stockInspect(w http.ResponseWriter, r *http.Request) error {
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	l.stockNote(r, n, err)
	if err != nil {
		return err
	}
	return stockJSON(w, &inspection{
		Method:        r.Method,
		Target:        r.RequestURI,
		Path:          r.URL.EscapedPath(),
		Query:         r.URL.RawQuery,
		Proto:         r.Proto,
		Host:          r.Host,
		Headers:       fieldList(sorted(r.Header)),
		ContentLength: r.ContentLength,
		BodyBytes:     n,
		BodySHA256:    hex.EncodeToString(hash.Sum(nil)),
		Trailers:      fieldList(sorted(r.Trailer)),
	})
}

// sorted yields the fields in the order of their names.
func sorted(h http.Header) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			for _, value := range h[name] {
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

func (*Lab) stockSized(w http.ResponseWriter, r *http.Request) error {
	n, err := number(r.URL.RawQuery, "n", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	if r.Method != "HEAD" {
		writeX(w, n) // an error of it ends the connection
	}
	return nil
}

func (*Lab) stockStream(w http.ResponseWriter, r *http.Request) error {
	n, err := number(r.URL.RawQuery, "n", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	chunk, err := number(r.URL.RawQuery, "chunk", 1, math.MaxInt64)
	if err != nil || r.Method == "HEAD" {
		return err
	}
	for flush := http.NewResponseController(w).Flush; ; {
		piece := min(n, chunk)
		if writeX(w, piece) != nil || flush() != nil {
			panic(http.ErrAbortHandler)
		}
		if n -= piece; n == 0 {
			return nil
		}
	}
}

func (*Lab) stockStatus(w http.ResponseWriter, r *http.Request) error {
	code, err := number(r.URL.RawQuery, "code", 200, 999)
	if err == nil {
		w.WriteHeader(int(code))
	}
	return err
}

func (*Lab) stockSleep(w http.ResponseWriter, r *http.Request) error {
	ms, err := number(r.URL.RawQuery, "ms", 0, math.MaxInt64/int64(time.Millisecond))
	if err != nil {
		return err
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	io.WriteString(w, "slept\n")
	return nil
}

func (*Lab) stockHijack(w http.ResponseWriter, r *http.Request) error {
	if r.ProtoMinor == 0 {
		return &server.StatusError{Status: 400, Reason: "HTTP/1.0 knows no upgrade"}
	}
	w.Header().Del("Content-Type")
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "echo")
	w.WriteHeader(101)
	c, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer c.Close()
	io.Copy(c, both.Reader)
	return nil
}

func (l *Lab) stockUploads(w http.ResponseWriter, r *http.Request) error {
	id, err := parameter(r.URL.RawQuery, "id")
	if err != nil {
		return err
	}
	n, ok := l.notes.get(id)
	if !ok {
		return &server.StatusError{Status: 404, Reason: "no upload with this id has ended"}
	}
	return stockJSON(w, n)
}

func (l *Lab) stockNote(r *http.Request, n int64, err error) {
	if ids := r.Header["X-Upload-Id"]; ids != nil {
		l.notes.add(ids[0], n, err)
	}
}

func stockJSON(w http.ResponseWriter, v any) error {
	b, err := toJSON(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
	return nil
}
