//go:build linux

// hertz on its own network library, and with TLS, which that library has not, on the standard one.

package main

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/network/standard"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/servers"
)

func serveHertz(l net.Listener, env *servers.Env) error {
	hlog.SetOutput(io.Discard)
	options := []config.Option{server.WithListener(l), server.WithDisablePrintRoute(true),
		server.WithMaxRequestBodySize(64 << 20)} // the uploads are larger than its default
	if env.Case.Route == cases.Refuse {
		options = append(options, server.WithMaxRequestBodySize(cases.RefuseOver)) // what refuses before all is read
	}
	if env.TLS != nil {
		options = append(options, server.WithTLS(env.TLS), server.WithTransport(standard.NewTransporter))
	}
	h := server.New(options...)
	hertzRoutes(h, env)
	return h.Run()
}

func hertzRoutes(h *server.Hertz, env *servers.Env) {
	text := env.Reply()
	file := filepath.Join(env.Dir, servers.FileFile)
	on := func(path string, handler func(ctx *app.RequestContext)) {
		h.Any(path, func(_ context.Context, ctx *app.RequestContext) {
			ctx.SetContentType("text/plain; charset=utf-8")
			handler(ctx)
		})
	}
	hello := func(ctx *app.RequestContext) { ctx.WriteString("Hello, World!") }
	on("/plaintext", hello)
	on("/plaintext/:number", hello)
	on("/consume", func(ctx *app.RequestContext) { ctx.Write(cases.Consumed(int64(len(ctx.Request.Body())))) })
	on("/ignore", func(ctx *app.RequestContext) { ctx.WriteString("ignored\n") })
	on("/refuse", func(ctx *app.RequestContext) {
		if ctx.Request.Header.ContentLength() > cases.RefuseOver {
			ctx.SetStatusCode(413)
		}
	})
	on("/bytes/:number", func(ctx *app.RequestContext) { ctx.Response.SetBodyRaw(text) })
	on("/file", func(ctx *app.RequestContext) { ctx.File(file) })
	on("/sleep", func(ctx *app.RequestContext) {
		time.Sleep(cases.SleepFor)
		hello(ctx)
	})
}
