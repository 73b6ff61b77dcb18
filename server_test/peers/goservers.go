// The peers that are written in Go: this program serves them itself, each in a process of its own.

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/cloudwego/hertz/pkg/app"
	hertz "github.com/cloudwego/hertz/pkg/app/server"
	"github.com/gofiber/fiber/v2"
	"github.com/lesismal/nbio/nbhttp"
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
	if stock, mode, ok := strings.Cut(name, "net/http, "); ok && stock == "" {
		return (&http.Server{Handler: httpModes[mode]}).Serve(l)
	}
	if _, mode, ok := strings.Cut(name, "spillway, nethttp, "); ok {
		return nethttp.New(&http.Server{Handler: httpModes[mode]}).Serve(l)
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
		app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 64 << 20})
		app.All("*", func(c *fiber.Ctx) error {
			status, text := reply(c.Path())
			return c.Status(status).Type("txt", "utf-8").SendString(text)
		})
		return app.Listener(l)
	case "hertz":
		h := hertz.New(hertz.WithListener(l), hertz.WithMaxRequestBodySize(64<<20))
		h.Any("/*path", func(_ context.Context, c *app.RequestContext) {
			status, text := reply(string(c.Path()))
			c.Data(status, "text/plain; charset=utf-8", []byte(text))
		})
		return h.Run()
	case "nbio":
		l.Close() // it listens for itself
		engine := nbhttp.NewEngine(nbhttp.Config{Network: "tcp", Addrs: []string{l.Addr().String()}, Handler: http.HandlerFunc(stock)})
		if err := engine.Start(); err != nil {
			return err
		}
		select {}
	}
	return fmt.Errorf("peers: no server %q", name)
}

// reply returns what every peer answers on a path, without a look at the content.
func reply(path string) (status int, text string) {
	switch path {
	case "/":
		return 200, "hello\n"
	case "/ignore":
		return 200, "ignored\n"
	case "/reject":
		return 413, "too large\n"
	}
	return 404, "not found\n"
}

// native is spillway's own handler. The lab of spillway serve has other pages.
func native(w *server.Response, r *server.Request) error {
	status, text := reply(r.RawPath)
	w.Set("Content-Type", "text/plain; charset=utf-8")
	w.SetStatus(status)
	_, err := w.WriteString(text)
	return err
}

func stock(w http.ResponseWriter, r *http.Request) {
	status, text := reply(r.URL.Path)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// httpModes are the ways in which an http.Handler may leave the content, other than not to look at it.
var httpModes = map[string]http.HandlerFunc{
	"reads part": func(w http.ResponseWriter, r *http.Request) {
		io.ReadFull(r.Body, make([]byte, 10))
		stock(w, r)
	},
	"closes": func(w http.ResponseWriter, r *http.Request) {
		r.Body.Close()
		stock(w, r)
	},
	"closes a wrapper": func(w http.ResponseWriter, r *http.Request) {
		r.Body = struct {
			io.Reader
			io.Closer
		}{bufio.NewReader(r.Body), r.Body}
		io.ReadFull(r.Body, make([]byte, 10))
		r.Body.Close()
		stock(w, r)
	},
	"limits": func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1000)
		io.Copy(io.Discard, r.Body)
		stock(w, r)
	},
}

func fast(ctx *fasthttp.RequestCtx) {
	status, text := reply(string(ctx.Path()))
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetStatusCode(status)
	ctx.WriteString(text)
}
