// echo: groups, middlewares, and a graceful shutdown.

package ecosystem

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

func newEcho() *echo.Echo {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	return e
}

// Groups, binding, errors, the usual middlewares, and stock handlers inside.
func TestEchoService(t *testing.T) {
	text := strings.Repeat("all work and no play\n", 500)
	got := sameOutcome(t, func() http.Handler {
		e := newEcho()
		e.Use(middleware.Recover(), middleware.RequestID(), middleware.Secure(), middleware.CORS("https://a.test"),
			middleware.BodyLimit(64), middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 100}), middleware.Decompress())
		e.GET("/hello/:name", func(c *echo.Context) error { return c.String(200, "hello "+c.Param("name")) })
		e.GET("/text", func(c *echo.Context) error { return c.String(200, text) })
		e.GET("/panic", func(c *echo.Context) error { panic("as planned") })
		e.GET("/error", func(c *echo.Context) error { return echo.NewHTTPError(418, "short and stout") })
		e.GET("/plain", func(c *echo.Context) error { return errors.New("not for clients") })
		e.GET("/stream", func(c *echo.Context) error { return c.Stream(200, "text/plain", strings.NewReader(text)) })
		e.GET("/wrapped/*", echo.WrapHandler(http.StripPrefix("/wrapped", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.URL.Path)
		}))), echo.WrapMiddleware(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Wrapped", r.Method)
				next.ServeHTTP(w, r)
			})
		}))
		notes := e.Group("/notes", middleware.BasicAuth(func(c *echo.Context, user, password string) (bool, error) {
			return user == "ann" && password == "secret", nil
		}))
		notes.POST("", func(c *echo.Context) error {
			var note struct {
				Title string `json:"title" form:"title"`
			}
			if err := c.Bind(&note); err != nil {
				return err
			}
			return c.JSON(201, note)
		})
		notes.DELETE("/:id", func(c *echo.Context) error { return c.NoContent(204) })
		return e
	}, func(t *testing.T, s site) []answer {
		const ann = "Authorization: Basic YW5uOnNlY3JldA==\n"
		var zipped strings.Builder
		zip := gzip.NewWriter(&zipped)
		io.WriteString(zip, `{"title":"hello"}`)
		zip.Close()
		answers := callAll(t, s, []call{
			{Line: "GET /hello/ann", Fields: "X-Request-Id: r1"},
			{Line: "HEAD /hello/ann"},
			{Line: "POST /hello/ann", Body: "x"},
			{Line: "GET /text", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /text", Fields: "Accept-Encoding: identity\nOrigin: https://a.test"},
			{Line: "OPTIONS /text", Fields: "Origin: https://a.test\nAccess-Control-Request-Method: GET"},
			{Line: "GET /hello/short", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /stream", Fields: "Accept-Encoding: gzip"},
			{Line: "GET /panic"},
			{Line: "GET /error"},
			{Line: "GET /plain"},
			{Line: "GET /wrapped/a/b"},
			{Line: "GET /none"},
			{Line: "POST /notes", Fields: "Content-Type: application/json", Body: `{"title":"unread"}`},
			{Line: "POST /notes", Fields: ann + "Content-Type: application/json", Body: `{"title":"hello"}`},
			{Line: "POST /notes", Fields: ann + "Content-Type: application/json\nContent-Encoding: gzip", Body: zipped.String()},
			{Line: "POST /notes", Fields: ann + "Content-Type: application/x-www-form-urlencoded", Body: "title=hello"},
			{Line: "POST /notes", Fields: ann + "Content-Type: application/json", Body: `{"title":`},
			{Line: "DELETE /notes/7", Fields: ann},
		})
		for _, a := range answers {
			if id := a.Header.Get("X-Request-Id"); len(id) == 32 {
				a.Header.Set("X-Request-Id", "random")
			}
		}
		return answers
	})
	var statuses []int
	for _, a := range got {
		statuses = append(statuses, a.Status)
	}
	want := []int{200, 405, 405, 200, 200, 204, 200, 200, 500, 418, 500, 200, 404, 401, 201, 201, 201, 400, 204}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	for _, i := range []int{3, 7} {
		if unzipped, err := gunzip(got[i].Body); err != nil || unzipped != text {
			t.Errorf("%d: %d bytes, %v", i, len(unzipped), err)
		}
	}
}

// BodyLimit refuses what is declared too long, and finds out what is not declared. Then spillway closes the connection, and
// net/http keeps it: the row 413 of nethttp's differences.
func TestEchoBodyLimit(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		e := newEcho()
		e.Use(middleware.BodyLimit(1000))
		e.POST("/", func(c *echo.Context) error {
			b, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return err
			}
			return c.String(200, fmt.Sprint(len(b)))
		})
		return e
	}, func(t *testing.T, s site) []answer {
		var answers []answer
		for _, n := range []int{1, 1000, 1001, 100 << 10} {
			for _, chunked := range []bool{false, true} {
				req := call{Line: "POST /", Body: strings.Repeat("x", n)}.request(t, s)
				if chunked {
					req.ContentLength = -1
				}
				a := fetch(t, s, req)
				a.Close = false
				answers = append(answers, a)
			}
		}
		return answers
	})
	for i, a := range got {
		if want := []int{200, 413}[i/4]; a.Status != want {
			t.Errorf("%d: %+v", i, a)
		}
	}
}

// A shutdown lets the exchange that runs end, says close in its response, and ends the idle connections.
func TestEchoGracefulShutdown(t *testing.T) {
	type outcome struct {
		Served, Down  error
		Body          string
		Close         bool
		Refused, Idle bool
		Registered    bool
	}
	run := func(t *testing.T, kind engine) outcome {
		inside, proceed := make(chan struct{}), make(chan struct{})
		e := newEcho()
		e.GET("/", func(c *echo.Context) error { return c.String(200, "ok") })
		e.GET("/slow", func(c *echo.Context) error {
			c.Response().(http.Flusher).Flush() // is the head's last chance to be sent before the shutdown
			inside <- struct{}{}
			<-proceed
			return c.String(200, "to the end")
		})
		e.GET("/late", func(c *echo.Context) error {
			inside <- struct{}{}
			<-proceed
			return c.String(200, "to the end")
		})
		config := &http.Server{Handler: e}
		registered := make(chan struct{}, 1)
		config.RegisterOnShutdown(func() { registered <- struct{}{} })
		srv, l := kind.server(config), loopback(t)
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()

		idle, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		io.WriteString(idle, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
		idleReader := bufio.NewReader(idle)
		res, err := http.ReadResponse(idleReader, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)

		url := "http://" + l.Addr().String()
		s := site{URL: url, Client: &http.Client{Transport: &http.Transport{}}}
		answers := make(chan answer, 2)
		go func() { answers <- get(t, s, "/slow") }()
		receive(t, "the first is served", inside)
		go func() { answers <- get(t, s, "/late") }()
		receive(t, "the second is served", inside)

		down := make(chan error, 1)
		go func() { down <- srv.Shutdown(context.Background()) }()
		o := outcome{Served: receive(t, "Serve returns", served)}
		receive(t, "the function runs", registered)
		o.Registered = true
		if nc, err := net.Dial("tcp", l.Addr().String()); err != nil {
			o.Refused = true
		} else {
			nc.Close()
		}
		_, err = idleReader.ReadByte()
		o.Idle = err == io.EOF
		select {
		case err := <-down:
			t.Errorf("Shutdown has returned %v while exchanges ran", err)
		default:
		}
		close(proceed)
		for range 2 {
			a := receive(t, "an answer", answers)
			o.Body += a.Body + ";"
			o.Close = o.Close || a.Close
		}
		o.Down = receive(t, "Shutdown returns", down)
		return o
	}
	want := outcome{http.ErrServerClosed, nil, "to the end;to the end;", true, true, true, true}
	for _, kind := range []engine{stock, spillway} {
		t.Run(kind.name, func(t *testing.T) {
			if got := run(t, kind); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}
