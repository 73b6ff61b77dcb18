// The places where the server calls a program's functions.

package server_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
)

func at(state conn.State) func(*bench, func()) {
	return func(b *bench, once func()) {
		b.srv.State = func(_ *conn.Conn, s conn.State) {
			if s == state {
				once()
			}
		}
	}
}

// whether arms the nth question whether anybody listens.
func whether(n int64) func(*bench, func()) {
	return func(b *bench, once func()) {
		ask := nth(n, once)
		b.srv.Trace = func(server.Event) {}
		b.srv.TraceIf = func() bool { ask(); return true }
	}
}

func on(kind conn.EventKind) func(*bench, func()) {
	return func(b *bench, once func()) {
		b.srv.Trace = func(e server.Event) {
			if e.Kind == kind {
				once()
			}
		}
	}
}

// handling arms a handler.
func handling(serve func(w *server.Response, r *server.Request, once func()) error) func(*bench, func()) {
	return func(b *bench, once func()) {
		b.srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error { return serve(w, r, once) })
	}
}

// nth calls f the nth time only.
func nth(n int64, f func()) func() {
	var calls atomic.Int64
	return func() {
		if calls.Add(1) == n {
			f()
		}
	}
}

// served calls f when a handler has been called.
func (b *bench) served(f func()) func() {
	return func() {
		if b.handled.Load() {
			f()
		}
	}
}

// strange is an error whose methods are a program's own.
type strange struct{ once func() }

func (strange) Error() string { return "strange" }
func (e strange) As(any) bool { e.once(); return false }

// odd is a reader that does not return.
type odd struct{ once func() }

func (o odd) Read(p []byte) (int, error) { o.once(); return copy(p, "lo"), io.EOF }

// upload is a request whose content comes later than its head.
const upload = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"

func sendLate(c net.Conn) {
	for range 90 {
		time.Sleep(time.Millisecond)
		io.WriteString(c, strings.Repeat("x", 100))
	}
}

// proxied lets a server read PROXY headers, and arms a hook.
func proxied(hook func(*hooks) *func()) func(*bench, func()) {
	return func(b *bench, once func()) {
		b.srv.ProxyProtocol, b.srv.ProxyTrusted = server.ProxyOptional, ours
		*hook(&b.hooks) = once
	}
}

var containments = []containment{
	{name: "Read of a PROXY header", requests: header1 + get, arm: proxied(func(h *hooks) *func() { return &h.read })},
	{name: "RemoteAddr before a PROXY header", requests: header1 + get, arm: proxied(func(h *hooks) *func() { return &h.remote })},
	{name: "handler", arm: handling(func(w *server.Response, r *server.Request, once func()) error {
		w.WriteString("hel")
		once()
		w.WriteString("lo")
		return nil
	})},
	{name: "handler, behind the head", arm: handling(func(w *server.Response, r *server.Request, once func()) error {
		w.WriteString("hel")
		w.Flush()
		once()
		w.WriteString("lo")
		return nil
	})},
	{name: "handler, behind responses that wait to be sent", requests: get + get + get,
		arm: func(b *bench, once func()) {
			third := nth(3, once)
			handling(func(w *server.Response, r *server.Request, once func()) error {
				third()
				_, err := w.WriteString("hello")
				return err
			})(b, once)
		}, want: []string{"hello", "hello"}},
	{name: "state, behind responses that wait to be sent", requests: get + get + get,
		arm: func(b *bench, once func()) { at(conn.StateActive)(b, nth(3, once)) }, want: []string{"hello", "hello"}},
	{name: "a reader", arm: handling(func(w *server.Response, r *server.Request, once func()) error {
		w.WriteString("hel")
		_, err := w.ReadFrom(odd{once})
		return err
	})},
	{name: "an error's As", arm: handling(func(w *server.Response, r *server.Request, once func()) error {
		if r.ConnID() > 1 {
			_, err := w.WriteString("hello")
			return err
		}
		return strange{once}
	})},
	{name: "state active", arm: at(conn.StateActive)},
	{name: "state idle", arm: at(conn.StateIdle), want: []string{"hello"}},
	{name: "state ended", arm: at(conn.StateEnded), want: []string{"hello"}},
	{name: "trace if, for a connection", arm: whether(1)},
	{name: "trace if, for a request", arm: whether(2)},
	{name: "trace accepted", arm: on(conn.EventAccepted)},
	{name: "trace head", arm: on(conn.EventHeadParsed)},
	{name: "trace of an exchange that another misdeed has cut short", arm: func(b *bench, once func()) {
		b.srv.Trace = func(e server.Event) {
			if e.Conn == 1 && e.Kind == server.EventHeadParsed {
				panic("the first of two")
			}
			if e.Kind == server.EventSettled {
				once()
			}
		}
	}},
	{name: "trace response", arm: on(conn.EventResponded), want: []string{"hello"}},
	{name: "trace response, with a reader left behind", requests: upload, client: sendLate, want: []string{"hello"},
		arm: func(b *bench, once func()) {
			on(conn.EventResponded)(b, once)
			handling(func(w *server.Response, r *server.Request, once func()) error {
				go io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r.Body}, make([]byte, 100))
				time.Sleep(time.Millisecond) // until it waits for content
				_, err := w.WriteString("hello")
				return err
			})(b, once)
		}},
	{name: "trace settled", arm: on(conn.EventSettled), want: []string{"hello"}},
	{name: "trace closed", arm: on(conn.EventClosed), want: []string{"hello"}},
	{name: "prepare", arm: func(b *bench, once func()) {
		b.srv.Prepare = func(net.Listener, *conn.Conn) { once() }
	}},
	{name: "certificate", arm: overTLS(func(cfg *tls.Config, cert tls.Certificate, b *bench, once func()) {
		cfg.Certificates = nil
		cfg.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { once(); return &cert, nil }
	})},
	{name: "TLS configuration", arm: overTLS(func(cfg *tls.Config, cert tls.Certificate, b *bench, once func()) {
		cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { once(); return nil, nil }
	})},
	{name: "client's certificate", arm: overTLS(func(cfg *tls.Config, cert tls.Certificate, b *bench, once func()) {
		cfg.ClientAuth = tls.RequireAnyClientCert
		cfg.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { once(); return nil }
	})},
	{name: "verified connection", arm: overTLS(func(cfg *tls.Config, cert tls.Certificate, b *bench, once func()) {
		cfg.VerifyConnection = func(tls.ConnectionState) error { once(); return nil }
	})},
	{name: "next protocol", arm: overTLS(func(cfg *tls.Config, _ tls.Certificate, b *bench, once func()) {
		cfg.NextProtos = []string{"first"}
		b.secure.NextProtos = cfg.NextProtos
		b.srv.NextProto = serving("first", func(_ *conn.Conn, c *conn.Hijacked) {
			bufio.NewReader(c).ReadString('\n')
			once()
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
		})
	})},
	{name: "read of a head", arm: func(b *bench, once func()) { b.hooks.read = once }},
	{name: "read of content", requests: upload, client: sendLate,
		arm: func(b *bench, once func()) {
			b.hooks.read = b.served(once)
			handling(func(w *server.Response, r *server.Request, once func()) error {
				io.Copy(io.Discard, r.Body)
				_, err := w.WriteString("hello")
				return err
			})(b, once)
		}},
	{name: "read of what nobody has read", requests: upload, client: sendLate,
		arm: func(b *bench, once func()) { b.hooks.read = b.served(once) }, want: []string{"hello"}},
	{name: "read beside the handler",
		arm: func(b *bench, once func()) {
			b.hooks.read = b.served(once)
			handling(func(w *server.Response, r *server.Request, once func()) error {
				if r.ConnID() == 1 {
					<-r.Context().Done()
					return r.Context().Err()
				}
				_, err := w.WriteString("hello")
				return err
			})(b, once)
		}},
	{name: "read while lingering", requests: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		arm: func(b *bench, once func()) { b.hooks.read = b.served(once) }, want: []string{"hello"}},
	{name: "write", arm: func(b *bench, once func()) { b.hooks.write = once }, want: []string{"hello"}},
	{name: "write by Flush", arm: func(b *bench, once func()) {
		b.hooks.write = once
		handling(func(w *server.Response, r *server.Request, once func()) error {
			w.WriteString("hel")
			w.Flush()
			_, err := w.WriteString("lo")
			return err
		})(b, once)
	}},
	{name: "write of much", arm: func(b *bench, once func()) {
		b.hooks.write = once
		handling(func(w *server.Response, r *server.Request, once func()) error {
			if r.ConnID() == 1 {
				w.WriteString(strings.Repeat("x", 100<<10))
			}
			_, err := w.WriteString("hello")
			return err
		})(b, once)
	}},
	{name: "write beside the next handler", requests: get + get, want: []string{"hello"},
		arm: func(b *bench, once func()) {
			b.hooks.write = once
			handling(func(w *server.Response, r *server.Request, once func()) error {
				if r.Number() == 2 {
					time.Sleep(time.Second)
				}
				_, err := w.WriteString("hello")
				return err
			})(b, once)
		}},
	{name: "write of a hijacker's head", want: []string{""}, // a 101 has no content
		arm: func(b *bench, once func()) { b.hooks.write = once; b.srv.Handler = server.HandlerFunc(hijacks) }},
	{name: "read deadline", arm: func(b *bench, once func()) { b.hooks.readDeadline = once }},
	{name: "read deadline of content", requests: upload, client: sendLate, want: []string{"hello"},
		arm: func(b *bench, once func()) { b.hooks.readDeadline = b.served(once) }},
	{name: "read deadline of a hijack", want: []string{""},
		arm: func(b *bench, once func()) {
			b.hooks.readDeadline = b.served(once)
			b.srv.Handler = server.HandlerFunc(hijacks)
		}},
	{name: "write deadline", arm: func(b *bench, once func()) { b.hooks.writeDeadline = once }},
	{name: "close", arm: func(b *bench, once func()) { b.hooks.close = once }, want: []string{"hello"}},
	{name: "the client's address", arm: func(b *bench, once func()) { b.hooks.remote = once; on(conn.EventAccepted)(b, func() {}) }},
	{name: "the log", arm: func(b *bench, once func()) {
		b.srv.Log = logHook{b.srv.Log, once}
		handling(func(w *server.Response, r *server.Request, _ func()) error {
			if r.ConnID() == 1 {
				panic("in the handler")
			}
			_, err := w.WriteString("hello")
			return err
		})(b, once)
	}, silent: true},
}

// hijacks takes its connection over, and gives it up at once. On the second it answers.
func hijacks(w *server.Response, r *server.Request) error {
	if r.ConnID() > 1 {
		_, err := w.WriteString("hello")
		return err
	}
	w.SetStatus(101)
	c, err := w.Hijack()
	if err == nil {
		c.Close()
	}
	return err
}

// logHook is called with every failure.
type logHook struct {
	server.Logger
	once func()
}

func (h logHook) Error(msg string, pairs ...any) {
	h.once()
	h.Logger.Error(msg, pairs...)
}

// serving returns what serves one protocol.
func serving(name string, serve func(*conn.Conn, *conn.Hijacked)) func(string) func(*conn.Conn, *conn.Hijacked) {
	return func(asked string) func(*conn.Conn, *conn.Hijacked) {
		if asked == name {
			return serve
		}
		return nil
	}
}

// overTLS arms a server's configuration, given the certificate to show.
func overTLS(arm func(cfg *tls.Config, cert tls.Certificate, b *bench, once func())) func(*bench, func()) {
	return func(b *bench, once func()) {
		cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
		b.srv.TLS = https.Config(cfg)
		b.secure = &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}}
		arm(cfg, pair, b, once)
	}
}

// pair is a certificate that nobody trusts.
var pair = func() tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates[0]
}()
