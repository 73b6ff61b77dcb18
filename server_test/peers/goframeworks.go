// The Go servers that have a framework's API: fiber, hertz and nbio.

package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/cloudwego/hertz/pkg/app"
	hertz "github.com/cloudwego/hertz/pkg/app/server"
	"github.com/gofiber/fiber/v3"
	"github.com/lesismal/nbio/nbhttp"
)

const largest = 64 << 20 // content, so that the uploads get through

func serveFiber(l net.Listener) error {
	f := fiber.New(fiber.Config{BodyLimit: largest})
	f.Use(func(c fiber.Ctx) error {
		status, text := reply(c.Path())
		return c.Type("txt", "utf-8").Status(status).SendString(text)
	})
	return f.Listener(l, fiber.ListenConfig{DisableStartupMessage: true})
}

func serveHertz(l net.Listener, stream bool) error {
	h := hertz.New(hertz.WithListener(l), hertz.WithMaxRequestBodySize(largest), hertz.WithStreamBody(stream), hertz.WithDisablePrintRoute(true))
	h.Use(func(_ context.Context, c *app.RequestContext) {
		page := string(c.Path())
		status, text := reply(page)
		content := c.RequestBodyStream()
		if !stream {
			content = bytes.NewReader(c.Request.Body())
		}
		if treat(page, nil, io.NopCloser(content)) {
			status, text = reply("/reject")
		}
		c.SetContentType("text/plain; charset=utf-8")
		c.SetStatusCode(status)
		c.WriteString(text)
		c.Abort()
	})
	return h.Run()
}

func serveNbio(l net.Listener) error {
	e := nbhttp.NewEngine(nbhttp.Config{
		Network: "tcp", Addrs: []string{l.Addr().String()}, Handler: http.HandlerFunc(stock),
		Listen: func(string, string) (net.Listener, error) { return l, nil },
	})
	if err := e.Start(); err != nil {
		return err
	}
	var forever sync.WaitGroup
	forever.Add(1)
	forever.Wait()
	return nil
}
