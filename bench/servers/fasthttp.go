// fasthttp as it comes, and with StreamRequestBody.

package servers

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/spillway-go/spillway/bench/cases"
)

func serveFastHTTP(l net.Listener, env *Env) error { return serveFast(l, env, false) }

func serveFastHTTPStreaming(l net.Listener, env *Env) error { return serveFast(l, env, true) }

func serveFast(l net.Listener, env *Env, streaming bool) error {
	s := &fasthttp.Server{
		Handler:            fastHandler(env, streaming),
		StreamRequestBody:  streaming,
		MaxRequestBodySize: 64 << 20, // the uploads are larger than its default
	}
	if env.Case.Route == cases.Refuse && !streaming {
		s.MaxRequestBodySize = cases.RefuseOver // the only way to refuse before all is read
		s.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
			if errors.Is(err, fasthttp.ErrBodyTooLarge) {
				ctx.Error("too large", fasthttp.StatusRequestEntityTooLarge)
			}
		}
	}
	if env.TLS != nil {
		l = tls.NewListener(l, env.TLS)
	}
	return s.Serve(l)
}

func fastHandler(env *Env, streaming bool) fasthttp.RequestHandler {
	text := env.Reply()
	file := filepath.Join(env.Dir, FileFile)
	return func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("text/plain; charset=utf-8")
		switch path := ctx.Path(); {
		case bytes.HasPrefix(path, []byte("/plaintext")):
			ctx.WriteString("Hello, World!")
		case string(path) == "/consume":
			n, err := consumeFast(ctx, streaming)
			if err != nil {
				ctx.SetStatusCode(fasthttp.StatusBadRequest)
				return
			}
			ctx.Write(cases.Consumed(n))
		case string(path) == "/ignore":
			ctx.WriteString("ignored\n")
		case string(path) == "/refuse":
			if ctx.Request.Header.ContentLength() > cases.RefuseOver {
				ctx.Error("too large", fasthttp.StatusRequestEntityTooLarge)
			}
		case bytes.HasPrefix(path, []byte("/bytes/")):
			ctx.Response.SetBodyRaw(text)
		case string(path) == "/file":
			ctx.SendFile(file)
		case string(path) == "/sleep":
			time.Sleep(cases.SleepFor)
			ctx.WriteString("Hello, World!")
		default:
			ctx.NotFound()
		}
	}
}

func consumeFast(ctx *fasthttp.RequestCtx, streaming bool) (int64, error) {
	if streaming {
		return io.Copy(io.Discard, ctx.RequestBodyStream())
	}
	return int64(len(ctx.PostBody())), nil
}
