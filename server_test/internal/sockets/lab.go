// The routes of the lab that these tests need.

package sockets

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
)

// Lab serves routes of the lab, those that these tests need. A request's X-Token comes back in the response.
func Lab(w *server.Response, r *server.Request) error {
	if token := r.Fields.Get("X-Token"); token != "" {
		w.Set("X-Token", token)
	}
	q, err := url.ParseQuery(r.RawQuery)
	if err != nil {
		return &server.StatusError{Status: 400, Reason: "bad query"}
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(q.Get(name), 10, 64)
		return n
	}
	w.Set("Content-Type", "text/plain; charset=utf-8")
	switch r.RawPath {
	case "/plaintext":
		_, err = w.WriteString("Hello, World!")
	case "/consume":
		return consume(w, r)
	case "/ignore":
		_, err = w.WriteString("ignored\n")
	case "/fail":
		panic("as asked")
	case "/partial":
		n, err := io.CopyN(io.Discard, r.Body, number("n"))
		if err != nil && err != io.EOF {
			return err
		}
		fmt.Fprintf(w, "read %d bytes\n", n)
	case "/reject":
		return reject(w, r, number("max"))
	case "/bytes":
		w.Set("Content-Length", q.Get("n"))
		return WriteX(w, number("n"), 64<<10, false)
	case "/stream":
		return WriteX(w, number("n"), max(number("chunk"), 1), true)
	case "/sleep":
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(number("ms")) * time.Millisecond):
		}
		_, err = w.WriteString("slept\n")
	default:
		return &server.StatusError{Status: 404, Reason: "no such route"}
	}
	return err
}

func consume(w *server.Response, r *server.Request) error {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "consumed %d bytes\n", n)
	return err
}

func reject(w *server.Response, r *server.Request, most int64) error {
	if r.ContentLength <= most {
		n, err := io.CopyN(io.Discard, r.Body, most+1)
		if err == io.EOF {
			_, err = fmt.Fprintf(w, "consumed %d bytes\n", n)
			return err
		}
		if err != nil {
			return err
		}
	}
	w.SetStatus(413)
	_, err := fmt.Fprintf(w, "too large: the limit is %d bytes\n", most)
	return err
}

func WriteX(w *server.Response, n, at int64, flush bool) error {
	x := []byte(strings.Repeat("x", int(min(n, at))))
	for n > 0 {
		m, err := w.Write(x[:min(n, at)])
		if err != nil {
			return err
		}
		n -= int64(m)
		if flush {
			w.Flush()
		}
	}
	return nil
}
