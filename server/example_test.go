// Programs that embed a server.

package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// A handler that does not read leaves the request's content behind. The connection goes on all the same.
func Example() {
	hello := func(w *server.Response, r *server.Request) error {
		_, err := w.WriteString("hello\n")
		return err
	}
	srv := &server.Server{Handler: server.HandlerFunc(hello)}
	l := servertest.Listen() // or srv.ListenAndServe("127.0.0.1:8080")
	go srv.Serve(l)
	defer srv.Close()

	c, _ := l.Dial()
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\nGET /never HTTP/1.1\r\n\r\nabc\n")
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	answers, _ := io.ReadAll(c)
	fmt.Println(bytes.Count(answers, []byte("HTTP/1.1 200 OK")), "answers")
	// Output: 2 answers
}

// Middleware is a handler around another one. What an error will become it asks StatusOf, and passes the error on.
func ExampleStatusOf() {
	counted := func(next server.Handler) server.Handler {
		return server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			err := next.Serve(w, r)
			status := w.Status()
			if err != nil {
				status = server.StatusOf(err)
			}
			fmt.Println(r.Method, r.RawPath, status)
			return err
		})
	}
	srv := &server.Server{Handler: counted(server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		return fmt.Errorf("no room: %w", &server.StatusError{Status: 507, Reason: "the disk is full"})
	}))}
	l := servertest.Listen()
	go srv.Serve(l)
	defer srv.Close()

	c, _ := l.Dial()
	io.WriteString(c, "PUT /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	answer, _ := io.ReadAll(c)
	fmt.Printf("%s\n", answer[:25])
	// Output:
	// PUT /file 507
	// HTTP/1.1 507 Insufficient
}

// An error becomes the response, with the status that it carries.
func ExampleStatusError() {
	upload := func(w *server.Response, r *server.Request) error {
		r.Body.Limit(1 << 20) // more is 413 Content Too Large
		if r.Fields.Get("Content-Type") != "image/png" {
			return &server.StatusError{Status: 415, Reason: "only image/png"}
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return err // 400, 408 or 413, as the body reader found
		}
		_, err = fmt.Fprintf(w, "%d bytes\n", n)
		return err
	}
	fmt.Println(ask(upload, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>"))
	// Output: HTTP/1.1 415 Unsupported Media Type
}

// Behind a balancer that speaks the PROXY protocol, requests come from the balancer's clients.
func ExampleServer_proxyProtocol() {
	whoami := func(w *server.Response, r *server.Request) error {
		_, err := fmt.Fprintln(w, "hello,", r.RemoteAddr())
		return err
	}
	srv := &server.Server{
		Handler:       server.HandlerFunc(whoami),
		ProxyProtocol: server.ProxyRequired,
		ProxyTrusted:  []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // the balancers; nil: loopback
	}
	l := servertest.Listen()
	go srv.Serve(l)
	defer srv.Close()

	c, _ := l.Dial() // from 192.0.2.2
	io.WriteString(c, "PROXY TCP4 203.0.113.7 198.51.100.2 4433 443\r\nGET / HTTP/1.0\r\n\r\n")
	answer, _ := io.ReadAll(c)
	_, content, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	fmt.Printf("%s", content)
	// Output: hello, 203.0.113.7:4433
}

// An event stream is slow by nature: it turns the minimum rate off, and ends when the client has gone.
func ExampleRequest_Context() {
	ticks := func(w *server.Response, r *server.Request) error {
		w.SetMinWriteRate(0)
		if err := w.Set("Content-Type", "text/event-stream"); err != nil {
			return err
		}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case t := <-tick.C:
				fmt.Fprintf(w, "data: %v\n\n", t)
				if err := w.Flush(); err != nil {
					return err
				}
			case <-r.Context().Done():
				return nil
			}
		}
	}
	_ = server.HandlerFunc(ticks)
}

// Shutdown waits for the exchanges that are running, for as long as its context allows.
func ExampleServer_Shutdown() {
	srv := &server.Server{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(srv.Shutdown(ctx), errors.Is(<-served, server.ErrClosed))
	// Output: <nil> true
}

// ask sends a request to a handler and returns the answer's status line.
func ask(h server.HandlerFunc, request string) string {
	srv := &server.Server{Handler: h}
	l := servertest.Listen()
	go srv.Serve(l)
	defer srv.Close()
	c, _ := l.Dial()
	io.WriteString(c, request)
	line, _, _ := bufio.NewReader(c).ReadLine()
	return string(line)
}
