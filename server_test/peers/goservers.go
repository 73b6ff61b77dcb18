// The peers that are written in Go: this program serves them itself, each in a process of its own.

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/valyala/fasthttp"
)

// serverMode is the first argument with which this program is a server: serverMode NAME PORT.
const serverMode = "-serve"

func serve(name, port string) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return err
	}
	switch name {
	case "net/http":
		return (&http.Server{Handler: http.HandlerFunc(stock)}).Serve(l)
	case "ReverseProxy":
		return (&http.Server{Handler: reverseProxy(os.Getenv("BEHIND"))}).Serve(l)
	case "spillway, nethttp":
		return nethttp.New(&http.Server{Handler: http.HandlerFunc(stock)}).Serve(l)
	case "spillway":
		return (&server.Server{Handler: server.HandlerFunc(native)}).Serve(l)
	case "fasthttp":
		return (&fasthttp.Server{Handler: fast, MaxRequestBodySize: 64 << 20}).Serve(l)
	case "fasthttp, StreamRequestBody":
		return (&fasthttp.Server{Handler: fast, StreamRequestBody: true}).Serve(l)
	case "fiber":
		return serveFiber(l)
	case "hertz", "hertz, WithStreamBody":
		return serveHertz(l, name != "hertz")
	case "nbio":
		return serveNbio(l)
	}
	return fmt.Errorf("peers: no server %q", name)
}

// reply returns what every peer answers on a page, without a look at the content.
func reply(page string) (status int, text string) {
	switch page {
	case "/":
		return 200, "hello\n"
	case "/ignore":
		return 200, "ignored\n"
	case "/reject":
		return 413, "too large\n"
	case part.Page, closes.Page, wraps.Page, limits.Page:
		return 200, page[1:] + "\n"
	}
	return 404, "not found\n"
}

// native is spillway's own handler. The lab of spillway serve has other pages.
func native(w *server.Response, r *server.Request) error {
	status, text := reply(r.RawPath)
	if treat(r.RawPath, nil, io.NopCloser(r.Body)) {
		status, text = reply("/reject")
	}
	w.Set("Content-Type", "text/plain; charset=utf-8")
	w.SetStatus(status)
	_, err := w.WriteString(text)
	return err
}

func stock(w http.ResponseWriter, r *http.Request) {
	status, text := reply(r.URL.Path)
	if treat(r.URL.Path, w, r.Body) {
		status, text = reply("/reject")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

func fast(ctx *fasthttp.RequestCtx) {
	page := string(ctx.Path())
	status, text := reply(page)
	content := ctx.RequestBodyStream()
	if content == nil { // it is all here, as it is without StreamRequestBody or if it is short
		content = bytes.NewReader(ctx.Request.Body())
	}
	if treat(page, nil, fastContent{content, &ctx.Request}) {
		status, text = reply("/reject")
	}
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetStatusCode(status)
	ctx.WriteString(text)
}

// fastContent is fasthttp's content in the shape of net/http's.
type fastContent struct {
	io.Reader
	request *fasthttp.Request
}

func (c fastContent) Close() error { return c.request.CloseBodyStream() }
