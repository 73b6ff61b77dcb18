// TLS as the server makes it: its state, and clients that do not speak it.

package https_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
)

// certificate returns one that nobody trusts.
func certificate() tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates[0]
}

// serve serves on a listener and returns its address.
func serve(t *testing.T, srv *server.Server, wrap func(net.Listener) net.Listener) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if given, ok := wrap(l).(givenBy); ok {
		go given.serve(srv)
		t.Cleanup(func() { l.Close() })
	} else {
		go srv.Serve(wrap(l))
	}
	t.Cleanup(func() { srv.Close() })
	return addr
}

// told is what a handler has learned of its connection's TLS.
func told(w *server.Response, r *server.Request) error {
	state := https.State(r)
	if state == nil {
		_, err := w.WriteString("plain")
		return err
	}
	_, err := w.WriteString(tls.VersionName(state.Version) + " " + state.NegotiatedProtocol)
	return err
}

const request = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

// givenBy lets a server have a listener's connections as if somebody gave them to it.
type givenBy struct{ net.Listener }

func (l givenBy) serve(srv *server.Server) {
	for nc, err := l.Accept(); err == nil; nc, err = l.Accept() {
		go srv.ServeConn(nc)
	}
}

func TestState(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"http/1.1"}}
	client := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	same := func(l net.Listener) net.Listener { return l }
	ready := func(l net.Listener) net.Listener { return tls.NewListener(l, cfg) }
	given := func(wrap func(net.Listener) net.Listener) func(net.Listener) net.Listener {
		return func(l net.Listener) net.Listener { return givenBy{wrap(l)} }
	}
	for _, c := range []struct {
		name   string
		tls    server.TLS
		wrap   func(net.Listener) net.Listener
		secure bool
		want   string
	}{
		{"the server's TLS", https.Config(cfg), same, true, "TLS 1.3 http/1.1"},
		{"the listener's TLS", nil, ready, true, "TLS 1.3 http/1.1"},
		{"the listener's TLS, looked at", https.ByListener(), ready, true, "TLS 1.3 http/1.1"},
		{"the server's TLS, given", https.Config(cfg), given(same), true, "TLS 1.3 http/1.1"},
		{"another's TLS, given", nil, given(ready), true, "TLS 1.3 http/1.1"},
		{"plain, given", nil, given(same), false, "plain"},
		{"plain", nil, same, false, "plain"},
		{"plain, looked at", https.ByListener(), same, false, "plain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc, err := net.Dial("tcp", serve(t, &server.Server{Handler: server.HandlerFunc(told), TLS: c.tls}, c.wrap))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if c.secure {
				nc = tls.Client(nc, client)
			}
			io.WriteString(nc, request)
			got, err := io.ReadAll(nc)
			if err != nil || !strings.HasSuffix(string(got), "\r\n\r\n"+c.want) {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
}

// A client that speaks HTTP without TLS is told so, whoever makes the TLS.
func TestPlaintextClient(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	for name, wrap := range map[string]func(net.Listener) net.Listener{
		"the server's":   nil,
		"the listener's": func(l net.Listener) net.Listener { return tls.NewListener(l, cfg) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := &server.Server{Handler: server.HandlerFunc(told), TLS: https.ByListener()}
			if wrap == nil {
				srv.TLS, wrap = https.Config(cfg), func(l net.Listener) net.Listener { return l }
			}
			nc, err := net.Dial("tcp", serve(t, srv, wrap))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			io.WriteString(nc, request)
			line, err := bufio.NewReader(nc).ReadString('\n')
			if line != "HTTP/1.0 400 Bad Request\r\n" {
				t.Errorf("%q, %v", line, err)
			}
		})
	}
}

// Where the handshake agrees on a protocol that nothing serves, the connection ends, for a reason that says so.
func TestAnUnservedProtocol(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"other"}}
	ends := make(chan server.Reason, 1)
	srv := &server.Server{TLS: https.Config(cfg), Trace: func(e server.Event) {
		if e.Kind == server.EventClosed {
			ends <- e.Reason
		}
	}}
	addr := serve(t, srv, func(l net.Listener) net.Listener { return l })
	nc, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if got := <-ends; got != server.ReasonHandshakeFailed {
		t.Errorf("ended: %v", got)
	}
}

// wrapping wraps TLS connections in a type that has their methods, as listeners do that count connections.
type wrapping struct {
	net.Listener
	closed chan bool
}

func (l wrapping) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return counted{nc.(*tls.Conn), l.closed}, nil
}

type counted struct {
	*tls.Conn
	closed chan bool
}

func (c counted) Close() error {
	select {
	case c.closed <- true:
	default:
	}
	return c.Conn.Close()
}

// A connection that wraps a TLS connection is closed itself, however it ends: whole, cut by the client, or by the server.
func TestAWrappedTLSConnectionIsClosed(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	const large = 64 << 20
	for name, end := range map[string]func(*server.Server, net.Conn, *tls.Conn){
		"the client closes": func(_ *server.Server, _ net.Conn, c *tls.Conn) { c.Close() },
		"the client resets": func(_ *server.Server, nc net.Conn, _ *tls.Conn) {
			nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		},
		"the server closes": func(srv *server.Server, _ net.Conn, _ *tls.Conn) { srv.Close() },
		"an answer for one request": func(_ *server.Server, _ net.Conn, c *tls.Conn) {
			io.WriteString(c, request)
			io.Copy(io.Discard, c)
		},
		"in the middle of a response": func(_ *server.Server, nc net.Conn, c *tls.Conn) {
			io.WriteString(c, strings.Replace(request, "/", "/large", 1))
			io.ReadFull(c, make([]byte, 1<<10))
			nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan bool, 1)
			srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
				if r.RawPath != "/large" {
					return told(w, r)
				}
				_, err := w.Write(make([]byte, large))
				return err
			})}
			addr := serve(t, srv, func(l net.Listener) net.Listener { return wrapping{tls.NewListener(l, cfg), closed} })
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			end(srv, nc, c)
			<-closed
		})
	}
}

// A configuration with which no handshake can end well is an error from Serve.
func TestAConfigWithoutACertificate(t *testing.T) {
	for _, cfg := range []*tls.Config{nil, {}, {NextProtos: []string{"http/1.1"}}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := (&server.Server{TLS: https.Config(cfg)}).Serve(l); err == nil || !strings.Contains(err.Error(), "Certificates") {
			t.Errorf("%v: %v", cfg, err)
		}
		if _, err := l.Accept(); err == nil {
			t.Error("the listener is open")
		}
	}
}
